// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Telemetry
import Testing

@testable import Query

@Suite struct CallHopsTests {
  private func hop(
    _ point: String, _ id: UInt64, duration: Int64?, start: Int64 = 0
  ) -> CallHop {
    CallHop(
      id: id, agent: 1, signalSource: 0, observationPoint: point, flow: 1, start: start,
      end: start + (duration ?? 0), duration: duration, network: nil, clientAddress: "10.0.0.1",
      clientPort: 4_000, serverAddress: "10.0.0.2", serverPort: 80, clientService: "",
      serverService: "")
  }

  /// Clocks of hosts differ, so places order hops, and times only those of one place.
  @Test func hopsStandInTheOrderOfTheirPath() {
    let path = QueryService.path([
      hop("s-p", 4, duration: 300, start: 5), hop("c-p", 1, duration: 1_000, start: 900),
      hop("s", 3, duration: nil), hop("rest", 6, duration: 500), hop("rest", 5, duration: 700),
      hop("c", 2, duration: 900),
    ])
    #expect(path.map(\.observationPoint) == ["c-p", "c", "rest", "rest", "s", "s-p"])
    #expect(path.map(\.id) == [1, 2, 5, 6, 3, 4])
    #expect(path.map(\.network) == [100, 200, 200, nil, nil, nil])
  }

  /// One call at four places, the third behind address translation, among calls of the same sockets.
  @Test func aCallIsFoundAtEveryObservationPoint() async throws {
    try await EngineFixture.with { fixture in
      let start = EngineFixture.start + 3_000
      func id(_ number: UInt64) -> UInt64 { UInt64(start) << 32 | number }
      var calls = ColumnBatch(.callLog)
      func add(_ number: UInt64, _ point: String, request: UInt64, client: String, took: UInt64) {
        calls.appendRow([
          "time": .time(start), "_id": .number(id(number)), "observation_point": .text(point),
          "type": .number(2), "l7_protocol": .number(20), "protocol": .number(6),
          "req_tcp_seq": .number(request), "resp_tcp_seq": .number(request + 5),
          "ip_0": .address(client), "client_port": .number(4_000),
          "ip_1": .address("10.0.0.2"), "server_port": .number(80),
          "response_duration": .number(took), "tag_set_id_1": .number(1),
        ])
      }
      add(1, "s-p", request: 77, client: "192.0.2.1", took: 300)
      add(2, "c-p", request: 77, client: "10.0.0.1", took: 1_000)
      add(3, "c", request: 77, client: "10.0.0.1", took: 900)
      add(4, "s", request: 77, client: "192.0.2.1", took: 400)
      add(5, "c", request: 99, client: "10.0.0.1", took: 50)
      try await fixture.engine.insert(calls, token: "hops")
      let hops = try await fixture.service.hops(of: id(4), directory: FixedDirectory())
      #expect(hops.map(\.observationPoint) == ["c-p", "c", "s", "s-p"])
      #expect(hops.map(\.network) == [100, 500, 100, nil])
      #expect(hops.map(\.serverService) == Array(repeating: "nginx", count: 4))
      #expect(hops[2].clientAddress == "192.0.2.1")
      let none = try await fixture.service.hops(of: id(9), directory: FixedDirectory())
      #expect(none.isEmpty)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

@testable import Query

/// Flows whose records are joined before they are filtered, sorted and cut.
@Suite struct JoinedFlowTests {
  private static let second = EngineFixture.start + 30_000
  private static let range = Int64(second) - 100...Int64(second) + 200

  /// One record: of flow `number`, at `point`.
  private struct Record {
    var number: UInt64
    var point: String
    var rtt: UInt64 = 0
    var close: UInt64 = 1
    var after: UInt32 = 0
    var client: UInt64 = 4
    var hasHandshake = true
  }

  private func insert(_ records: [Record], into fixture: EngineFixture) async throws {
    var flows = ColumnBatch(.flowLog)
    for (index, record) in records.enumerated() {
      let second = Self.second + record.after
      flows.appendRow([
        "time": .time(second), "_id": .number(UInt64(second) << 32 | UInt64(index + 1)),
        "observation_point": .text(record.point), "protocol": .number(record.hasHandshake ? 6 : 17),
        "syn_seq": .number(record.hasHandshake ? 1_000 + record.number : 0),
        "ip_0": .address("10.0.0.1"), "client_port": .number(4_000 + record.number),
        "ip_1": .address("10.0.0.2"), "server_port": .number(80),
        "start_time": .number(UInt64(second) * 1_000_000 + UInt64(index) * 100),
        "end_time": .number(UInt64(second) * 1_000_000 + 5_000),
        "close_type": .number(record.close),
        "rtt": .number(record.rtt), "tag_set_id_0": .number(record.client),
        "tag_set_id_1": .number(1),
      ])
    }
    try await fixture.engine.insert(flows, token: "flows")
  }

  /// "client port, rtt, points" of each flow.
  private func told(_ page: JoinedPage) -> [String] {
    func column(_ name: String) -> Int {
      page.answer.columns.firstIndex { $0.name == name } ?? 0
    }
    return page.answer.rows.map { row in
      guard case .array(let points) = row[column("points")] else { return "no points" }
      return "\(row[column("client_port")].number) \(row[column("rtt")].number) "
        + points.map { $0.string ?? "" }.joined(separator: ",")
    }
  }

  /// A filter that only the server's record passes does not find the flow.
  @Test func aFilterIsPutToTheFlowNotToItsRecords() async throws {
    try await EngineFixture.with { fixture in
      try await insert(
        [
          .init(number: 1, point: "s", rtt: 90), .init(number: 1, point: "c", rtt: 70_000),
          .init(number: 2, point: "c", rtt: 10), .init(number: 2, point: "s", rtt: 60_000),
          // Only the server names its host; the client's own record names the client.
          .init(number: 3, point: "s", close: 2), .init(number: 3, point: "c", close: 2, client: 3),
          // Two reports of one that goes on, of different minutes.
          .init(number: 4, point: "c", close: 5), .init(number: 4, point: "s", close: 5),
          .init(number: 4, point: "c", close: 5, after: 120),
          .init(number: 5, point: "c", close: 3, hasHandshake: false),
          .init(number: 5, point: "s", close: 3, hasHandshake: false),
        ], into: fixture)
      func flows(_ change: (inout FlowFilter) -> Void) async throws -> [String] {
        var filter = FlowFilter(time: Self.range)
        change(&filter)
        return told(try await fixture.service.flows(filter, directory: FixedDirectory())).sorted()
      }
      #expect(try await flows { $0.leastRoundTrip = 50_000 } == ["4001 70000 c,s"])
      #expect(try await flows { $0.client = "mariadbd" } == ["4003 0 c,s"])
      #expect(try await flows { $0.client = "web-1" }.allSatisfy { !$0.hasPrefix("4003") })
      #expect(try await flows { $0.ending = .failed } == ["4003 0 c,s"])
      #expect(try await flows { $0.ending = .type(5) } == ["4004 0 c", "4004 0 c,s"])
      #expect(try await flows { $0.transport = "UDP" } == ["4005 0 c,s"])
      #expect(try await flows { _ in }.count == 6)
      #expect(try await flows { $0.point = "s" }.count == 5)
      #expect(try await flows { $0.point = "" }.count == 11)
      #expect(try await flows { $0.address = "10.0.0.9" } == [])
      #expect(try await flows { $0.port = 81 } == [])
      let bars = try await fixture.service.flowBars(
        FlowFilter(time: Self.range), step: 1_000, directory: FixedDirectory())
      #expect(bars.reduce(0) { $0 + $1.flows } == 6)
    }
  }

  @Test func theServerSortsBeforeItCuts() async throws {
    try await EngineFixture.with { fixture in
      try await insert(
        (1...30).flatMap { number in
          ["c", "s"].map {
            Record(number: number, point: $0, rtt: number * 10 + ($0 == "c" ? 5 : 0))
          }
        }, into: fixture)
      var filter = FlowFilter(time: Self.range)
      filter.sort = "rtt"
      filter.limit = 2
      let page = try await fixture.service.flows(filter, directory: FixedDirectory())
      #expect(told(page) == ["4030 305 c,s", "4029 295 c,s"])
      #expect(page.isCut)
      for sort in FlowFilter.sorts {
        filter.sort = sort
        #expect(
          try await fixture.service.flows(filter, directory: FixedDirectory()).answer.rows.count
            == 2,
          "\(sort)")
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry
import Testing

@testable import Ingest

@Suite struct SocketOwnersTests {
  private let server = CallEnd(address: address("10.0.0.2"), port: 80)
  private let second = testTime.storedSeconds

  private func state() -> CatalogState {
    var state = CatalogState()
    state.learn(hostReport("web-1"), agent: 1)
    state.learn(processReport(clientKey, "curl"), agent: 1)
    state.learn(processReport(serverKey, "wget"), agent: 1)
    return state
  }

  private func call(_ process: ProcessKey, port: UInt16) -> CallRecord {
    var call = CallRecord(
      client: CallEnd(address: address("10.0.0.1"), port: port, process: process),
      server: server, start: testTime, end: testTime)
    call.observationPoint = .clientProcess
    return call
  }

  @Test func aCallNamesThePacketsOfItsSocket() {
    let state = state()
    var owners = SocketOwners()
    owners.observe(call(clientKey, port: 4_000), agent: 1, state: state)
    func tags(_ port: UInt16, agent: UInt16 = 1, after seconds: UInt32 = 0) -> EndTags? {
      owners.tags(
        address: address("10.0.0.1"), port: port, transport: .tcp, agent: agent,
        second: second + seconds)
    }
    #expect(tags(4_000) == state.tags(of: clientKey, agent: 1))
    #expect(tags(4_001) == nil)
    #expect(tags(4_000, agent: 2) == nil, "another host's packets are another socket's")
    #expect(tags(4_000, after: SocketOwners.claimSeconds) == nil, "ports are used again")
  }

  /// Metrics have folded the client's port, so they name a client only where there is one.
  @Test func twoClientsOfOneServerNameNeither() {
    let state = state()
    var owners = SocketOwners()
    func tags() -> EndTags? {
      owners.tags(
        address: address("10.0.0.1"), calling: server, transport: .tcp, agent: 1, second: second)
    }
    owners.observe(call(clientKey, port: 4_000), agent: 1, state: state)
    #expect(tags() == state.tags(of: clientKey, agent: 1))
    owners.observe(call(serverKey, port: 4_001), agent: 1, state: state)
    #expect(tags() == nil)
  }

  @Test func roomIsBounded() {
    let state = state()
    var owners = SocketOwners()
    for index in 0..<(SocketOwners.capacity + 100) {
      var call = call(clientKey, port: UInt16(1 + index % 60_000))
      call.client.address = IPAddress(v4: 0x0a00_0000 + UInt32(index / 60_000))
      owners.observe(call, agent: 1, state: state)
    }
    #expect(owners.count <= SocketOwners.capacity)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Catalog

/// Who stands at the two ends of a row.
@Suite struct ResolveTests {
  /// Two hosts; each has an nginx (pid 7), and a container bridge with the same address.
  private func state() throws -> CatalogState {
    var state = CatalogState()
    for agent in 1...3 as ClosedRange<UInt16> {
      #expect(try state.admit(identity: "\(agent)", version: "1", protocols: []) == agent)
      state.learn(
        hostReport("web-\(agent)", addresses: ["10.0.0.\(agent)", "172.17.0.1"]), agent: agent)
      state.learn(processReport(7, "nginx\(agent)"), agent: agent)
    }
    return state
  }

  private func name(_ tags: EndTags, _ state: CatalogState) -> String {
    state.value(of: "auto_service", in: tags.tagSet)
  }

  private func server(
    _ state: CatalogState, _ end: CallEnd, agent: UInt16, namespace: UInt32 = 1
  ) -> String {
    name(
      state.resolve(
        server: end, transport: .tcp, networkNamespace: namespace, agent: agent), state)
  }

  private func observe(
    _ state: inout CatalogState, _ end: CallEnd, agent: UInt16, namespace: UInt32 = 1,
    second: UInt32 = 1_000
  ) {
    state.observe(
      server: end, transport: .tcp, networkNamespace: namespace, agent: agent, second: second)
  }

  @Test func knownProcessWins() throws {
    let state = try state()
    #expect(name(state.resolve(client: end("10.0.0.9", pid: 7), agent: 1), state) == "nginx1")
  }

  @Test func unknownProcessIsOnTheAgentsHost() throws {
    let state = try state()
    #expect(name(state.resolve(client: end("10.9.9.9", pid: 99), agent: 1), state) == "web-1")
    #expect(name(state.resolve(client: end("127.0.0.1"), agent: 2), state) == "web-2")
    #expect(name(state.resolve(client: end("10.0.0.1"), agent: 1), state) == "web-1")
    #expect(name(state.resolve(client: end("10.0.0.2"), agent: 1), state) == "web-2")
  }

  /// Each host calls its container bridge 172.17.0.1: from afar it is nobody's.
  @Test func addressOfSeveralHostsIsTheOwnHostsOrNobodys() throws {
    var state = try state()
    #expect(name(state.resolve(client: end("172.17.0.1"), agent: 2), state) == "web-2")
    #expect(try state.admit(identity: "4", version: "1", protocols: []) == 4)
    #expect(state.resolve(client: end("172.17.0.1"), agent: 4).tagSet == 0)
  }

  @Test(
    arguments: [
      ("8.8.8.8", 0), ("10.1.1.1", 255), ("172.16.0.1", 255), ("172.32.0.1", 0),
      ("192.168.1.1", 255), ("100.64.0.1", 255), ("100.128.0.1", 0), ("169.254.1.1", 255),
      ("224.0.0.1", 255), ("2001:db8::1", 0), ("fe80::1", 255), ("fd00::1", 255), ("::", 255),
    ] as [(String, UInt8)])
  func unknownAddressHasNoNumber(address: String, kind: UInt8) throws {
    let tags = try state().resolve(client: end(address), agent: 1)
    #expect(tags == EndTags(tagSet: 0, service: 0, serviceKind: .init(rawValue: kind)))
  }

  @Test func serverSeenByAnotherAgentHasItsName() throws {
    var state = try state()
    observe(&state, end("10.0.0.2", 80, pid: 7), agent: 2)
    #expect(server(state, end("10.0.0.2", 80), agent: 1) == "nginx2")
    #expect(server(state, end("10.0.0.2", 81), agent: 1) == "web-2")
  }

  /// A loopback address is another one in every network namespace of every host.
  @Test func loopbackServerIsKnownInItsNamespaceOnly() throws {
    var state = try state()
    observe(&state, end("127.0.0.1", 80, pid: 7), agent: 2, namespace: 5)
    #expect(server(state, end("127.0.0.1", 80), agent: 2, namespace: 5) == "nginx2")
    #expect(server(state, end("127.0.0.1", 80), agent: 2, namespace: 6) == "web-2")
    #expect(server(state, end("127.0.0.1", 80), agent: 1, namespace: 5) == "web-1")
  }

  @Test func addressThatTwoAgentsServeIsNobodysFromAfar() throws {
    var state = try state()
    observe(&state, end("172.17.0.2", 80, pid: 7), agent: 1)
    observe(&state, end("172.17.0.2", 80, pid: 7), agent: 2)
    #expect(server(state, end("172.17.0.2", 80), agent: 1) == "nginx1")
    #expect(server(state, end("172.17.0.2", 80), agent: 2) == "nginx2")
    #expect(server(state, end("172.17.0.2", 80), agent: 3) == "")
  }

  /// A virtual address that fails over is the new owner's once the old one has fallen silent.
  @Test func movedAddressIsTheNewOwners() throws {
    var state = try state()
    observe(&state, end("10.0.9.9", 80, pid: 7), agent: 1, second: 1_000)
    observe(&state, end("10.0.9.9", 80, pid: 7), agent: 2, second: 1_300)
    #expect(server(state, end("10.0.9.9", 80), agent: 3) == "nginx2")
  }

  @Test func listenersAreBounded() throws {
    var limits = CatalogLimits()
    limits.listeners = 10
    var state = CatalogState(limits: limits)
    _ = try state.admit(identity: "a", version: "1", protocols: [])
    state.learn(processReport(7, "nginx"), agent: 1)
    for port in 1...100 as ClosedRange<UInt16> {
      observe(&state, end("10.0.0.1", port, pid: 7), agent: 1)
    }
    #expect(state.listeners.count == 10)
    #expect(state.listeners.refused == 190)
    observe(&state, end("10.0.0.1", 200, pid: 7), agent: 1, second: 1_000 + 4_000)
    #expect(server(state, end("10.0.0.1", 200), agent: 1) == "nginx")
  }
}

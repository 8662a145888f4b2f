// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Synchronization
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

/// Who watches a cluster, and what becomes of what it tells.
@Suite(.serialized) struct ClusterWatchersTests {
  private func run(_ body: (Ingest, Int) async throws -> Void) async throws {
    try await withDirectory { path in
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.drainSeconds = 0.1
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      try await withIngest(configuration, catalog: catalog, storage: TroubledStore([]), body)
    }
  }

  /// Says hello as an agent of a cluster.
  private func agent(_ port: Int, _ instance: UInt64, _ cluster: String) throws -> AgentClient {
    let client = try AgentClient(port: port)
    var hello = AgentClient.hello(instance)
    hello.cluster = cluster
    try client.send(.hello(hello))
    guard case .helloAck(let answer) = try client.receive(), answer.accepted else {
      throw AgentClient.Closed()
    }
    return client
  }

  private func expectOrder(_ client: AgentClient) throws {
    #expect(try client.receive() == .order(Order(.watchCluster, isOn: true)))
  }

  /// What comes next is no order: the answer to a ping does.
  private func expectNoOrder(_ client: AgentClient) throws {
    try client.send(.ping)
    #expect(try client.receive() == .ack(through: 0))
  }

  @Test func oneAgentOfAClusterWatchesAndIsReplacedWhenItGoes() async throws {
    try await run { ingest, port in
      var first: AgentClient? = try agent(port, 1, "shop")
      try expectOrder(try #require(first))
      let second = try agent(port, 2, "shop")
      let third = try agent(port, 3, "shop")
      let other = try agent(port, 4, "lab")
      let none = try agent(port, 5, "")
      try expectOrder(other)
      for client in [second, third, none] { try expectNoOrder(client) }
      first = nil
      try expectOrder(second)
      try expectNoOrder(third)
      #expect(ingest.watchers.agents.count == 2)
    }
  }

  @Test func whatAWatcherTellsIsKnown() async throws {
    try await run { ingest, port in
      let client = try agent(port, 1, "shop")
      try expectOrder(client)
      let scope = ResourceScope(.cluster, "c")
      var batch = RecordBatch()
      var report = ResourceReport(
        ResourceIdentity(.pod, in: scope, id: "u1"), name: "web-1",
        validFrom: Timestamp(seconds: 1_700_000_000))
      report.addresses = [.init(IPAddress(v4: 0x0a00_0001), in: scope)]
      batch.resources = [.seen(report)]
      batch.resourcesTold = Timestamp(seconds: 1_700_000_010)
      try client.send(.batch(sequence: 1, batch))
      try client.waitForAck(1)
      let name = ingest.resources.read { who, tellers -> String? in
        #expect(tellers[scope]?.lastTold == Timestamp(seconds: 1_700_000_010))
        guard let network = who.network(scope),
          case .number(let number) = who.holder(
            of: IPAddress(v4: 0x0a00_0001), in: network, at: 1_700_000_005)
        else { return nil }
        return who.version(of: number, at: 1_700_000_005).map { who.name(of: $0) }
      }
      #expect(name == "web-1")
    }
  }

  @Test func aPlaceIsHandedOnInTheOrderInWhichAgentsCame() {
    let chosen = Mutex<[UInt16]>([])
    let watchers = ClusterWatchers()
    func arrive(_ agent: UInt16) -> UInt64 {
      watchers.arrived(
        .init(agent: agent) { chosen.withLock { $0.append(agent) } }, of: "c")
    }
    let first = arrive(1)
    let second = arrive(2)
    let third = arrive(3)
    watchers.left(second, of: "c")
    watchers.left(first, of: "c")
    watchers.left(first, of: "c")
    #expect(chosen.withLock { $0 } == [1, 3])
    #expect(watchers.agents == [3])
    watchers.left(third, of: "c")
    #expect(watchers.agents == [])
    _ = arrive(1)
    #expect(chosen.withLock { $0 } == [1, 3, 1])
  }
}

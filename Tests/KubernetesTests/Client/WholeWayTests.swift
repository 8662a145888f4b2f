// SPDX-License-Identifier: Apache-2.0

import Catalog
import ConfigurationFile
import Foundation
import Ingest
import KubernetesClient
import Logging
import NIOPosix
import Storage
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Agent
@testable import Kubernetes

/// From an API server through agents to what a server knows.
@Suite(.timeLimit(.minutes(10))) struct WholeWayTests {
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "metaflow-cluster-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
  }

  /// Runs a server that takes agents beside `body`.
  private func withIngest(
    _ folder: String, _ body: (Ingest, Int) async throws -> Void
  ) async throws {
    var settings = IngestConfiguration(journalDirectory: folder + "/journal")
    settings.port = 0
    settings.drainSeconds = 0.1
    let ingest = try Ingest(
      settings, catalog: try Catalog(path: folder + "/catalog.sqlite"), storage: NoStore(),
      logger: Self.logger, now: { Timestamp.timeOfDay() })
    let running = Task { try await ingest.run() }
    do {
      let port = try await eventually("agents can connect") { ingest.port }
      try await body(ingest, port)
    } catch {
      running.cancel()
      _ = await running.result
      throw error
    }
    running.cancel()
    _ = await running.result
  }

  /// An agent's uplink with a watch of the cluster; ends with the task.
  private func agent(
    _ folder: String, _ access: ClusterAccess, gauges: AgentGauges = AgentGauges(), port: Int
  ) throws -> Task<Void, Never> {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let spool = try Spool(directory: folder, machineID: "m", limit: 64 << 20)
    let identity = spool.identity
    let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: gauges)
    let group = MultiThreadedEventLoopGroup.singleton
    let cluster = ClusterWatch(
      access, KubernetesConfiguration(), outbox: outbox, gauges: gauges, group: group,
      logger: Self.logger)
    let hello = Hello(
      identity: identity, bootID: "", hostname: "node", agentVersion: "0", protocols: [],
      cluster: access.key)
    let uplink = Uplink(
      server: NetworkAddress(host: "127.0.0.1", port: port), hello: hello, outbox: outbox,
      group: group, logger: Self.logger, cluster: cluster)
    return Task { await uplink.run() }
  }

  private func owner(_ ingest: Ingest, _ address: String, _ second: UInt32) -> String? {
    ingest.resources.read { who, _ -> String? in
      guard let network = who.network(ResourceScope(.cluster, "cluster-1")),
        case .number(let number) = who.holder(
          of: IPAddress(address)!, in: network, at: second)
      else { return nil }
      return who.version(of: number, at: second).map { who.name(of: $0) }
    }
  }

  @Test func whatHappensInAClusterIsKnownAndStaysKnownWhenItsWatcherGoes() async throws {
    let cluster = try await ClusterWatcherTests.empty()
    try await cluster.load(
      .pod, Fixture.list([Fixture.pod("a", version: 1, address: "10.0.0.1")], version: 1))
    try await withFolder { folder in
      try await ClusterWatcherTests.serve(cluster) { api in
        try await withIngest(folder) { ingest, port in
          let access = ClusterWatcherTests.access(api)
          let gauges = AgentGauges()
          let first = try agent(folder + "/1", access, gauges: gauges, port: port)
          func now() -> UInt32 { Timestamp.timeOfDay().wholeSecond }
          _ = try await eventually("the first list is known") {
            owner(ingest, "10.0.0.1", now()) == "a" ? true : nil
          }
          _ = try await eventually("its metrics say so") {
            let text = metrics(gauges)
            return text.contains("metaflow_agent_cluster_watched{kind=\"pods\"} 1\n")
              && text.contains("metaflow_agent_cluster_objects{kind=\"pods\"} 1\n") ? true : nil
          }
          let second = try agent(folder + "/2", access, port: port)
          _ = try await eventually("both are here") {
            ingest.connectedAgents.count == 2 ? true : nil
          }
          let watcher = try #require(ingest.watchers.agents.first)
          let before = now()
          // Its watcher goes; meanwhile the address becomes another pod's.
          first.cancel()
          await first.value
          #expect(!metrics(gauges).contains("metaflow_agent_cluster"))
          try await cluster.happen(
            .pod, Fixture.event("DELETED", Fixture.pod("a", version: 5, address: "10.0.0.1")))
          try await cluster.happen(
            .pod,
            Fixture.event(
              "ADDED", Fixture.pod("b", version: 6, address: "10.0.0.1", made: made())))
          _ = try await eventually("the second agent watches") {
            ingest.watchers.agents.first != watcher ? true : nil
          }
          _ = try await eventually("the new pod is known") {
            owner(ingest, "10.0.0.1", now() + 5) == "b" ? true : nil
          }
          #expect(owner(ingest, "10.0.0.1", before - 60) == "a")
          second.cancel()
          await second.value
        }
      }
    }
  }

  private func metrics(_ gauges: AgentGauges) -> String {
    var text = MetricText()
    gauges.write(to: &text)
    return text.text
  }

  /// Two seconds from now, as the API writes it: behind the end of what was there.
  private func made() -> String {
    Date(timeIntervalSinceNow: 2).ISO8601Format()
  }
}

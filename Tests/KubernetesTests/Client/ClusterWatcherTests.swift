// SPDX-License-Identifier: Apache-2.0

import Foundation
import KubernetesClient
import Logging
import NIOPosix
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Kubernetes

/// A watcher against an API server on loopback.
@Suite struct ClusterWatcherTests {
  /// Keeps what is told, as of when it was told.
  final class Changes: Sendable {
    private let all = Mutex<[ResourceChange]>([])

    func add(_ changes: [ResourceChange]) { all.withLock { $0 += changes } }

    var list: [ResourceChange] { all.withLock { $0 } }

    /// What is known now: the changes in the order in which they came.
    var now: Moment { Moment(list, at: Timestamp(nanoseconds: .max)) }
  }

  static let kubeSystem = #"""
    {"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"kube-system",
    "uid":"cluster-1","creationTimestamp":"2026-01-01T00:00:00Z"}}]}
    """#

  /// A cluster with nothing but the namespace that names it.
  static func empty(pageSize: Int = 500) async throws -> TestCluster {
    let cluster = TestCluster(pageSize: pageSize)
    for kind in KubernetesKind.allCases {
      try await cluster.load(kind, Array(#"{"metadata":{"resourceVersion":"1"},"items":[]}"#.utf8))
    }
    try await cluster.load(.namespace, Array(kubeSystem.utf8))
    return cluster
  }

  static func access(
    _ server: TestAPIServer, authority: String = TestCertificates.authority,
    _ credentials: ClusterAccess.Credentials = .none
  ) -> ClusterAccess {
    ClusterAccess(
      host: "127.0.0.1", port: server.port, authority: .certificates(Array(authority.utf8)),
      credentials: credentials, clusterName: "test")
  }

  /// Runs a watcher beside `body`.
  static func watch(
    _ access: ClusterAccess, options: ClusterWatcher.Options = .init(),
    _ body: (ClusterWatcher, Changes) async throws -> Void
  ) async throws {
    let changes = Changes()
    let watcher = ClusterWatcher(
      access, options: options, group: .singleton,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      now: { Timestamp(nanoseconds: Int64(Date().timeIntervalSince1970 * 1_000_000_000)) },
      sink: { changes.add($0) })
    try await withThrowingTaskGroup { tasks in
      tasks.addTask { await watcher.run() }
      try await body(watcher, changes)
      tasks.cancelAll()
    }
  }

  /// Runs a server beside `body`.
  static func serve(
    _ cluster: TestCluster, isNamed: Bool = false, asksForCertificates: Bool = false,
    _ body: (TestAPIServer) async throws -> Void
  ) async throws {
    let server = try await TestAPIServer(
      cluster, isNamed: isNamed, asksForCertificates: asksForCertificates)
    try await withThrowingTaskGroup { tasks in
      tasks.addTask { try await server.run() }
      try await body(server)
      tasks.cancelAll()
    }
  }

  static func state(_ watcher: ClusterWatcher, _ kind: KubernetesKind) async -> String {
    await watcher.status.first { $0.kind == kind }?.state.description ?? ""
  }

  // MARK: What was recorded

  /// Plays a recording to a watcher; after each event `disturb` may do something to the server.
  private func replay(
    pageSize: Int = 500, _ disturb: (TestCluster, Int) async throws -> Void = { _, _ in },
    _ check: (Changes, TestCluster) async throws -> Void
  ) async throws {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let cluster = TestCluster(pageSize: pageSize)
    for recording in recordings { try await cluster.load(recording.kind, recording.list) }
    var options = ClusterWatcher.Options()
    options.kinds = KubernetesKind.allCases
    try await Self.serve(cluster) { server in
      try await Self.watch(Self.access(server), options: options) { _, changes in
        _ = try await eventually("everything is watched") {
          await cluster.watching == KubernetesKind.allCases.count ? true : nil
        }
        let happenings = recordings.flatMap { recording in
          recording.lines.map { ($0.second, recording.kind, $0.bytes) }
        }
        for (index, happening) in happenings.sorted(by: { $0.0 < $1.0 }).enumerated() {
          try await cluster.happen(happening.1, happening.2)
          try await disturb(cluster, index)
        }
        try await check(changes, cluster)
      }
    }
  }

  /// What is known at the end, however it came about: the facts that do not hold yet.
  private func missing(_ now: Moment) -> [String] {
    let facts: [(String, Bool)] = [
      ("nodes", now.names(of: .node) == ["node1", "node2"]),
      ("ingress", now.names(of: .ingress).isEmpty),
      ("address", now.owners(of: "10.244.1.40") == ["web-5874c85c67-rz8qk"]),
      ("note", now[.service, "web"]?.value(of: "k8s.annotation.note") == "changed"),
      ("service", now[.service, "web"]?.parents.count == 1),
      ("namespace", now.names(of: .namespace).contains("temp")),
      ("job", now.names(of: .job) == ["once"]), ("pods", now.names(of: .pod).count == 17),
      (
        "owners",
        now.chain(.pod, "orders-849f54f479-9xhqb").prefix(4)
          == ["orders-849f54f479", "shop", "node2", "orders"]
      ),
      (
        "variable", now[.pod, "orders-849f54f479-9xhqb"]?.value(of: "k8s.env.STAGE") == "canary"
      ),
      ("label", now[.pod, "orders-5bdd4948fd-x957f"]?.value(of: "k8s.label.tier") == "gold"),
      ("gone", now[.pod, "web-5874c85c67-brl85"] == nil),
    ]
    return facts.filter { !$0.1 }.map(\.0)
  }

  private func expectTheEnd(_ changes: Changes) async throws {
    _ = await eventually(within: .seconds(60)) { missing(changes.now).isEmpty }
    #expect(missing(changes.now) == [])
  }

  @Test func everythingThatHappensIsTold() async throws {
    try await replay { changes, _ in
      try await expectTheEnd(changes)
      let pods = changes.list.filter { $0.kind == .pod }
      let address = IPAddress("10.244.1.40")
      // Who says to have the address, one after the other.
      var owners: [String] = []
      for case .seen(let report) in pods
      where report.addresses.contains(where: { $0.address == address }) {
        if owners.last != report.name { owners.append(report.name) }
      }
      #expect(owners == ["web-5874c85c67-brl85", "web-5874c85c67-rz8qk"])
      let gone = pods.compactMap {
        if case .gone(let identity, _) = $0 { identity.id } else { nil }
      }
      #expect(gone == ["1ede38c7-b8fb-4373-8654-d56610b9f0c5"])
    }
  }

  @Test func disconnectsLoseNothingAndRemoveNothing() async throws {
    try await replay(pageSize: 3) { cluster, index in
      if index % 20 == 7 { await cluster.disconnect() }
    } _: { changes, cluster in
      try await expectTheEnd(changes)
      #expect(
        changes.list.filter { if case .gone(let id, _) = $0 { id.kind == .pod } else { false } }
          .count == 1)
      let lists = await cluster.requests.filter { $0 == "/api/v1/pods?limit=500" }
      #expect(lists.count == 1, "a break is no reason to list anew")
    }
  }

  @Test(arguments: [true, false]) func whatIsTooOldIsListedAnew(byStatus: Bool) async throws {
    try await replay(pageSize: 4) { cluster, index in
      if index % 60 == 30 { await cluster.compact(refusingByStatus: byStatus) }
    } _: { changes, cluster in
      try await expectTheEnd(changes)
      let gone = changes.list.compactMap {
        if case .gone(let id, _) = $0, id.kind != .container { id.kind } else { nil }
      }
      // What came and went while nobody looked is not known at all.
      #expect(Set(gone).isSubset(of: [.pod, .node, .ingress]))
      #expect(gone.count <= 3, "nothing that is there was ever said to be gone")
      #expect(await cluster.requests.filter { $0 == "/api/v1/pods?limit=500" }.count > 1)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Catalog

/// A catalog, watchers that told of clusters, and the tagger of rows between them.
struct TaggedCluster {
  var state = CatalogState()
  var tagger = EndTagger()

  static let shop = ResourceScope(.cluster, "shop")
  static let lab = ResourceScope(.cluster, "lab")

  /// Two agents of one cluster and one of another.
  init() throws {
    state.begin(second: 10_000)
    for (agent, key) in [("a", "at shop"), ("b", "at shop"), ("c", "at lab")] {
      _ = try state.greet(identity: agent, version: "1", protocols: [], cluster: key)
      state.confirmAgent(agent)
    }
    state.learn(cluster: Self.shop, from: 1)
    state.learn(cluster: Self.lab, from: 3)
  }

  static func identity(
    _ kind: ResourceKind, _ id: String, in scope: ResourceScope = shop
  ) -> ResourceIdentity {
    ResourceIdentity(kind, in: scope, id: id)
  }

  /// Something is so from a second on.
  mutating func tell(
    _ kind: ResourceKind, _ id: String, at second: Int64, name: String? = nil,
    in scope: ResourceScope = shop, parents: [(ResourceKind, String)] = [],
    _ change: (inout ResourceReport) -> Void = { _ in }
  ) {
    var report = ResourceReport(
      Self.identity(kind, id, in: scope), name: name ?? id,
      parents: parents.map { Self.identity($0.0, $0.1, in: scope) },
      validFrom: Timestamp(seconds: second))
    change(&report)
    tagger.who.apply(.seen(report), at: Timestamp(seconds: second))
  }

  mutating func tellPod(
    _ id: String, at second: Int64, _ address: String, label: String = "x",
    in scope: ResourceScope = shop, of parents: [(ResourceKind, String)] = []
  ) {
    tell(.pod, id, at: second, in: scope, parents: parents) {
      $0.addresses = [.init(IPAddress(address) ?? .unspecified, in: scope)]
      $0.attributes = [.init("k8s.label.app", label)]
    }
  }

  mutating func end(
    _ kind: ResourceKind, _ id: String, at second: Int64, in scope: ResourceScope = shop
  ) {
    tagger.who.apply(
      .gone(Self.identity(kind, id, in: scope), since: Timestamp(seconds: second)),
      at: Timestamp(seconds: second))
  }

  /// Who the ends of a record were.
  mutating func ends(
    _ client: String, _ server: String, port: UInt16 = 80, at second: UInt32, agent: UInt16 = 1,
    client clientProcess: UInt32 = 0, server serverProcess: UInt32 = 0
  ) -> (client: EndTags, server: EndTags) {
    let (from, to) = (
      callEnd(client, pid: clientProcess), callEnd(server, port, pid: serverProcess)
    )
    var first = state.resolve(client: from, agent: agent)
    var last = state.resolve(
      server: to, transport: .tcp, networkNamespace: 1, agent: agent)
    tagger.begin(agent: agent, state)
    tagger.complete(
      client: &first, from.address, server: &last, to.address, port: port, .tcp, at: second,
      &state)
    return (first, last)
  }

  private func callEnd(_ address: String, _ port: UInt16 = 0, pid: UInt32) -> CallEnd {
    CallEnd(
      address: IPAddress(address) ?? .unspecified, port: port,
      process: pid == 0 ? .unknown : key(pid))
  }

  /// What a tag set says: pod, workload, namespace, node, service, and what it is told as.
  func told(_ tags: EndTags) -> String {
    let names = [
      "pod", "pod_group", "pod_ns", "pod_node", "pod_service", "pod_cluster", "auto_instance",
      "auto_service",
    ].map { state.value(of: $0, in: tags.tagSet) }
    let source = state.pendingSet(tags.tagSet)?.members.source ?? 0
    return names.map { $0.isEmpty ? "-" : $0 }.joined(separator: " ")
      + " \(tags.serviceKind.rawValue) \(source)"
  }
}

// SPDX-License-Identifier: Apache-2.0

import Kubernetes
import KubernetesClient
import Telemetry

/// How far the cluster is known, while this agent watches it; nothing where it does not.
extension AgentGauges {
  static func write(_ cluster: [ClusterWatcher.KindStatus], to text: inout MetricText) {
    guard !cluster.isEmpty else { return }
    func labelled(_ value: (ClusterWatcher.KindStatus) -> Int) -> [(label: String, value: UInt64)] {
      cluster.map { ($0.kind.plural, UInt64(max(0, value($0)))) }
    }
    text.gauges(
      "metaflow_agent_cluster_watched", "1 while changes of these objects are told as they happen.",
      label: "kind", labelled { $0.state == .watching ? 1 : 0 })
    text.gauges(
      "metaflow_agent_cluster_objects", "Objects of the cluster that are known.", label: "kind",
      labelled { $0.objects })
    text.counters(
      "metaflow_agent_cluster_lists_total",
      "Times that all objects were listed, since this agent was chosen.", label: "kind",
      labelled { $0.lists })
    text.counters(
      "metaflow_agent_cluster_watches_total",
      "Watches that were opened, since this agent was chosen.", label: "kind",
      labelled { $0.watches })
    let troubles = cluster.compactMap { status -> (label: String, value: UInt64)? in
      guard case .waiting(let trouble, _) = status.state else { return nil }
      return ("\(status.kind.plural): \(trouble)", 1)
    }
    text.gauges(
      "metaflow_agent_cluster_trouble", "1 for what is waited for, in words.", label: "trouble",
      troubles)
  }
}

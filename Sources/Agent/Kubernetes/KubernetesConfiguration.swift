// SPDX-License-Identifier: Apache-2.0

package import ConfigurationFile
package import KubernetesClient

/// Which Kubernetes cluster the agent could watch, and as whom.
package struct KubernetesConfiguration: Hashable, Sendable {
  package enum Watch: String, Hashable, Sendable, CaseIterable {
    /// Where there is a service account, or a kubeconfig is given.
    case automatic
    /// Never: the server chooses another agent of the cluster.
    case never
  }

  package var watch = Watch.automatic
  /// A file; empty for the service account of the agent's pod.
  package var kubeconfig = ""
  /// Of the kubeconfig; empty for its current one.
  package var context = ""
  /// As people call the cluster; empty for what the kubeconfig calls it, else its id.
  package var clusterName = ""
  package var readsConfigMaps = false

  package init() {}

  package init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    watch = try reader.read("kubernetes.watch", default: watch, expected: "automatic or never") {
      Watch(rawValue: $0)
    }
    kubeconfig = try reader.string("kubernetes.kubeconfig", default: kubeconfig)
    context = try reader.string("kubernetes.context", default: context)
    clusterName = try reader.string("kubernetes.cluster", default: clusterName)
    readsConfigMaps = try reader.read(
      "kubernetes.config_maps", default: readsConfigMaps, expected: "true or false"
    ) { ["true": true, "false": false][$0] }
  }

  /// How the cluster is reached; nil where there is none.
  ///
  /// - Throws: where a kubeconfig is given and cannot be used.
  package func access(
    _ environment: [String: String]
  ) throws(ClusterAccessError) -> ClusterAccess? {
    guard watch == .automatic else { return nil }
    guard kubeconfig.isEmpty else {
      return try Kubeconfig(path: kubeconfig).access(context: context.isEmpty ? nil : context)
    }
    guard environment["KUBERNETES_SERVICE_HOST"] != nil else { return nil }
    // A pod without an account is an agent that cannot watch, not one that cannot run.
    return try? ClusterAccess.serviceAccount(environment)
  }
}

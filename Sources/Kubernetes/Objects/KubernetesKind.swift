// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A kind of object that the API server keeps and we ask for, in the order in which they are asked for:
/// what others refer to comes first.
package enum KubernetesKind: String, Hashable, Sendable, CaseIterable {
  case namespace = "Namespace"
  case node = "Node"
  case deployment = "Deployment"
  case statefulSet = "StatefulSet"
  case daemonSet = "DaemonSet"
  case cronJob = "CronJob"
  case job = "Job"
  case replicaSet = "ReplicaSet"
  case ingress = "Ingress"
  case endpointSlice = "EndpointSlice"
  case service = "Service"
  case pod = "Pod"
  case configMap = "ConfigMap"

  /// What is asked for where nobody says otherwise: all but config maps.
  package static let usual = allCases.filter { $0 != .configMap }

  /// As the API and its access rules name it.
  package var plural: String {
    switch self {
    case .ingress: "ingresses"
    default: rawValue.lowercased() + "s"
    }
  }

  /// Empty for the group that has no name.
  package var group: String {
    switch self {
    case .namespace, .node, .service, .pod, .configMap: ""
    case .deployment, .statefulSet, .daemonSet, .replicaSet: "apps"
    case .cronJob, .job: "batch"
    case .endpointSlice: "discovery.k8s.io"
    case .ingress: "networking.k8s.io"
    }
  }

  /// Where all objects of the kind are listed, over all namespaces.
  package var path: String {
    group.isEmpty ? "/api/v1/\(plural)" : "/apis/\(group)/v1/\(plural)"
  }

  /// What an object of the kind is told as; nil for endpoint slices, which are told as part of their
  /// service.
  package var resource: ResourceKind? {
    switch self {
    case .namespace: .namespace
    case .node: .node
    case .service: .service
    case .endpointSlice: nil
    case .ingress: .ingress
    case .pod: .pod
    case .configMap: .configMap
    case .deployment, .statefulSet, .daemonSet, .cronJob, .job, .replicaSet:
      ResourceKind(kubernetesWorkload: rawValue)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

/// What kind of thing a resource is. The numbers are stored and never change; where the field has a
/// number (`auto_service_type`, `auto_instance_type`) it is that one. An open set.
package struct ResourceKind: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// A public address that belongs to nothing known. Never a resource of its own.
  package static let internet = ResourceKind(rawValue: 0)
  /// A virtual machine as a cloud knows it.
  package static let cloudHost = ResourceKind(rawValue: 1)
  /// A machine that an agent runs on.
  package static let host = ResourceKind(rawValue: 6)
  package static let pod = ResourceKind(rawValue: 10)
  /// A Kubernetes service.
  package static let service = ResourceKind(rawValue: 11)
  package static let node = ResourceKind(rawValue: 14)
  /// A workload of a kind without a number here; its `k8s.kind` attribute tells which.
  package static let workload = ResourceKind(rawValue: 101)
  package static let cluster = ResourceKind(rawValue: 103)
  package static let businessService = ResourceKind(rawValue: 104)
  package static let process = ResourceKind(rawValue: 120)
  package static let deployment = ResourceKind(rawValue: 130)
  package static let statefulSet = ResourceKind(rawValue: 131)
  package static let replicationController = ResourceKind(rawValue: 132)
  package static let daemonSet = ResourceKind(rawValue: 133)
  package static let replicaSet = ResourceKind(rawValue: 134)
  package static let cloneSet = ResourceKind(rawValue: 135)
  package static let job = ResourceKind(rawValue: 160)
  package static let cronJob = ResourceKind(rawValue: 161)
  package static let namespace = ResourceKind(rawValue: 170)
  package static let container = ResourceKind(rawValue: 171)
  package static let ingress = ResourceKind(rawValue: 172)
  package static let configMap = ResourceKind(rawValue: 173)
  package static let region = ResourceKind(rawValue: 180)
  package static let availabilityZone = ResourceKind(rawValue: 181)
  package static let vpc = ResourceKind(rawValue: 182)
  package static let subnet = ResourceKind(rawValue: 183)
  /// An address of which nothing more is known. Never a resource of its own.
  package static let address = ResourceKind(rawValue: 255)

  /// As people read it, in the field's words; a number for a kind that is not known here.
  package var name: String {
    Self.names.first { $0.kind == self }?.name ?? "kind \(rawValue)"
  }

  /// Whether a watcher tells of it, for any second and not only for now; of the others agents do.
  package var isWatched: Bool { self != .host && self != .process && self != .container }

  /// Whether this is something that makes pods.
  package var isWorkload: Bool {
    Self.workloads.contains { $0.kind == self }
  }

  /// The workload that an owner reference's `kind` names: `Deployment`, `DaemonSet`, ...
  package init(kubernetesWorkload kind: String) {
    self = Self.workloads.first { $0.kubernetes == kind }?.kind ?? .workload
  }

  private static let workloads: [(kind: ResourceKind, kubernetes: String)] = [
    (.workload, ""), (.deployment, "Deployment"), (.statefulSet, "StatefulSet"),
    (.replicationController, "ReplicationController"), (.daemonSet, "DaemonSet"),
    (.replicaSet, "ReplicaSet"), (.cloneSet, "CloneSet"), (.job, "Job"), (.cronJob, "CronJob"),
  ]

  /// Every kind that has a name, in the order of the numbers.
  package static let names: [(kind: ResourceKind, name: String)] = [
    (.internet, "Internet IP"), (.cloudHost, "Cloud Host"), (.host, "Host"), (.pod, "Pod"),
    (.service, "K8s Service"), (.node, "K8s Node"), (.workload, "Workload"),
    (.cluster, "K8s Cluster"), (.businessService, "Business Service"), (.process, "Process"),
    (.deployment, "Deployment"), (.statefulSet, "StatefulSet"),
    (.replicationController, "ReplicationController"), (.daemonSet, "DaemonSet"),
    (.replicaSet, "ReplicaSet"), (.cloneSet, "CloneSet"), (.job, "Job"), (.cronJob, "CronJob"),
    (.namespace, "K8s Namespace"), (.container, "Container"), (.ingress, "Ingress"),
    (.configMap, "ConfigMap"), (.region, "Region"), (.availabilityZone, "Availability Zone"),
    (.vpc, "VPC"), (.subnet, "Subnet"), (.address, "IP"),
  ]
}

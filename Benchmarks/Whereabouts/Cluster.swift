// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// A made-up cluster: 100,000 pods with ten labels each, of 5,000 deployments in 500 namespaces on
/// 1,000 nodes, and 20,000 services with five endpoints each.
enum Cluster {
  static let pods = 100_000
  static let services = 20_000
  static let scope = ResourceScope(.cluster, "5d1c8a3e-3c63-4d8f-9d6a-0d2f6b8a9c11")
  static let start = Timestamp(seconds: 1_800_000_000)

  static func podAddress(_ index: Int) -> IPAddress { IPAddress(v4: 0x0a00_0000 + UInt32(index)) }

  /// A large odd step visits the pods in an order that no cache foresees.
  static func someAddress(_ index: Int) -> IPAddress { podAddress(index &* 48_611 % pods) }

  /// Everything that a watcher tells of it at its start; `tell` gets one change after the other.
  static func tell(_ tell: (ResourceChange) -> Void) {
    for zone in 0..<3 { named(.availabilityZone, "zone-\(zone)", [], tell) }
    for node in 0..<1_000 {
      named(.node, "node-\(node)", [identity(.availabilityZone, "zone-\(node % 3)")], tell)
    }
    for namespace in 0..<500 { named(.namespace, "namespace-\(namespace)", [], tell) }
    for workload in 0..<5_000 {
      let namespace = identity(.namespace, "namespace-\(workload % 500)")
      named(.deployment, "deployment-\(workload)", [namespace], tell)
      named(
        .replicaSet, "deployment-\(workload)-5bdd4948fd",
        [identity(.deployment, "deployment-\(workload)"), namespace], tell)
    }
    for index in 0..<pods { tell(.seen(pod(index))) }
    for index in 0..<services { tell(.seen(service(index))) }
  }

  /// A pod gets another label.
  static func relabel(_ index: Int, to value: String, _ tell: (ResourceChange) -> Void) {
    var report = pod(index)
    report.attributes.append(.init("k8s.label.changed", value))
    report.validFrom = start + 160_000_000_000
    tell(.seen(report))
  }

  static func identity(_ kind: ResourceKind, _ id: String) -> ResourceIdentity {
    ResourceIdentity(kind, in: scope, id: id)
  }

  private static func named(
    _ kind: ResourceKind, _ name: String, _ parents: [ResourceIdentity],
    _ tell: (ResourceChange) -> Void
  ) {
    tell(
      .seen(
        ResourceReport(identity(kind, name), name: name, parents: parents, validFrom: start)))
  }

  private static func uid(_ kind: UInt64, _ index: Int) -> String {
    let digits = String(UInt64(index) &* 0x9E37_79B9_7F4A_7C15 | 1 << 63, radix: 16)
    return "\(digits.prefix(8))-0000-4000-8\(kind)00-\(digits.prefix(12))"
  }

  private static func pod(_ index: Int) -> ResourceReport {
    let workload = index % 5_000
    var report = ResourceReport(
      identity(.pod, uid(1, index)), name: "deployment-\(workload)-5bdd4948fd-\(index)",
      validFrom: start)
    report.parents = [
      identity(.replicaSet, "deployment-\(workload)-5bdd4948fd"),
      identity(.namespace, "namespace-\(workload % 500)"), identity(.node, "node-\(index % 1_000)"),
    ]
    report.attributes = (0..<8).map {
      .init("k8s.label.example.com/label-\($0)", "value-\($0)-\(workload % (10 << $0))")
    }
    report.attributes.append(.init("k8s.label.pod-name", report.name))
    report.attributes.append(.init("k8s.label.pod-template-hash", "5bdd4948fd"))
    report.addresses = [.init(podAddress(index), in: scope)]
    report.ports = [.init(transport: .tcp, port: 8_080)]
    return report
  }

  private static func service(_ index: Int) -> ResourceReport {
    var report = ResourceReport(
      identity(.service, uid(2, index)), name: "service-\(index)",
      parents: [identity(.namespace, "namespace-\(index % 500)")], validFrom: start)
    report.addresses = [.init(IPAddress(v4: 0x6440_0000 + UInt32(index)), in: scope)]
    report.ports = [.init(transport: .tcp, port: 80)]
    report.endpoints = (0..<5).map {
      .init(
        address: podAddress(index * 5 + $0), transport: .tcp, port: 8_080,
        target: identity(.pod, uid(1, index * 5 + $0)))
    }
    return report
  }
}

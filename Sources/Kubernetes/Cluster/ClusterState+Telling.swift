// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// How objects are told as resources.
///
/// Nodes and namespaces go by their names, which is what everything else refers to them by; all other
/// objects by their UIDs.
extension ClusterState {
  /// Workloads that are told by their pods: the API has more kinds of them than we ask for.
  private static let byPods: [ResourceKind] = [.workload, .replicationController, .cloneSet]

  mutating func tell(
    _ object: KubernetesObject, replacing old: Entry?, as entry: inout Entry, at time: Timestamp,
    into changes: inout [ResourceChange]
  ) {
    if let kind = object.kind.resource {
      let isNamed = kind == .node || kind == .namespace
      entry.identity = ResourceIdentity(
        kind, in: scope, id: isNamed ? object.metadata.name : object.metadata.uid)
    }
    switch object.detail {
    case .node(let node): tell(node, object, entry, at: time, into: &changes)
    case .pod(let pod): tell(pod, object, replacing: old, as: &entry, at: time, into: &changes)
    case .service:
      let name = services.put(object, since: time)
      tellService(name, at: time, into: &changes)
    case .endpointSlice(let slice):
      for name in services.put(slice: slice, object.metadata) {
        tellService(name, at: time, into: &changes)
      }
    case .ingress(let ingress):
      tell(
        object, entry, parents: [namespace(of: object)],
        addresses: ingress.addresses.map { .init($0, in: scope) }, at: time, into: &changes)
      for name in services.put(ingress: ingress, object.metadata) {
        tellService(name, at: time, into: &changes)
      }
    case .none:
      let parents = object.kind == .namespace ? [cluster] : [namespace(of: object)]
      tell(object, entry, parents: owner(of: object) + parents, at: time, into: &changes)
    }
  }

  private func tell(
    _ object: KubernetesObject, _ entry: Entry, parents: [ResourceIdentity],
    attributes: [ResourceReport.Attribute] = [], addresses: [ResourceReport.Address] = [],
    at time: Timestamp, into changes: inout [ResourceChange]
  ) {
    guard let identity = entry.identity else { return }
    changes.append(
      .seen(
        ResourceReport(
          identity, name: object.metadata.name, parents: parents,
          attributes: attributes + self.attributes(of: object), addresses: addresses,
          validFrom: time)))
  }

  private func namespace(of object: KubernetesObject) -> ResourceIdentity {
    ResourceIdentity(.namespace, in: scope, id: object.metadata.namespace)
  }

  /// The workload that made the object. A node that runs a pod of its own is none.
  private func owner(of object: KubernetesObject) -> [ResourceIdentity] {
    guard let owner = object.metadata.owner, owner.kind != "Node", !owner.uid.isEmpty else {
      return []
    }
    return [
      ResourceIdentity(ResourceKind(kubernetesWorkload: owner.kind), in: scope, id: owner.uid)
    ]
  }

  private func attributes(of object: KubernetesObject) -> [ResourceReport.Attribute] {
    object.metadata.labels.map { .init("k8s.label." + $0.name, $0.value) }
      + object.metadata.annotations.map { .init("k8s.annotation." + $0.name, $0.value) }
  }

  // MARK: Nodes

  private mutating func tell(
    _ node: NodeDetail, _ object: KubernetesObject, _ entry: Entry, at time: Timestamp,
    into changes: inout [ResourceChange]
  ) {
    var attributes: [ResourceReport.Attribute] = []
    for (name, value) in [
      ("k8s.node.uid", object.metadata.uid), ("host.name", node.hostname),
      ("host.machine_id", node.machineID), ("host.boot_id", node.bootID),
      ("cloud.provider_id", node.providerID),
    ] where !value.isEmpty { attributes.append(.init(name, value)) }
    tell(
      object, entry, parents: places(of: object, into: &changes) + [cluster],
      attributes: attributes, addresses: node.addresses.map { .init($0, in: scope) }, at: time,
      into: &changes)
  }

  /// The zone and the region that a node's labels name. Such places were always there.
  private mutating func places(
    of node: KubernetesObject, into changes: inout [ResourceChange]
  ) -> [ResourceIdentity] {
    var found: [ResourceIdentity] = []
    for (kind, label) in [(ResourceKind.region, "region"), (.availabilityZone, "zone")] {
      guard
        let name = node.metadata.label("topology.kubernetes.io/" + label)
          ?? node.metadata.label("failure-domain.beta.kubernetes.io/" + label), !name.isEmpty
      else { continue }
      let place = ResourceIdentity(kind, in: .everywhere, id: name)
      if places.insert(place).inserted {
        changes.append(
          .seen(
            ResourceReport(place, name: name, parents: found, validFrom: Timestamp(nanoseconds: 0)))
        )
      }
      found.insert(place, at: 0)
    }
    return found
  }

  // MARK: Pods

  private mutating func tell(
    _ pod: PodDetail, _ object: KubernetesObject, replacing old: Entry?, as entry: inout Entry,
    at time: Timestamp, into changes: inout [ResourceChange]
  ) {
    guard let identity = entry.identity else { return }
    let owner = owner(of: object)
    entry.owner = owner.first.flatMap { Self.byPods.contains($0.kind) ? $0 : nil }
    adopt(entry.owner, object, at: time, into: &changes)
    if let left = old?.owner { leave(left, at: time, into: &changes) }

    var report = ResourceReport(
      identity, name: object.metadata.name, parents: owner + [namespace(of: object)],
      attributes: attributes(of: object), validFrom: time)
    if !pod.nodeName.isEmpty {
      report.parents.append(ResourceIdentity(.node, in: scope, id: pod.nodeName))
    }
    report.attributes += pod.environment.map { .init("k8s.env." + $0.name, $0.value) }
    if !pod.hasEnded {
      report.addresses = pod.addresses.map { .init($0, in: scope, isShared: pod.isInHostNetwork) }
    }
    report.ports = pod.ports.filter { $0.port != 0 }.map {
      .init(name: $0.name, transport: $0.transport, port: $0.port, nodePort: $0.hostPort)
    }
    changes.append(.seen(report))
    tellContainers(pod, of: identity, replacing: old, as: &entry, at: time, into: &changes)
  }

  private func container(_ id: String) -> ResourceIdentity {
    ResourceIdentity(.container, in: scope, id: id)
  }

  private func tellContainers(
    _ pod: PodDetail, of identity: ResourceIdentity, replacing old: Entry?,
    as entry: inout Entry, at time: Timestamp, into changes: inout [ResourceChange]
  ) {
    let known = old?.containers ?? []
    entry.containers = pod.containers.map(\.id)
    for container in pod.containers where !known.contains(container.id) {
      changes.append(
        .seen(
          ResourceReport(
            self.container(container.id), name: container.name, parents: [identity],
            validFrom: time)))
    }
    for id in known where !entry.containers.contains(id) {
      changes.append(.gone(container(id), since: time))
    }
  }

  private mutating func adopt(
    _ owner: ResourceIdentity?, _ pod: KubernetesObject, at time: Timestamp,
    into changes: inout [ResourceChange]
  ) {
    guard let owner, let reference = pod.metadata.owner else { return }
    owners[owner, default: 0] += 1
    guard owners[owner] == 1 else { return }
    changes.append(
      .seen(
        ResourceReport(
          owner, name: reference.name, parents: [namespace(of: pod)],
          attributes: [.init("k8s.kind", reference.kind)], validFrom: time)))
  }

  private mutating func leave(
    _ owner: ResourceIdentity, at time: Timestamp, into changes: inout [ResourceChange]
  ) {
    guard let pods = owners[owner] else { return }
    owners[owner] = pods > 1 ? pods - 1 : nil
    if pods == 1 { changes.append(.gone(owner, since: time)) }
  }

  // MARK: Services

  private func tellService(
    _ name: ServiceBook.Name, at time: Timestamp, into changes: inout [ResourceChange]
  ) {
    guard let service = services.services[name], let object = service.object,
      case .service(let detail) = object.detail
    else { return }
    var report = ResourceReport(
      ResourceIdentity(.service, in: scope, id: object.metadata.uid), name: name.name,
      parents: [ResourceIdentity(.namespace, in: scope, id: name.namespace)],
      attributes: attributes(of: object), validFrom: max(time, service.since))
    report.parents += service.ingresses.sorted().map {
      ResourceIdentity(.ingress, in: scope, id: $0)
    }
    report.addresses = detail.addresses.map { .init($0, in: scope) }
    report.ports = detail.ports.filter { $0.port != 0 }.map {
      .init(name: $0.name, transport: $0.transport, port: $0.port, nodePort: $0.nodePort)
    }
    for slice in service.slices.sorted(by: { $0.key < $1.key }).map(\.value) {
      for endpoint in slice.endpoints where endpoint.isServing {
        let target =
          endpoint.pod.isEmpty ? nil : ResourceIdentity(.pod, in: scope, id: endpoint.pod)
        for address in endpoint.addresses {
          report.endpoints += slice.ports.map {
            .init(address: address, transport: $0.transport, port: $0.port, target: target)
          }
        }
      }
    }
    changes.append(.seen(report))
  }

  // MARK: Ends

  mutating func tellEnd(
    of entry: Entry, uid: String, at time: Timestamp, into changes: inout [ResourceChange]
  ) {
    for id in entry.containers { changes.append(.gone(container(id), since: time)) }
    if let identity = entry.identity { changes.append(.gone(identity, since: time)) }
    if let owner = entry.owner { leave(owner, at: time, into: &changes) }
    switch entry.kind {
    case .service: services.removeService(uid)
    case .endpointSlice, .ingress:
      for name in services.remove(uid) { tellService(name, at: time, into: &changes) }
    default: break
    }
  }

  /// Everything of the kind was told: what a reader knows besides is gone.
  func tellComplete(
    _ kind: KubernetesKind, since: Timestamp, into changes: inout [ResourceChange]
  ) {
    var kinds = [kind.resource].compactMap { $0 }
    if kind == .pod { kinds += [.container] + Self.byPods }
    changes += kinds.map { .complete($0, scope, since: since) }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Services with what belongs to them: endpoint slices and ingresses, which come on their own and in
/// any order.
struct ServiceBook: Sendable {
  /// A service is referred to by its name.
  struct Name: Hashable, Sendable {
    var namespace: String
    var name: String
  }

  struct Service: Sendable {
    /// Nil as long as only what belongs to it was seen.
    var object: KubernetesObject?
    var since = Timestamp(nanoseconds: 0)
    /// By the slice's UID.
    var slices: [String: EndpointSliceDetail] = [:]
    /// UIDs.
    var ingresses: Set<String> = []

    var isEmpty: Bool { object == nil && slices.isEmpty && ingresses.isEmpty }
  }

  private(set) var services: [Name: Service] = [:]
  /// Of the services, by UID.
  private var names: [String: Name] = [:]
  /// What the slice or ingress with this UID belongs to.
  private var references: [String: [Name]] = [:]

  /// - Returns: the service itself.
  mutating func put(_ object: KubernetesObject, since: Timestamp) -> Name {
    let name = Name(namespace: object.metadata.namespace, name: object.metadata.name)
    services[name, default: Service()].object = object
    services[name]?.since = since
    names[object.metadata.uid] = name
    return name
  }

  /// - Returns: the services that have another endpoint than before.
  mutating func put(slice: EndpointSliceDetail, _ metadata: ObjectMetadata) -> [Name] {
    let service =
      metadata.label("kubernetes.io/service-name")
      ?? (metadata.owner?.kind == "Service" ? metadata.owner?.name : nil)
    let names = service.map { [Name(namespace: metadata.namespace, name: $0)] } ?? []
    let changed = refer(metadata.uid, to: names)
    for name in names { services[name, default: Service()].slices[metadata.uid] = slice }
    return changed + names.filter { !changed.contains($0) }
  }

  /// - Returns: the services that have it now, or do no longer.
  mutating func put(ingress: IngressDetail, _ metadata: ObjectMetadata) -> [Name] {
    let names = ingress.services.map { Name(namespace: metadata.namespace, name: $0) }
    let old = references[metadata.uid] ?? []
    let changed = refer(metadata.uid, to: names)
    for name in names { services[name, default: Service()].ingresses.insert(metadata.uid) }
    return changed + names.filter { !old.contains($0) }
  }

  /// - Returns: what a slice or ingress no longer belongs to.
  private mutating func refer(_ uid: String, to names: [Name]) -> [Name] {
    let lost = (references[uid] ?? []).filter { !names.contains($0) }
    for name in lost { drop(uid, from: name) }
    references[uid] = names.isEmpty ? nil : names
    return lost
  }

  private mutating func drop(_ uid: String, from name: Name) {
    services[name]?.slices[uid] = nil
    services[name]?.ingresses.remove(uid)
    if services[name]?.isEmpty == true { services[name] = nil }
  }

  /// Forgets a slice or ingress.
  ///
  /// - Returns: the services that it belonged to.
  mutating func remove(_ uid: String) -> [Name] {
    refer(uid, to: [])
  }

  /// Forgets a service; what belongs to it waits for another of its name.
  mutating func removeService(_ uid: String) {
    guard let name = names.removeValue(forKey: uid),
      services[name]?.object?.metadata.uid == uid
    else { return }
    services[name]?.object = nil
    if services[name]?.isEmpty == true { services[name] = nil }
  }
}

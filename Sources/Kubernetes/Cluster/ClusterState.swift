// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What is known of one cluster: turns what the kinds' lists and watches tell into changes of
/// resources, each told once.
///
/// An object of which nothing changed that tags need (a node's heartbeat) is not told again. Of most
/// objects only a mark is kept; of services, and of what belongs to them, all.
package struct ClusterState: Sendable {
  package struct Limits: Hashable, Sendable {
    /// Objects of all kinds.
    package var objects = 400_000

    package init() {}
  }

  /// An object that is known.
  struct Entry: Sendable {
    var kind: KubernetesKind
    /// Which list last had it; objects of a finished list with an older number are gone.
    var generation: UInt32
    var fingerprint: Int
    var identity: ResourceIdentity?
    /// Of a pod.
    var containers: [String] = []
    var owner: ResourceIdentity?
  }

  /// The last list of a kind.
  private struct List {
    var generation: UInt32 = 0
    var began = Timestamp(nanoseconds: 0)
  }

  /// What all resources of the cluster are unique in.
  package let scope: ResourceScope
  package let name: String
  let limits: Limits
  /// By UID.
  private(set) var entries: [String: Entry] = [:]
  private var counts: [KubernetesKind: Int] = [:]
  private var lists: [KubernetesKind: List] = [:]
  private var isOverfull: Set<KubernetesKind> = []
  var services = ServiceBook()
  var places: Set<ResourceIdentity> = []
  /// Makers of pods that are no objects which we ask for, known by their pods.
  var owners: [ResourceIdentity: Int] = [:]
  /// Objects that found no room.
  package private(set) var refused = 0
  /// Labels and annotations that were too long or too many, of the objects that were told.
  package private(set) var leftOut = 0

  /// - Parameters:
  ///   - id: the UID of the namespace kube-system, which stands for the cluster.
  ///   - name: as people call the cluster.
  package init(id: String, name: String, limits: Limits = Limits()) {
    scope = ResourceScope(.cluster, id)
    self.name = name
    self.limits = limits
  }

  package var cluster: ResourceIdentity {
    ResourceIdentity(.cluster, in: .everywhere, id: scope.id)
  }

  /// Objects that are known.
  package var count: Int { entries.count }

  package func count(of kind: KubernetesKind) -> Int { counts[kind] ?? 0 }

  /// The cluster itself.
  package func clusterReport(since: Timestamp) -> ResourceChange {
    .seen(ResourceReport(cluster, name: name, validFrom: since))
  }

  package mutating func apply(
    _ event: ListWatch.Event, of kind: KubernetesKind, into changes: inout [ResourceChange]
  ) {
    switch event {
    case .began(let time):
      lists[kind, default: List()].generation += 1
      lists[kind]?.began = time
      isOverfull.remove(kind)
    case .found(let object, let now): found(object, at: now, into: &changes)
    case .changed(let object, let time): put(object, at: time, into: &changes)
    case .deleted(let object, let time):
      remove(object.metadata.uid, at: time, into: &changes)
    case .complete(let lastHeard): complete(kind, lastHeard: lastHeard, into: &changes)
    }
  }

  /// An object that is listed for the first time has been what it is since it was made, as far as
  /// anybody can tell; one that has changed meanwhile is so from now on.
  private mutating func found(
    _ object: KubernetesObject, at now: Timestamp, into changes: inout [ResourceChange]
  ) {
    let isKnown = entries[object.metadata.uid] != nil
    put(object, at: isKnown ? now : min(now, object.beginning ?? now), into: &changes)
  }

  private mutating func put(
    _ object: KubernetesObject, at time: Timestamp, into changes: inout [ResourceChange]
  ) {
    let uid = object.metadata.uid
    let generation = lists[object.kind]?.generation ?? 0
    let fingerprint = object.fingerprint
    let old = entries[uid]
    if let old, old.fingerprint == fingerprint {
      entries[uid]?.generation = generation
      return
    }
    guard old != nil || entries.count < limits.objects else {
      refused += 1
      isOverfull.insert(object.kind)
      return
    }
    leftOut += object.metadata.leftOut
    var entry = Entry(kind: object.kind, generation: generation, fingerprint: fingerprint)
    tell(object, replacing: old, as: &entry, at: time, into: &changes)
    entries[uid] = entry
    if old == nil { counts[object.kind, default: 0] += 1 }
  }

  private mutating func remove(
    _ uid: String, at time: Timestamp, into changes: inout [ResourceChange]
  ) {
    guard let entry = forget(uid) else { return }
    tellEnd(of: entry, uid: uid, at: time, into: &changes)
  }

  private mutating func forget(_ uid: String) -> Entry? {
    guard let entry = entries.removeValue(forKey: uid) else { return nil }
    counts[entry.kind, default: 1] -= 1
    return entry
  }

  private mutating func complete(
    _ kind: KubernetesKind, lastHeard: Timestamp?, into changes: inout [ResourceChange]
  ) {
    let (generation, began) =
      lists[kind].map { ($0.generation, $0.began) } ?? (0, .init(seconds: 0))
    let missing = entries.filter { $0.value.kind == kind && $0.value.generation != generation }
    let still = Set(
      entries.values.lazy.filter { $0.kind == kind && $0.generation == generation }
        .compactMap(\.identity))
    for (uid, entry) in missing.sorted(by: { $0.key < $1.key }) {
      _ = forget(uid)
      // One of the same name has taken its place.
      if let identity = entry.identity, still.contains(identity) { continue }
      tellEnd(of: entry, uid: uid, at: lastHeard ?? began, into: &changes)
    }
    guard lastHeard == nil, !isOverfull.contains(kind) else { return }
    tellComplete(kind, since: began, into: &changes)
  }
}

extension KubernetesObject {
  /// Since when it can have been what it is.
  fileprivate var beginning: Timestamp? {
    guard let created = metadata.created else { return nil }
    if case .pod(let pod) = detail, let started = pod.started { return max(created, started) }
    return created
  }
}

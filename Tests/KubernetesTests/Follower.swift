// SPDX-License-Identifier: Apache-2.0

import Telemetry

@testable import Kubernetes

/// Drives the lists and watches of some kinds by hand, and keeps every change.
struct Follower {
  var watches: [KubernetesKind: ListWatch] = [:]
  var cluster = ClusterState(id: "c1", name: "test")
  var changes: [ResourceChange] = []
  var events: [ListWatch.Event] = []

  mutating func list(
    _ kind: KubernetesKind, _ body: [UInt8], began: Timestamp? = nil, at time: Timestamp,
    limits: ListWatch.Limits = .init()
  ) {
    with(kind, limits) { watch, events in
      watch.resume()
      watch.listed(body.span, began: began ?? time, at: time, jitter: 0, into: &events)
    }
  }

  mutating func open(_ kind: KubernetesKind, at time: Timestamp) {
    with(kind) { watch, _ in
      watch.resume()
      watch.opened(at: time)
    }
  }

  mutating func receive(_ kind: KubernetesKind, _ bytes: [UInt8], at time: Timestamp) {
    with(kind) { watch, events in
      watch.received(bytes.span, at: time, jitter: 0, into: &events)
    }
  }

  mutating func fail(_ kind: KubernetesKind, _ trouble: WatchTrouble, jitter: UInt64 = 0) {
    with(kind) { watch, _ in watch.fail(trouble, jitter: jitter) }
  }

  private mutating func with(
    _ kind: KubernetesKind, _ limits: ListWatch.Limits = .init(),
    _ body: (inout ListWatch, inout [ListWatch.Event]) -> Void
  ) {
    var watch = watches[kind] ?? ListWatch(kind, limits: limits)
    var new: [ListWatch.Event] = []
    body(&watch, &new)
    watches[kind] = watch
    for event in new { cluster.apply(event, of: kind, into: &changes) }
    events += new
  }

  /// Every kind listed at the start, then everything that was recorded, in the order of its time.
  static func replay(
    _ recordings: [Recording],
    cut: (inout Follower, Recording, Int) -> Void = { follower, recording, index in
      let line = recording.lines[index]
      follower.receive(recording.kind, line.bytes, at: Recording.time(line.second))
    }
  ) -> Follower {
    var follower = Follower()
    for recording in recordings {
      follower.list(recording.kind, recording.list, at: Recording.start)
      follower.open(recording.kind, at: Recording.start)
    }
    let order = recordings.flatMap { recording in
      recording.lines.indices.map { (recording.lines[$0].second, recording, $0) }
    }
    for (_, recording, index) in order.sorted(by: { $0.0 < $1.0 }) {
      cut(&follower, recording, index)
    }
    return follower
  }
}

/// What the changes say of a moment: the plain way, by going through all of them.
struct Moment {
  private var reports: [ResourceIdentity: ResourceReport] = [:]

  init(_ changes: [ResourceChange], at time: Timestamp) {
    for change in changes where change.time <= time {
      switch change {
      case .seen(let report): reports[report.identity] = report
      case .gone(let identity, _): reports[identity] = nil
      case .complete: break
      }
    }
  }

  subscript(_ kind: ResourceKind, _ name: String) -> ResourceReport? {
    reports.values.first { $0.identity.kind == kind && $0.name == name }
  }

  func names(of kind: ResourceKind) -> [String] {
    reports.values.filter { $0.identity.kind == kind }.map(\.name).sorted()
  }

  /// Names of those that say that an address is theirs alone.
  func owners(of text: String) -> [String] {
    let address = IPAddress(text)
    return reports.values.filter {
      $0.addresses.contains { $0.address == address && !$0.isShared }
    }.map(\.name).sorted()
  }

  /// The names of everything above a resource, nearest first.
  func chain(_ kind: ResourceKind, _ name: String) -> [String] {
    guard let report = self[kind, name] else { return [] }
    var names: [String] = []
    var next = report.parents
    while !next.isEmpty {
      let parent = next.removeFirst()
      let found = reports[parent]
      let name = found?.name ?? "?"
      if !names.contains(name) { names.append(name) }
      next += found?.parents ?? []
    }
    return names
  }
}

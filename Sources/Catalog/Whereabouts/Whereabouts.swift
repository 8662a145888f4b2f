// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Who is who, and was in each second: resources with what was true of them, and the addresses and
/// ports that were theirs.
///
/// It learns from changes as watchers tell them and answers for any second since the horizon, so that
/// a batch that comes an hour late is resolved as of its own time. Pure: time arrives with the changes.
package struct Whereabouts: Sendable {
  struct Resource: Sendable {
    var identity: ResourceIdentity
    /// The number of the version that holds now, plus 1; 0 for none.
    var current: UInt32 = 0
    /// When it was last told of.
    var told = Timestamp(nanoseconds: 0)
    /// The last second of the version that ended last.
    var ended: UInt32 = 0
    /// Versions of its own, and versions that have it as a parent.
    var uses: UInt32 = 0
  }

  private let limits: WhereaboutsLimits
  /// Numbers are places in the list; 0 is nobody's.
  private(set) var resources: [Resource?] = [nil]
  private var freeResources: [UInt32] = []
  private(set) var numbers: [ResourceIdentity: UInt32] = [:]
  private(set) var containers: [String: UInt32] = [:]
  private(set) var versions: [WhereaboutsVersion?] = []
  private var freeVersions: [UInt32] = []
  private(set) var texts = TextPool()
  private(set) var scopes: [ResourceScope: UInt32] = [:]
  /// Versions of a resource, by its number.
  private(set) var history: IntervalIndex<UInt32>
  private(set) var claims: IntervalIndex<Claim>
  /// Nodes by the boot of their host, which an agent there tells, too; 0 where several are on one host,
  /// as containers. What is found is looked at again.
  private(set) var nodes: [String: UInt32] = [:]
  /// Lengths of blocks that were ever claimed.
  private(set) var blockLengths: [UInt8] = []
  private var refused: UInt64 = 0
  /// What has changed since when, so that answers can be kept.
  private(set) var changes = ChangeMarks()
  /// Versions that rows know by these numbers, and the seconds in which they ended.
  private(set) var ended: [(number: UInt32, second: UInt32)] = []
  /// What is not written down yet; nothing where nobody writes.
  private var unwritten: [WhereaboutsChange] = []
  private let isWritten: Bool

  /// - Parameter isWritten: whether somebody takes the changes to write them down.
  package init(limits: WhereaboutsLimits = WhereaboutsLimits(), isWritten: Bool = false) {
    self.limits = limits
    self.isWritten = isWritten
    history = IntervalIndex(capacity: limits.versions)
    claims = IntervalIndex(capacity: limits.intervals)
  }

  package var tally: WhereaboutsTally {
    WhereaboutsTally(
      resources: numbers.count, versions: history.count, intervals: claims.count,
      texts: texts.count, refused: refused &+ history.refused, refusedIntervals: claims.refused,
      displacedIntervals: claims.displaced, forgotten: claims.forgotten &+ history.forgotten)
  }

  // MARK: Learning

  /// Takes in what a watcher told at `now`.
  package mutating func apply(_ change: ResourceChange, at now: Timestamp) {
    changes.begin()
    switch change {
    case .seen(let report): learn(report, at: now)
    case .gone(let identity, let since):
      guard let number = numbers[identity], let resource = resources[Int(number)] else { return }
      // Somebody else has seen it since.
      if resource.told <= now { end(number, at: since) }
    case .complete(let kind, let scope, let since):
      for (identity, number) in numbers where identity.kind == kind && identity.scope == scope {
        guard let resource = resources[Int(number)], resource.current != 0,
          resource.told < since
        else { continue }
        end(number, at: since)
      }
    }
  }

  private mutating func learn(_ report: ResourceReport, at now: Timestamp) {
    guard let number = admit(report.identity), let resource = resources[Int(number)] else {
      refused &+= 1
      return
    }
    // From a watcher that was away and has another's place by now: that one knows better.
    guard resource.told <= now else { return }
    resources[Int(number)]?.told = now
    let old = resource.current == 0 ? nil : versions[Int(resource.current) - 1]
    var time = report.validFrom
    if let old {
      // Who took over from another watcher knows the present, and less of the past than we do.
      if time.wholeSecond <= old.from, time < now { time = now }
    } else if resource.ended != 0, time.wholeSecond <= resource.ended {
      time = Timestamp(seconds: Int64(resource.ended) + 1)
    }
    guard let version = version(of: number, report, from: time) else {
      refused &+= 1
      if resource.uses == 0 { drop(number) }
      return
    }
    if let old, old.saysTheSame(as: version) {
      release(version)
      return
    }
    begin(version, of: number, after: old, at: time)
    guard isWritten else { return }
    if old != nil { unwritten.append(.ended(report.identity, at: time, isReplaced: true)) }
    var written = report
    written.validFrom = time
    unwritten.append(.began(written, told: now))
  }

  private mutating func begin(
    _ version: WhereaboutsVersion, of number: UInt32, after old: WhereaboutsVersion?,
    at time: Timestamp
  ) {
    changes.mark(resource: number)
    if identity(of: number)?.kind == .node, let boot = value(of: Self.boot, of: version) {
      let known = nodes[boot] ?? number
      let isShared = known == 0 || known != number && resources[Int(known)]?.current != 0
      if nodes.updateValue(isShared ? 0 : number, forKey: boot) != number { changes.markAll() }
    }
    let before = Set(old?.claims ?? [])
    if let old {
      let now = Set(version.claims)
      for claim in old.claims where !now.contains(claim) {
        changes.mark(claim)
        claims.end(claim, owner: number, at: time)
      }
      close(number, at: time)
      // Of those between a pod and its topmost workload nobody keeps a mark.
      if old.parents != version.parents, identity(of: number)?.kind.isWorkload == true {
        changes.markAll()
      }
    }
    for claim in version.claims {
      if !before.contains(claim) { changes.mark(claim) }
      if claim.kind == .block, !blockLengths.contains(claim.prefixLength) {
        blockLengths.append(claim.prefixLength)
        blockLengths.sort(by: >)
      }
      claims.begin(claim, owner: number, at: time)
    }
    let place = store(version)
    if let displaced = history.begin(number, owner: place, at: time) { remove(displaced) }
    resources[Int(number)]?.current = place + 1
  }

  /// Ends the version that holds, whose claims are the caller's to end.
  private mutating func close(_ number: UInt32, at time: Timestamp) {
    guard let current = resources[Int(number)]?.current, current != 0,
      let from = versions[Int(current) - 1]?.from
    else { return }
    let last = max(from, (time + -1).wholeSecond)
    versions[Int(current) - 1]?.last = last
    changes.mark(resource: number)
    if let given = versions[Int(current) - 1]?.number, given != 0 {
      ended.append((given, last + 1))
    }
    history.end(number, owner: current - 1, at: time)
    resources[Int(number)]?.current = 0
    resources[Int(number)]?.ended = last
  }

  private mutating func end(_ number: UInt32, at time: Timestamp) {
    guard let current = resources[Int(number)]?.current, current != 0,
      let version = versions[Int(current) - 1]
    else { return }
    for claim in version.claims {
      changes.mark(claim)
      claims.end(claim, owner: number, at: time)
    }
    close(number, at: time)
    if isWritten, let identity = identity(of: number) {
      unwritten.append(.ended(identity, at: time, isReplaced: false))
    }
  }

  /// Says by which number rows know a version.
  mutating func setNumber(_ number: UInt32, at place: Int) {
    versions[place]?.number = number
  }

  /// Forgets the numbers that are out of use.
  package mutating func keepNumbers(where isLive: (UInt32) -> Bool) {
    for place in versions.indices {
      if let number = versions[place]?.number, number != 0, !isLive(number) {
        versions[place]?.number = 0
      }
    }
    ended.removeAll { !isLive($0.number) }
  }

  mutating func takeUnwritten() -> [WhereaboutsChange] {
    defer { unwritten = [] }
    return unwritten
  }

  mutating func takeEnded() -> [(number: UInt32, second: UInt32)] {
    defer { ended = [] }
    return ended
  }

  /// Forgets what ended before the second.
  package mutating func forget(before second: UInt32) {
    if isWritten { unwritten.append(.forgotten(before: second)) }
    claims.forget(before: second)
    nodes = nodes.filter { $0.value == 0 || identity(of: $0.value)?.kind == .node }
    for place in history.forget(before: second) { remove(place) }
  }

  /// Takes in what was written down by a program before. To be called for the versions in the order in
  /// which they were told, before anything else is.
  package mutating func restore(_ written: WrittenResource) {
    learn(written.report, at: written.told)
    if let time = written.gone, let number = numbers[written.report.identity] {
      end(number, at: time)
    }
    unwritten.removeAll(keepingCapacity: true)
  }

  private mutating func remove(_ place: UInt32) {
    guard let version = versions[Int(place)] else { return }
    versions[Int(place)] = nil
    freeVersions.append(place)
    release(version)
  }

  // MARK: Numbers

  /// The number of a resource, given now when it is new; nil when there is no room.
  private mutating func admit(_ identity: ResourceIdentity) -> UInt32? {
    if let number = numbers[identity] { return number }
    guard numbers.count < limits.resources else { return nil }
    let number: UInt32
    if let free = freeResources.popLast() {
      number = free
      resources[Int(number)] = Resource(identity: identity)
    } else {
      number = UInt32(resources.count)
      resources.append(Resource(identity: identity))
    }
    numbers[identity] = number
    changes.mark(resource: number)
    if identity.kind == .container {
      containers[identity.id] = number
      changes.mark(container: identity.id)
    }
    return number
  }

  private mutating func drop(_ number: UInt32) {
    guard let uses = resources[Int(number)]?.uses else { return }
    guard uses <= 1, let identity = resources[Int(number)]?.identity else {
      resources[Int(number)]?.uses -= 1
      return
    }
    numbers[identity] = nil
    if identity.kind == .container {
      containers[identity.id] = nil
      changes.mark(container: identity.id)
    }
    resources[Int(number)] = nil
    freeResources.append(number)
  }

  /// A version with its texts and its resources in use; nil when there is no room.
  private mutating func version(
    of number: UInt32, _ report: ResourceReport, from time: Timestamp
  ) -> WhereaboutsVersion? {
    guard history.count < limits.versions else { return nil }
    var parents: [UInt32] = []
    for parent in report.parents {
      guard let parent = admit(parent), parent != number else { continue }
      parents.append(parent)
    }
    for resource in parents + [number] { resources[Int(resource)]?.uses += 1 }
    var scopes = scopes
    let most = limits.scopes
    let claims = Claim.all(of: report) { scope in
      if let number = scopes[scope] { return number }
      // Beyond the bound they share one that nobody asks for.
      guard scopes.count < most else { return .max }
      let number = UInt32(scopes.count)
      scopes[scope] = number
      return number
    }
    self.scopes = scopes
    return WhereaboutsVersion(
      resource: number, name: texts.retain(report.name), parents: parents,
      attributes: report.attributes.prefix(limits.attributesPerVersion)
        .filter { $0.name.utf8.count + $0.value.utf8.count <= 2 * limits.textBytes }
        .map { .init(name: texts.retain($0.name), value: texts.retain($0.value)) },
      claims: claims, from: time.wholeSecond, last: .max)
  }

  private mutating func release(_ version: WhereaboutsVersion) {
    texts.release(version.name)
    for attribute in version.attributes {
      texts.release(attribute.name)
      texts.release(attribute.value)
    }
    for resource in version.parents + [version.resource] { drop(resource) }
  }

  private mutating func store(_ version: WhereaboutsVersion) -> UInt32 {
    guard let place = freeVersions.popLast() else {
      versions.append(version)
      return UInt32(versions.count - 1)
    }
    versions[Int(place)] = version
    return place
  }
}

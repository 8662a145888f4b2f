// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A resource that a watcher tells of, in the versions that rows were given.
struct WatchedResource: Sendable {
  var entity: UInt32
  var versions: [(fingerprint: Int, number: UInt32)] = []
}

/// What watchers tell of the ends of rows.
extension CatalogState {
  /// Which cluster an agent's records are of; nil where none is known.
  package func cluster(ofAgent agent: UInt16) -> ResourceScope? {
    guard let key = clusterKeys[agent], !key.isEmpty, let id = clusters[key] else { return nil }
    return ResourceScope(.cluster, id)
  }

  /// Learns from an agent that watches it which cluster it is that agents call so.
  package mutating func learn(cluster: ResourceScope, from agent: UInt16) {
    guard cluster.kind == .cluster, let key = clusterKeys[agent], !key.isEmpty,
      clusters[key] != cluster.id
    else { return }
    clusters[key] = cluster.id
    note(.cluster(key: key, id: cluster.id))
  }

  /// Notes which versions have ended that rows were given.
  package mutating func learnEnds(of who: inout Whereabouts) {
    for (number, second) in who.takeEnded() where entities[number] != nil {
      note(.resourceEnded(number, at: second, sequence: nextSequence()))
      unstored.resources.append(number)
    }
  }

  /// Notes what watchers told since, to be written down.
  ///
  /// - Parameter written: A report as it is written.
  package mutating func learnChanges(
    of who: inout Whereabouts, _ written: (ResourceReport) -> [UInt8]
  ) {
    for change in who.takeUnwritten() {
      switch change {
      case .began(let report, let told):
        note(
          .watched(
            report.identity, from: report.validFrom, told: told, report: written(report)))
      case .ended(let identity, let time, let isReplaced):
        note(.watchedEnded(identity, at: time, isReplaced: isReplaced))
      case .forgotten(let second): note(.watchedForgotten(before: second))
      }
    }
  }

  /// The tags of an end that is `base` by what its agent says, and these resources by what watchers say.
  ///
  /// - Parameter valid: narrowed to the seconds that have the same answer.
  mutating func tags(
    of base: EndTags, and found: EndResources, at second: UInt32, _ who: inout Whereabouts,
    _ valid: inout ValidSeconds
  ) -> EndTags {
    guard found.source != .nothing || found.isUnclear else { return base }
    let told = isLive(base) && base.tagSet != 0 ? tagSets[Int(base.tagSet)].members : .init()
    var members = told
    // Without those that were not there, and of which nothing is known but an id.
    var there = found
    func known(_ resource: inout UInt32) -> UInt32 {
      let number = version(of: resource, at: second, &who, &valid)
      if number == 0 { resource = 0 }
      return number
    }
    members.pod = known(&there.pod)
    members.workload = known(&there.workload)
    members.namespace = known(&there.namespace)
    members.node = known(&there.node)
    members.service = known(&there.service)
    members.ingress = known(&there.ingress)
    members.cluster = known(&there.cluster)
    members.availabilityZone = known(&there.availabilityZone)
    members.region = known(&there.region)
    members.subnet = known(&there.subnet)
    _ = known(&there.device)
    members.source |=
      found.isUnclear ? EndResources.Source.unclear.rawValue : found.source.rawValue
    // The process's own is what the agent says already.
    let process = told.process == 0 ? 0 : UInt32.max
    var instance = there.autoInstance(process: process)
    if instance != 0, instance != process { members.autoInstance = known(&instance) }
    var service = there.autoService(process: process)
    guard service != 0, service != process, let identity = who.identity(of: service) else {
      return tagSet(base.serviceKind, members) { _ in base.service }
    }
    members.autoService = known(&service)
    let kind = ServiceEntry.Kind(rawValue: identity.kind.rawValue)
    return tagSet(kind, members) { $0.service(kind, identity.scope.id + "/" + identity.id) }
  }

  /// The number of the version of a resource in the second, given now when no row had it yet; 0 when it
  /// was not there, or when there is no number left.
  private mutating func version(
    of resource: UInt32, at second: UInt32, _ who: inout Whereabouts, _ valid: inout ValidSeconds
  ) -> UInt32 {
    guard resource != 0, let place = who.place(of: resource, at: second, &valid),
      let version = who.versions[place]
    else { return 0 }
    if version.number != 0 { return version.number }
    guard let identity = who.identity(of: resource) else { return 0 }
    let name = Self.cut(who.name(of: version), limits.nameBytes)
    var content = ResourceVersion.Content(name: name, instance: name)
    content.attributes = who.attributes(of: version).map {
      .init(Self.cut($0.name, limits.nameBytes), Self.cut($0.value, limits.nameBytes))
    }.filter { !$0.value.isEmpty }
    let number = number(
      of: identity, content, from: version.from, last: version.last)
    if number != 0 { who.setNumber(number, at: place) }
    return number
  }

  private mutating func number(
    of identity: ResourceIdentity, _ content: ResourceVersion.Content, from: UInt32, last: UInt32
  ) -> UInt32 {
    let fingerprint = content.fingerprint
    let known = watched[identity]
    if let version = known?.versions.first(where: { $0.fingerprint == fingerprint }) {
      return version.number
    }
    guard let number = pools[.resource].take() else {
      refusals.resources &+= 1
      return 0
    }
    guard let entity = known?.entity ?? pools[.entity].take() else {
      pools[.resource].giveBack([number])
      refusals.resources &+= 1
      return 0
    }
    watched[identity, default: WatchedResource(entity: entity)]
      .versions.append((fingerprint, number))
    entities[number] = entity
    givenEntities.insert(entity)
    note(
      .resource(
        ResourceVersion(
          number: number, identity: identity, entity: entity, content: content, validFrom: from,
          validTo: last == .max ? 0 : last + 1, sequence: nextSequence())))
    unstored.resources.append(number)
    return number
  }

  /// Forgets the versions that are out of use.
  mutating func forgetWatched() {
    for (identity, resource) in watched {
      let living = resource.versions.filter { entities[$0.number] != nil }
      guard living.count != resource.versions.count else { continue }
      watched[identity]?.versions = living
      if living.isEmpty { watched[identity] = nil }
    }
  }

  /// Whether the number of a version may be given to rows.
  package func isLive(resource number: UInt32) -> Bool { entities[number] != nil }
}

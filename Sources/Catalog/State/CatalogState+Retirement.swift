// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Numbers that no row has any more.
package struct Retirement: Hashable, Sendable {
  package var tagSets: [UInt32] = []
  package var resources: [UInt32] = []

  package var isEmpty: Bool { tagSets.isEmpty && resources.isEmpty }
}

extension CatalogState {
  /// How far ahead of the server's clock the time of a row may be.
  private static let rowLead: UInt32 = 3_600

  /// Notes which tag sets rows were given in `second`.
  package mutating func noteUse(_ used: inout UsedTagSets, second: UInt32) {
    var renewed: [UInt32] = []
    used.drain { number in
      guard Int(number) < tagSets.count, tagSets[Int(number)].number != 0,
        tagSets[Int(number)].lastUsed.addingWithin(TagSet.useSeconds) <= second
      else { return }
      tagSets[Int(number)].lastUsed = second
      renewed.append(number)
    }
    if !renewed.isEmpty { note(.used(renewed, at: second)) }
  }

  /// Notes that an agent has sent something.
  package mutating func noteAgent(_ agent: UInt16) {
    if hostTags[agent] == nil, let host = hosts[agent], !host.report.hostname.isEmpty {
      let tags = tags(of: host)
      hostTags[agent] = tags
    }
    guard agent != 0 else { return }
    guard agentsSeen[agent, default: 0].addingWithin(TagSet.useSeconds) <= second else { return }
    agentsSeen[agent] = second
    note(.agentSeen(agent, at: second))
  }

  /// Takes out of use what only rows had that are gone.
  ///
  /// What is taken out is named by nothing from now on, and its numbers are free once the store's
  /// tables have let go of it, when ``finish(_:)`` is called.
  ///
  /// - Parameter horizon: The second of the earliest row that is stored.
  package mutating func retire(before horizon: UInt32) -> Retirement {
    forgetRuns(before: horizon)
    let reachable = reachableTagSets()
    var referenced: Set<UInt32> = []
    for index in tagSets.indices where tagSets[index].number != 0 {
      let set = tagSets[index]
      if isUnused(since: set.lastUsed, before: horizon), !reachable.contains(set.number) {
        retiring.tagSets.append(set.number)
        tagSetNumbers[set.members] = nil
        containerIDs[set.number] = nil
        tagSets[index] = .none
      } else {
        referenced.formUnion(set.members.all)
      }
    }
    for number in entities.keys where !referenced.contains(number) {
      retiring.resources.append(number)
    }
    for number in retiring.resources {
      entities[number] = nil
      hostAgents[number] = nil
    }
    currentVersions = currentVersions.filter { entities[$0.value.number] != nil }
    forgetWatched()
    if !retiring.isEmpty { retirements += 1 }
    return retiring
  }

  /// Gives the numbers of what was taken out of use free.
  package mutating func finish(_ retirement: Retirement) {
    note(.gone(retirement))
    pools[.tagSet].giveBack(retirement.tagSets)
    pools[.resource].giveBack(retirement.resources)
    let (sets, resources) = (Set(retirement.tagSets), Set(retirement.resources))
    retiring.tagSets.removeAll { sets.contains($0) }
    retiring.resources.removeAll { resources.contains($0) }
    let living = Set(entities.values)
    pools[.entity].giveBack(givenEntities.subtracting(living))
    givenEntities = living
    retireServices()
    retireProcesses()
  }

  /// Whether a tag set may be given to rows.
  package func isLive(_ tags: EndTags) -> Bool {
    tags.tagSet == 0
      || Int(tags.tagSet) < tagSets.count && tagSets[Int(tags.tagSet)].number != 0
  }

  private func isUnused(since second: UInt32, before horizon: UInt32) -> Bool {
    second.addingWithin(TagSet.useSeconds).addingWithin(Self.rowLead) < horizon
  }

  /// Those that the next row may be given.
  private func reachableTagSets() -> Set<UInt32> {
    var numbers = Set(runs.values.map(\.tags.tagSet))
    numbers.formUnion(hostTags.values.map(\.tagSet))
    numbers.formUnion(listeners.tagSets)
    return numbers
  }

  /// An agent that has been away for as long as rows are kept has no processes.
  private mutating func forgetRuns(before horizon: UInt32) {
    for agent in runsOfAgent.keys.sorted()
    where isUnused(since: agentsSeen[agent, default: second], before: horizon) {
      for key in keys(of: agent) { forget(key) }
      listeners.remove(agent: agent)
      hostTags[agent] = nil
    }
  }

  private mutating func retireServices() {
    let named = Set(tagSets.map(\.service))
    let unnamed = services.filter { !named.contains($0.value) }
    guard !unnamed.isEmpty else { return }
    for name in unnamed.keys { services[name] = nil }
    pools[.service].giveBack(unnamed.values)
    note(.servicesGone(unnamed.values.sorted()))
  }

  private mutating func retireProcesses() {
    var named = Set(runs.values.map(\.run.process))
    for identity in currentVersions.keys where identity.kind == .process {
      if let number = identity.id.split(separator: "/").first.flatMap({ UInt32($0) }) {
        named.insert(number)
      }
    }
    let unnamed = processes.keys.filter { !named.contains($0) }.sorted()
    guard !unnamed.isEmpty else { return }
    for number in unnamed { removeProcess(number) }
    pools[.process].giveBack(unnamed)
    note(.processesGone(unnamed))
  }
}

extension UInt32 {
  /// The sum; the largest number where it has no room.
  func addingWithin(_ other: UInt32) -> UInt32 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension CatalogState {
  /// The state that `contents` was written down from, without the listeners, which traffic teaches
  /// again within a second.
  ///
  /// - Throws: ``CatalogError/store(during:reason:)`` when `contents` does not hang together.
  init(restoring contents: CatalogContents, limits: CatalogLimits) throws(CatalogError) {
    self.init(limits: limits)
    agents = contents.agents.sorted { $0.number < $1.number }
    for entry in agents {
      agentNumbers[entry.identity] = entry.number
      clusterKeys[entry.number] = entry.cluster
    }
    clusters = contents.clusters
    agentsSeen = contents.agentsSeen
    for entry in contents.services {
      services[ServiceName(kind: entry.kind, name: entry.name)] = entry.number
    }
    for entry in contents.processes { add(entry) }
    restore(contents.versions)
    for entry in contents.tagSets {
      add(entry)
      lastSequence = max(lastSequence, entry.sequence)
      second = max(second, entry.lastUsed)
    }
    if let leases = contents.leases {
      pools = NumberPools(
        leases,
        without: [
          .tagSet: contents.tagSets.map(\.number), .resource: Array(entities.keys),
          .entity: Array(givenEntities), .service: Array(services.values),
          .process: Array(processes.keys),
        ])
    }
    try Self.expectDense(contents.sources.map(\.number), "source")
    sources = contents.sources
    for entry in sources { sourceNumbers[entry.name] = entry.number }
    for entry in contents.protocols { protocolNames[entry.number] = entry.name }
    for entry in contents.hosts {
      hosts[entry.agent] = entry
      replaceAddresses(of: entry.agent, [], with: entry.report.addresses)
    }
    for run in contents.runs {
      guard processes[run.process] != nil else {
        throw .store(during: "reading process_run", reason: "process \(run.process) is missing")
      }
      runsOfAgent[run.key.agent, default: 0] += 1
      lastRunSerial += 1
      runs[run.key] = TaggedRun(
        run: run, tags: EndTags(tagSet: 0, service: 0, serviceKind: .process),
        serial: lastRunSerial)
    }
    version += 1
  }

  /// The numbers of each space that ``tagRestored()`` may need.
  var restoredNeeds: Int { runs.count * 2 + hosts.count }

  /// Gives what was restored its tags: those it had, where they are written down.
  mutating func tagRestored() {
    for entry in hosts.values.sorted(by: { $0.agent < $1.agent })
    where !entry.report.hostname.isEmpty {
      let tags = tags(of: entry)
      hostTags[entry.agent] = tags
    }
    for tagged in runs.values.sorted(by: { $0.serial < $1.serial }) {
      let tags = tags(of: tagged.run)
      runs[tagged.run.key]?.tags = tags
    }
  }

  private mutating func restore(_ versions: [CatalogContents.Version]) {
    for version in versions {
      entities[version.number] = version.entity
      givenEntities.insert(version.entity)
      lastSequence = max(lastSequence, version.sequence)
      guard let known = version.known else { continue }
      if known.identity.kind.isWatched {
        watched[known.identity, default: WatchedResource(entity: version.entity)]
          .versions.append((known.fingerprint, version.number))
      } else {
        currentVersions[known.identity] = CurrentVersion(
          number: version.number, entity: version.entity, fingerprint: known.fingerprint)
      }
    }
  }

  private static func expectDense(_ numbers: [UInt32], _ table: String) throws(CatalogError) {
    for (index, number) in numbers.enumerated() where number != UInt32(index + 1) {
      throw .store(
        during: "reading \(table)",
        reason: "number \(index + 1) is missing; restore catalog.sqlite from a backup")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension CatalogState {
  /// The state that `contents` was written down from, without the listeners, which traffic teaches
  /// again within a second.
  ///
  /// - Throws: ``CatalogError/store(during:reason:)`` when numbers are missing in `contents`: rows
  ///   in the store would then mean something else than they did.
  init(restoring contents: CatalogContents, limits: CatalogLimits) throws(CatalogError) {
    self.init(limits: limits)
    try Self.expectDense(contents.services.map(\.number), "service")
    try Self.expectDense(contents.processes.map(\.number), "process")
    try Self.expectDense(contents.tagSets.map(\.number), "tag_set")
    agents = contents.agents.sorted { $0.number < $1.number }
    for entry in agents { agentNumbers[entry.identity] = entry.number }
    services = contents.services
    for entry in services {
      serviceNumbers[ServiceName(kind: entry.kind, name: entry.name)] = entry.number
    }
    for entry in contents.processes { add(entry) }
    tagSets = contents.tagSets
    for entry in tagSets { tagSetNumbers[entry.values] = entry.number }
    try Self.expectDense(contents.sources.map(\.number), "source")
    sources = contents.sources
    for entry in sources { sourceNumbers[entry.name] = entry.number }
    for entry in contents.protocols { protocolNames[entry.number] = entry.name }
    for entry in contents.hosts {
      hosts[entry.agent] = entry
      replaceAddresses(of: entry.agent, [], with: entry.report.addresses)
      guard !entry.report.hostname.isEmpty else { continue }
      let tags = tags(of: entry)
      hostTags[entry.agent] = tags
    }
    for run in contents.runs {
      guard run.process > 0, run.process <= processes.count else {
        throw .store(during: "reading process_run", reason: "process \(run.process) is missing")
      }
      runsOfAgent[run.key.agent, default: 0] += 1
      lastRunSerial += 1
      let tags = tags(of: run)
      runs[run.key] = TaggedRun(run: run, tags: tags, serial: lastRunSerial)
    }
    version += 1
  }

  private static func expectDense(_ numbers: [UInt32], _ table: String) throws(CatalogError) {
    for (index, number) in numbers.enumerated() where number != UInt32(index + 1) {
      throw .store(
        during: "reading \(table)",
        reason: "number \(index + 1) is missing; restore catalog.sqlite from a backup")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Everything that is known, and what of it is not written down yet. Pure: no clock, no file.
///
/// Agents' reports are learned first (``learn(_:agent:)-4lyvn``), which gives out every number;
/// rows are then resolved by look-ups alone.
package struct CatalogState: Sendable {
  let limits: CatalogLimits
  package internal(set) var refusals = CatalogRefusals()
  /// Not written down yet, oldest first.
  var pending: [CatalogChange] = []
  /// Grows with every change.
  var version: UInt64 = 0

  var agents: [AgentEntry] = []
  var agentNumbers: [String: UInt16] = [:]
  var hosts: [UInt16: HostEntry] = [:]
  var hostTags: [UInt16: EndTags] = [:]
  /// The agents that reported an address as their host's own.
  var addressOwners: [IPAddress: [UInt16]] = [:]
  var services: [ServiceEntry] = []
  var serviceNumbers: [ServiceName: UInt32] = [:]
  var processes: [ProcessEntry] = []
  var processNumbers: [ProcessEntry.Identity: UInt32] = [:]
  var processesOfAgent: [UInt16: Int] = [:]
  var commandLines: [ProcessEntry.Identity: Int] = [:]
  var tagSets: [TagSet] = []
  var tagSetNumbers: [[String]: UInt32] = [:]
  var runs: [ProcessRun.Key: TaggedRun] = [:]
  var runsOfAgent: [UInt16: Int] = [:]
  var lastRunSerial: UInt64 = 0
  var protocolNames: [UInt8: String] = [:]
  var listeners: ListenerIndex

  struct ServiceName: Hashable, Sendable {
    var kind: ServiceEntry.Kind
    var name: String
  }

  struct TaggedRun: Sendable {
    var run: ProcessRun
    var tags: EndTags
    /// Order of arrival: the oldest make room first.
    var serial: UInt64
  }

  package init(limits: CatalogLimits = CatalogLimits()) {
    self.limits = limits
    listeners = ListenerIndex(capacity: limits.listeners)
  }

  /// The agent's number, given now when the identity is new.
  ///
  /// - Throws: ``CatalogError/tooManyAgents``, ``CatalogError/badIdentity``.
  package mutating func admit(
    identity: String, hostname: String = "", version: String, protocols: [ProtocolEntry]
  ) throws(CatalogError) -> UInt16 {
    guard (1...256).contains(identity.utf8.count), !identity.utf8.contains(0) else {
      throw .badIdentity
    }
    let known = agentNumbers[identity]
    guard known != nil || agents.count < Int(UInt16.max) else { throw .tooManyAgents }
    let number = known ?? UInt16(agents.count + 1)
    let entry = AgentEntry(
      number: number, identity: identity, hostname: Self.cut(hostname, limits.nameBytes),
      version: Self.cut(version, limits.nameBytes))
    if known == nil {
      agents.append(entry)
      agentNumbers[identity] = number
      note(.agent(entry))
    } else if agents[Int(number) - 1] != entry {
      agents[Int(number) - 1] = entry
      note(.agent(entry))
    }
    for entry in protocols { learn(entry) }
    return number
  }

  private mutating func learn(_ entry: ProtocolEntry) {
    let name = Self.cut(entry.name, 64)
    guard !name.isEmpty, protocolNames[entry.number] != name else { return }
    protocolNames[entry.number] = name
    note(.protocolName(ProtocolEntry(number: entry.number, name: name)))
  }

  /// The state as readers see it.
  package func snapshot() -> CatalogSnapshot {
    CatalogSnapshot(
      version: version, tagSets: tagSets, services: services, agents: agents,
      hosts: hosts.values.sorted { $0.agent < $1.agent },
      protocols: protocolNames.map { ProtocolEntry(number: $0.key, name: $0.value) }
        .sorted { $0.number < $1.number })
  }

  mutating func note(_ change: CatalogChange) {
    pending.append(change)
    version += 1
  }

  /// At most `limit` bytes of `text`, whole characters, with control characters made spaces: names
  /// are shown to people, and a zero byte would end them in the store.
  static func cut(_ text: String, _ limit: Int) -> String {
    if text.utf8.count <= limit, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) { return text }
    var result = ""
    var length = 0
    for scalar in text.unicodeScalars {
      let kept = scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar
      length += UTF8.width(kept)
      if length > limit { break }
      result.unicodeScalars.append(kept)
    }
    return result
  }
}

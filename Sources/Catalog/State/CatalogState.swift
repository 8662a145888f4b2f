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

  /// In the order of their numbers, which may have gaps.
  var agents: [AgentEntry] = []
  var agentNumbers: [String: UInt16] = [:]
  /// Agents that have stored nothing yet, and the numbers that they hold.
  var guests: [String: Guest] = [:]
  var guestNumbers: Set<UInt16> = []
  var hosts: [UInt16: HostEntry] = [:]
  var hostTags: [UInt16: EndTags] = [:]
  /// The agents of hosts, by the numbers of the hosts' versions.
  var hostAgents: [UInt32: UInt16] = [:]
  /// The agents that reported an address as their host's own.
  var addressOwners: [IPAddress: [UInt16]] = [:]
  /// When agents last sent something, to within ``TagSet/useSeconds``.
  var agentsSeen: [UInt16: UInt32] = [:]
  var services: [ServiceName: UInt32] = [:]
  var processes: [UInt32: ProcessEntry.Identity] = [:]
  var processNumbers: [ProcessEntry.Identity: UInt32] = [:]
  var processesOfAgent: [UInt16: Int] = [:]
  var commandLines: [ProcessEntry.Identity: Int] = [:]
  var pools: NumberPools
  /// By number; ``TagSet/none`` where there is none.
  var tagSets: [TagSet] = []
  var tagSetNumbers: [TagSet.Members: UInt32] = [:]
  var currentVersions: [ResourceIdentity: CurrentVersion] = [:]
  /// Of those that a watcher tells of: any of their versions may be a row's.
  var watched: [ResourceIdentity: WatchedResource] = [:]
  /// The container that the process of a tag set runs in.
  var containerIDs: [UInt32: String] = [:]
  /// Which cluster agents can reach, by what they call it.
  var clusterKeys: [UInt16: String] = [:]
  var clusters: [String: String] = [:]
  /// The resources of all versions that rows may stand for, by the version's number.
  var entities: [UInt32: UInt32] = [:]
  /// Those that had a version when it was last looked.
  var givenEntities: Set<UInt32> = []
  var unstored = UnstoredTags()
  /// Out of use, and not out of the store's tables yet.
  var retiring = Retirement()
  /// Grows whenever tag sets are taken out of use: whoever remembers some looks at ``isLive(_:)``.
  package var retirements: UInt64 = 0
  /// The server's clock, in seconds; see ``begin(second:)``.
  var second: UInt32 = 0
  var lastSequence: UInt64 = 0
  var runs: [ProcessRun.Key: TaggedRun] = [:]
  var runsOfAgent: [UInt16: Int] = [:]
  var lastRunSerial: UInt64 = 0
  var protocolNames: [UInt8: String] = [:]
  /// In the order of their numbers, from 1 without a gap.
  var sources: [SourceEntry] = []
  var sourceNumbers: [String: UInt32] = [:]
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
    pools = NumberPools(largest: .max)
    listeners = ListenerIndex(capacity: limits.listeners)
  }

  /// The agent's number, given now and for good when the identity is new.
  ///
  /// - Throws: ``CatalogError/tooManyAgents``, ``CatalogError/badIdentity``.
  package mutating func admit(
    identity: String, hostname: String = "", version: String, protocols: [ProtocolEntry],
    cluster: String = ""
  ) throws(CatalogError) -> UInt16 {
    let number = try greet(
      identity: identity, hostname: hostname, version: version, protocols: protocols,
      cluster: cluster)
    confirmAgent(identity)
    return number
  }

  /// How many numbers of each space learning these reports may take.
  package func needs(processes: Int, hosts: Int, agent: UInt16) -> Int {
    4 + 2 * processes + (hosts > 0 ? 2 * runsOfAgent[agent, default: 0] : 0)
  }

  /// Says what time it is to all that is learned next.
  package mutating func begin(second: UInt32) {
    self.second = max(self.second, second)
  }

  /// The state as readers see it.
  package func snapshot() -> CatalogSnapshot {
    CatalogSnapshot(
      version: version, agents: agents,
      hosts: hosts.values.sorted { $0.agent < $1.agent },
      protocols: protocolNames.map { ProtocolEntry(number: $0.key, name: $0.value) }
        .sorted { $0.number < $1.number }, sources: sources)
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

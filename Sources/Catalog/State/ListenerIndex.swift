// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who answers at an address and port, learned from rows that saw the server's process.
///
/// It gives the client's row the name of a server on another host, or behind another socket of the
/// same host. A loopback address means something else in each network namespace, and a private one
/// may be in use on several hosts at once (every container bridge has a 172.17.0.2), so an answer
/// from the row's own agent goes before one from elsewhere, and where two agents claim the same
/// address at the same time the claim of neither counts for a third.
struct ListenerIndex: Sendable {
  /// Seconds after which another agent's claim has lapsed.
  static let claimSeconds: UInt32 = 120
  /// Seconds without a call after which an entry may make room.
  static let idleSeconds: UInt32 = 3_600

  private struct Key: Hashable {
    /// 0 in the entries that are valid for every agent.
    var agent: UInt16
    /// 0 but for loopback addresses.
    var namespace: UInt32
    var transport: TransportProtocol
    var port: UInt16
    var address: IPAddress
  }

  private struct Entry {
    var tags: EndTags
    var agent: UInt16
    var lastSeen: UInt32
    /// When another agent last claimed it; 0 never.
    var contested: UInt32 = 0
  }

  private var entries: [Key: Entry] = [:]
  private var lastSweep: UInt32 = 0
  private let capacity: Int
  private(set) var refused: UInt64 = 0

  init(capacity: Int) {
    self.capacity = capacity
  }

  var count: Int { entries.count }
  var tagSets: [UInt32] { entries.values.map(\.tags.tagSet) }

  /// Notes that the process with `tags`, on `agent`'s host, answered at `server` in `second`.
  mutating func observe(
    _ server: CallEnd, transport: TransportProtocol, namespace: UInt32, agent: UInt16,
    tags: EndTags, second: UInt32
  ) {
    guard !server.address.isUnspecified, server.port != 0 else { return }
    let loopback = server.address.isLoopback
    var key = Key(
      agent: agent, namespace: loopback ? namespace : 0, transport: transport, port: server.port,
      address: server.address)
    claim(key, tags: tags, agent: agent, second: second)
    guard !loopback else { return }
    key.agent = 0
    claim(key, tags: tags, agent: agent, second: second)
  }

  /// Who answers at `server`, as far as `agent` can know; nil when nobody was seen there.
  func tags(
    of server: CallEnd, transport: TransportProtocol, namespace: UInt32, agent: UInt16
  ) -> EndTags? {
    let loopback = server.address.isLoopback
    var key = Key(
      agent: agent, namespace: loopback ? namespace : 0, transport: transport, port: server.port,
      address: server.address)
    if let own = entries[key] { return own.tags }
    guard !loopback else { return nil }
    key.agent = 0
    guard let entry = entries[key] else { return nil }
    let isContested =
      entry.contested != 0 && entry.lastSeen < entry.contested &+ Self.claimSeconds
    return isContested ? nil : entry.tags
  }

  /// Forgets what was learned from one agent, whose tag sets are about to change.
  mutating func remove(agent: UInt16) {
    entries = entries.filter { $0.value.agent != agent }
  }

  private mutating func claim(_ key: Key, tags: EndTags, agent: UInt16, second: UInt32) {
    if let index = entries.index(forKey: key) {
      update(&entries.values[index], tags: tags, agent: agent, second: second)
      return
    }
    if entries.count >= capacity { sweep(second) }
    guard entries.count < capacity else {
      refused &+= 1
      return
    }
    entries[key] = Entry(tags: tags, agent: agent, lastSeen: second)
  }

  private func update(_ entry: inout Entry, tags: EndTags, agent: UInt16, second: UInt32) {
    if entry.agent == agent {
      entry.tags = tags
      entry.lastSeen = max(entry.lastSeen, second)
    } else if second >= entry.lastSeen &+ Self.claimSeconds {
      entry = Entry(tags: tags, agent: agent, lastSeen: second)
    } else {
      entry.contested = max(entry.contested, second)
    }
  }

  /// At most once a minute, because it looks at every entry.
  private mutating func sweep(_ second: UInt32) {
    guard second >= lastSweep &+ 60 || second < lastSweep else { return }
    lastSweep = second
    entries = entries.filter { $0.value.lastSeen &+ Self.idleSeconds > second }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry

/// Which processes own the sockets behind packets, learned from calls that an agent saw at the
/// process: packets do not tell.
///
/// What one agent saw names the packets of the same agent only. A place that two processes were seen
/// at inside ``claimSeconds`` names neither.
struct SocketOwners: Sendable {
  /// Seconds after which another process's claim has lapsed, and after which an entry is too old to
  /// name anyone. A flow's report comes up to a minute after its calls.
  static let claimSeconds: UInt32 = 180
  static let capacity = 65_536

  /// Where a process was seen: at its address and port, or, when metrics have folded the port, at its
  /// address towards a server.
  private struct Place: Hashable {
    var agent: UInt16
    var transport: TransportProtocol
    var address: IPAddress
    var port: UInt16
    var peer: IPAddress
    var peerPort: UInt16
  }

  private struct Entry {
    var tags: EndTags
    var lastSeen: UInt32
    /// When a process with other tags was last seen here; 0 never.
    var contested: UInt32 = 0
  }

  private var entries: [Place: Entry] = [:]
  private var lastSweep: UInt32 = 0

  var count: Int { entries.count }

  /// Notes the process at the end of a call that its agent stands on.
  mutating func observe(
    _ call: CallRecord, agent: UInt16, state: borrowing CatalogState
  ) {
    let isServer = call.observationPoint == .serverProcess
    guard isServer || call.observationPoint == .clientProcess, call.transport != .unix else {
      return
    }
    let (own, peer) = isServer ? (call.server, call.client) : (call.client, call.server)
    guard let tags = state.tags(of: own.process, agent: agent) else { return }
    let second = call.end.storedSeconds
    claim(
      Place(
        agent: agent, transport: call.transport, address: own.address, port: own.port,
        peer: .unspecified, peerPort: 0), tags, second)
    guard !isServer else { return }
    claim(
      Place(
        agent: agent, transport: call.transport, address: own.address, port: 0,
        peer: peer.address, peerPort: peer.port), tags, second)
  }

  /// Who owns the socket at `address` and `port`; nil when nobody was seen there of late.
  func tags(
    address: IPAddress, port: UInt16, transport: TransportProtocol, agent: UInt16, second: UInt32
  ) -> EndTags? {
    guard port != 0 else { return nil }
    return tags(
      Place(
        agent: agent, transport: transport, address: address, port: port, peer: .unspecified,
        peerPort: 0), second)
  }

  /// Who at `address` calls `server`; nil when nobody was seen, or several were.
  func tags(
    address: IPAddress, calling server: CallEnd, transport: TransportProtocol, agent: UInt16,
    second: UInt32
  ) -> EndTags? {
    tags(
      Place(
        agent: agent, transport: transport, address: address, port: 0, peer: server.address,
        peerPort: server.port), second)
  }

  /// Forgets those whose tags are out of use.
  mutating func keep(where isLive: (EndTags) -> Bool) {
    entries = entries.filter { isLive($0.value.tags) }
  }

  private func tags(_ place: Place, _ second: UInt32) -> EndTags? {
    guard let entry = entries[place],
      second < entry.lastSeen.addingWithin(Self.claimSeconds),
      entry.contested == 0 || second >= entry.contested.addingWithin(Self.claimSeconds)
    else { return nil }
    return entry.tags
  }

  private mutating func claim(_ place: Place, _ tags: EndTags, _ second: UInt32) {
    if let index = entries.index(forKey: place) {
      let known = entries.values[index]
      if known.tags != tags, second < known.lastSeen.addingWithin(Self.claimSeconds) {
        entries.values[index].contested = max(known.contested, second)
      }
      entries.values[index].tags = tags
      entries.values[index].lastSeen = max(known.lastSeen, second)
      return
    }
    if entries.count >= Self.capacity { sweep(second) }
    guard entries.count < Self.capacity else { return }
    entries[place] = Entry(tags: tags, lastSeen: second)
  }

  /// Makes room; at most once a second, because it looks at every entry.
  private mutating func sweep(_ second: UInt32) {
    guard second != lastSweep else { return }
    lastSweep = second
    entries = entries.filter { $0.value.lastSeen.addingWithin(Self.claimSeconds) > second }
  }
}

extension UInt32 {
  fileprivate func addingWithin(_ other: UInt32) -> UInt32 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What the network figures are kept by.
struct NetworkPair: BitwiseCopyable {
  var client: IPAddress
  var server: IPAddress
  var serverPort: UInt16
  var transport: TransportProtocol
  var tunnelType: TunnelType
  var observationPoint: ObservationPoint

  @inline(__always)
  func isSame(as other: NetworkPair) -> Bool {
    client.isSame(as: other.client) && server.isSame(as: other.server)
      && serverPort == other.serverPort && transport.rawValue == other.transport.rawValue
      && tunnelType.rawValue == other.tunnelType.rawValue
      && observationPoint.rawValue == other.observationPoint.rawValue
  }

  func hash(seed: UInt64) -> UInt32 {
    var hash = Hash(seed: seed)
    hash.combine(client)
    hash.combine(server)
    hash.combine(
      UInt64(serverPort) << 32 | UInt64(transport.rawValue) << 16
        | UInt64(tunnelType.rawValue) << 8 | UInt64(observationPoint.rawValue))
    return hash.value
  }
}

/// The pairs that open flows, or intervals that are not written yet, speak of.
struct NetworkPairs {
  struct Entry: BitwiseCopyable {
    var pair: NetworkPair
    var hash: UInt32
    /// Flows and rows that speak of it; 0 for a free place.
    var holds: UInt32 = 0
    /// Flows that were open when the oldest second that is not closed began, and when its minute did.
    var load: UInt32 = 0
    var minuteLoad: UInt32 = 0
  }

  var entries: [Entry] = []
  private var free: [UInt32] = []
  private var index = SlotIndex()
  private let limit: Int
  private let seed: UInt64

  init(limit: Int, seed: UInt64) {
    self.limit = limit
    self.seed = seed
  }

  var count: Int { entries.count - free.count }

  /// The place of `pair`, which is new or was there, and whether that has its server. Without room for one
  /// more client it is that of the server and no client, and then that of all others, which has no ends:
  /// there is one for each transport, tunnel and observation point.
  mutating func find(_ pair: NetworkPair) -> (place: UInt32, hasServer: Bool) {
    let known = place(of: pair, limit: pair.client.isUnspecified ? limit : limit - limit / 8)
    if known != .max { return (known, true) }
    var folded = pair
    folded.client = .unspecified
    let server = place(of: folded, limit: limit - limit / 128)
    if server != .max { return (server, true) }
    (folded.server, folded.serverPort) = (.unspecified, 0)
    return (place(of: folded, limit: .max), false)
  }

  private mutating func place(of pair: NetworkPair, limit: Int) -> UInt32 {
    let hash = pair.hash(seed: seed)
    if let found = index.find(hash, where: { entries[$0].pair.isSame(as: pair) }) {
      return UInt32(found)
    }
    let entry = Entry(pair: pair, hash: hash)
    let place: Int
    guard count < limit else { return .max }
    if let reused = free.popLast() {
      place = Int(reused)
      entries[place] = entry
    } else {
      place = entries.count
      entries.append(entry)
    }
    index.insert(hash, slot: place)
    return UInt32(place)
  }

  mutating func hold(_ place: UInt32) {
    entries[Int(place)].holds += 1
  }

  /// Undoes one ``hold(_:)``; the pair is forgotten with the last.
  mutating func drop(_ place: UInt32) {
    entries[Int(place)].holds -= 1
    guard entries[Int(place)].holds == 0 else { return }
    index.remove(entries[Int(place)].hash, slot: Int(place))
    free.append(place)
  }
}

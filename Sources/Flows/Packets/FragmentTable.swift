// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What bounds the memory of first fragments.
package struct FragmentLimits: Sendable {
  /// First fragments remembered at a time, rounded up to a power of two of at least four; each takes
  /// about 300 bytes. Taken when the first fragment comes.
  package var entries = 1_024
  /// A first fragment is forgotten after this time, in nanoseconds of the packets' time. RFC 8200
  /// section 4.5 gives reassembly 60 s, Linux 30 s.
  package var lifetime: Int64 = 30_000_000_000
  /// Keys the hash; give a random one, so that nobody can aim at one bucket.
  package var hashSeed: UInt64 = 0x9e37_79b9_7f4a_7c15

  package init() {}
}

/// What fragments of one packet have in common (RFC 791 section 3.2, RFC 8200 section 4.5), and the
/// tunnel, as the address spaces in two tunnels may be the same.
struct FragmentKey: BitwiseCopyable {
  var source: IPAddress
  var destination: IPAddress
  var tunnel: UInt32
  var identification: UInt32
  var transport: UInt8

  @inline(__always)
  func equals(_ other: Self) -> Bool {
    identification == other.identification && transport == other.transport
      && tunnel == other.tunnel && source.low == other.source.low
      && source.high == other.source.high && destination.low == other.destination.low
      && destination.high == other.destination.high
  }
}

/// First fragments, for the later ones that have no ports.
///
/// A fixed number of places in groups of four: a new first fragment takes the place of its own key,
/// or the oldest of its group. Time is the packets' own, and may go backwards in a capture file.
struct FragmentTable {
  private struct Entry {
    var key: FragmentKey
    var packet: DecodedPacket
    var headerLength: Int
    var isFree = true
  }

  private static let groupSize = 4

  private let limits: FragmentLimits
  private var entries: [Entry] = []

  init(limits: FragmentLimits) {
    self.limits = limits
  }

  /// Remembers a first fragment and how many bytes of its payload the transport header takes.
  mutating func remember(_ key: FragmentKey, _ packet: DecodedPacket, headerLength: Int) {
    if entries.isEmpty { makePlaces() }
    let group = firstPlace(of: key)
    var chosen = group
    for place in group..<(group + Self.groupSize) {
      if entries[place].isFree || entries[place].key.equals(key) {
        chosen = place
        break
      }
      if entries[place].packet.time.nanoseconds < entries[chosen].packet.time.nanoseconds {
        chosen = place
      }
    }
    entries[chosen] = Entry(key: key, packet: packet, headerLength: headerLength, isFree: false)
  }

  /// Gives `packet`, a later fragment that lies `offset` bytes into the whole, the flow of its first;
  /// false when that is not known (any more).
  func complete(_ packet: inout DecodedPacket, _ key: FragmentKey, offset: Int) -> Bool {
    guard !entries.isEmpty else { return false }
    let group = firstPlace(of: key)
    for place in group..<(group + Self.groupSize)
    where !entries[place].isFree && entries[place].key.equals(key) {
      let age = packet.time.nanoseconds.subtractingReportingOverflow(
        entries[place].packet.time.nanoseconds)
      guard !age.overflow, age.partialValue.magnitude <= UInt64(max(0, limits.lifetime)) else {
        return false
      }
      merge(entries[place].packet, headerLength: entries[place].headerLength, &packet, offset)
      return true
    }
    return false
  }

  private func merge(
    _ first: DecodedPacket, headerLength: Int, _ packet: inout DecodedPacket, _ offset: Int
  ) {
    packet.isLaterFragment = true
    packet.transport = first.transport
    packet.sourcePort = first.sourcePort
    packet.destinationPort = first.destinationPort
    packet.icmpType = first.icmpType
    packet.icmpCode = first.icmpCode
    packet.icmpIdentifier = first.icmpIdentifier
    packet.icmpSequence = first.icmpSequence
    packet.acknowledgement = first.acknowledgement
    packet.window = first.window
    packet.sequence = first.sequence &+ UInt32(truncatingIfNeeded: offset - headerLength)
    // SYN and RST stay with the first byte, FIN and PSH belong to the last.
    packet.flags.rawValue = first.flags.rawValue & ~(packet.hasMoreFragments ? 0x0f : 0x06)
    if first.tunnel.tier > packet.tunnel.tier {
      // The packet inside has said its whole length, and its end, in the first fragment.
      packet.sequence = first.sequence &+ UInt32(truncatingIfNeeded: first.payloadLength)
      packet.flags.rawValue = first.flags.rawValue & 0x10
      packet.tunnel = first.tunnel
      packet.source = first.source
      packet.destination = first.destination
      packet.sourceLink = first.sourceLink
      packet.destinationLink = first.destinationLink
      packet.vlan = first.vlan
      packet.etherType = first.etherType
      packet.networkLength = 0
      packet.payloadLength = 0
      packet.payloadCaptured = 0
    }
  }

  private func firstPlace(of key: FragmentKey) -> Int {
    var hash = Hash(seed: limits.hashSeed)
    hash.combine(key.source)
    hash.combine(key.destination)
    hash.combine(UInt64(key.tunnel) << 32 | UInt64(key.identification))
    hash.combine(UInt64(key.transport))
    return Int(hash.value >> 1) & (entries.count / Self.groupSize - 1) * Self.groupSize
  }

  private mutating func makePlaces() {
    var size = Self.groupSize
    while size < limits.entries, size < 1 << 20 { size *= 2 }
    let nobody = FragmentKey(
      source: .unspecified, destination: .unspecified, tunnel: 0, identification: 0, transport: 0)
    entries = Array(
      repeating: Entry(key: nobody, packet: DecodedPacket(), headerLength: 0), count: size)
  }
}

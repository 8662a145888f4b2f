// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Tells packets that were captured twice: on the way in and on the way out of a switch, in two VLANs,
/// on two of the devices that "any" stands for, or by a file that was put together.
///
/// They are alike in all that their sender wrote, its identification of the packet too, which a
/// segment that is sent again has anew. Of a fixed number of places each has the packet that came last.
struct RecentPackets {
  private struct Place {
    var mark: UInt64 = 0
    var time: Int64 = 0
  }

  private static let count = 8_192
  /// Copies come within this time, nanoseconds: of packets whose identification tells them from those
  /// that are sent again; of senders that give all the same; and of those that give none.
  private static let reach: Int64 = 10_000_000
  private static let reachOfEqual: Int64 = 1_000_000
  private static let reachOfNone: Int64 = 100_000
  private static let reachOfDatagrams: Int64 = 20_000

  private var places = Array(repeating: Place(), count: RecentPackets.count)

  /// Remembers the packet; how long ago one like it came, in nanoseconds; nil when none did.
  @inline(__always)
  mutating func note(_ packet: inout DecodedPacket) -> Int64? {
    let mark = Self.mark(of: &packet)
    let index = Int(truncatingIfNeeded: mark) & (Self.count - 1)
    let time = packet.time.nanoseconds
    let isLike = places[index].mark == mark
    let since = time.subtractingReportingOverflow(places[index].time)
    places[index] = Place(mark: mark, time: time)
    return isLike && !since.overflow ? abs(max(since.partialValue, -.max)) : nil
  }

  @inline(__always)
  private static func mark(of packet: inout DecodedPacket) -> UInt64 {
    let ends =
      packet.source.low &* 0x9e37_79b9_7f4a_7c15 ^ packet.destination.low
      ^ UInt64(packet.sourcePort) << 48 ^ UInt64(packet.destinationPort) << 32
    let numbers = UInt64(packet.sequence) << 32 | UInt64(packet.acknowledgement)
    let rest =
      UInt64(packet.identification) << 48 | UInt64(packet.flags.rawValue) << 36
      ^ UInt64(packet.window) << 20 ^ UInt64(UInt32(truncatingIfNeeded: packet.payloadLength))
      ^ UInt64(packet.options.timestampValue) << 8 ^ UInt64(packet.icmpSequence) << 4
      ^ UInt64(packet.interface) << 40 ^ UInt64(packet.transport.rawValue) << 56
      ^ UInt64(packet.tunnel.id) << 16 ^ UInt64(packet.contentMark) << 24
    // Acknowledgements of later segments while one is missing differ in this alone.
    let block = packet.options.firstBlock
    let blocks = (UInt64(block.right) << 32 | UInt64(block.left)) &* 0x9fb2_1c65_1e98_df25
    let first = (ends ^ blocks ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(
      by: numbers ^ 0xe703_7ed1_a0b4_28db)
    let second = (first.high ^ first.low).multipliedFullWidth(by: rest ^ 0x8ebc_6af0_9c88_c6e3)
    return second.high ^ second.low | 1
  }

  /// Whether the packet is a copy of one like it that came `since` ago, given the identification of its
  /// direction's first; nil without a flow.
  static func isCopy(_ packet: inout DecodedPacket, since: Int64, known: UInt16?) -> Bool {
    if packet.isLaterFragment || packet.hasMoreFragments || since > reach { return false }
    let isTCP = packet.transport.rawValue == TransportProtocol.tcp.rawValue
    if packet.identification != 0 {
      let isBeginning = isTCP && packet.flags.rawValue & 0x02 != 0
      return packet.identification != known || isBeginning || since <= reachOfEqual
    }
    guard known != nil else { return false }
    return since <= (isTCP ? reachOfNone : reachOfDatagrams)
  }
}

extension FlowTable {
  /// Whether the packet was captured before, and is not to be counted again.
  @inline(never)
  mutating func isCopy(_ packet: inout DecodedPacket, since: Int64, slot: Int, direction: Int)
    -> Bool
  {
    RecentPackets.isCopy(
      &packet, since: since, known: details[slot].identification[direction])
  }
}

extension Span where Element == UInt8 {
  /// A number for the first bytes, the same for the same bytes.
  var contentMark: UInt32 {
    var mark: UInt64 = 0xa076_1d64_78bd_642f
    for offset in stride(from: 0, to: Swift.min(count, 256), by: 8) {
      let product = (mark ^ word(at: offset)).multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
      mark = product.high ^ product.low
    }
    return UInt32(truncatingIfNeeded: mark ^ mark >> 32)
  }
}

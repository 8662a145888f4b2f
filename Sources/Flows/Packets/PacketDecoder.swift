// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads the headers of frames, from the link's to the innermost transport's.
///
/// Allocates nothing per packet. Any bytes may come: a frame that cannot be read gives a reason and
/// nothing else. Checksums are not looked at, since interfaces fill them in behind the capture.
struct PacketDecoder {
  /// Tunnels that are opened, one in the other.
  private static let tunnels: UInt8 = 2

  private var fragments: FragmentTable
  private let blank = DecodedPacket()

  init(limits: FragmentLimits) {
    fragments = FragmentTable(limits: limits)
  }

  /// Fills `packet` with what the frame's headers say.
  ///
  /// Returns nil for a packet of a flow (TCP, UDP, ICMP, ICMPv6); otherwise why there is none, and
  /// then `packet` means nothing: ``LossReason/notIP``, ``LossReason/snapLength`` when a header goes on
  /// beyond the captured bytes, ``LossReason/fragmentMissing`` for a later fragment that comes before
  /// its first, and ``LossReason/malformedPacket``, also for link types that are not known.
  mutating func decode(
    _ captured: CapturedPacket, _ bytes: Span<UInt8>, into packet: inout DecodedPacket
  ) -> LossReason? {
    decode(captured, bytes, tunnels: Self.tunnels, into: &packet)
  }

  private mutating func decode(
    _ captured: CapturedPacket, _ bytes: Span<UInt8>, tunnels: UInt8,
    into packet: inout DecodedPacket
  ) -> LossReason? {
    packet = blank
    packet.time.nanoseconds = captured.time.nanoseconds
    packet.interface = captured.interface
    packet.frameLength = captured.length
    var walk = FrameWalk(bytes, length: captured.length, tunnels: tunnels)
    let first = walk.link(captured.linkType, &packet)
    let end = walk.run(from: first, &packet)
    // The kernel took the outer tag out of the frame; a tag inside it, or inside a tunnel, is nearer.
    if captured.vlan != 0, packet.vlan == 0, packet.tunnel.tier == 0 {
      packet.vlan = captured.vlan
    }
    if end == .flow, walk.fragment == nil { return nil }
    if end == .malformed, packet.tunnel.tier > 0 {
      return decodeOutside(captured, bytes, tunnels: packet.tunnel.tier - 1, into: &packet)
    }
    return finish(walk, end, &packet)
  }

  /// Decodes bytes again that only looked like a tunnel: what carries them is the packet, if it has a
  /// flow.
  @inline(never)
  private mutating func decodeOutside(
    _ captured: CapturedPacket, _ bytes: Span<UInt8>, tunnels: UInt8,
    into packet: inout DecodedPacket
  ) -> LossReason? {
    let reason = decode(captured, bytes, tunnels: tunnels, into: &packet)
    return reason == .notIP ? .malformedPacket : reason
  }

  /// Ends a walk that is not simply a packet of a flow.
  @inline(never)
  private mutating func finish(
    _ walk: borrowing FrameWalk, _ end: WalkStep, _ packet: inout DecodedPacket
  ) -> LossReason? {
    switch end {
    case .flow:
      guard let key = walk.fragment else { return nil }
      fragments.remember(key, packet, headerLength: walk.offset - walk.fragmentStart)
      // FIN and PSH speak of the end of the payload, which the last fragment has.
      if packet.hasMoreFragments { packet.flags.rawValue &= ~0x09 }
      return nil
    case .laterFragment:
      walk.setFragmentPayload(&packet)
      guard let key = walk.fragment,
        fragments.complete(&packet, key, offset: walk.fragmentOffset)
      else { return .fragmentMissing }
      return nil
    case .cut: return .snapLength
    case .notIP: return .notIP
    default: return .malformedPacket
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads the headers of frames, from the link's to the innermost transport's.
///
/// Allocates nothing per packet. Any bytes may come: a frame that cannot be read gives a reason and
/// nothing else. Checksums are not looked at, since interfaces fill them in behind the capture.
struct PacketDecoder {
  private let limits: FragmentLimits
  private let blank = DecodedPacket()

  init(limits: FragmentLimits) {
    self.limits = limits
  }

  /// Fills `packet` with what the frame's headers say.
  ///
  /// Returns nil for a packet of a flow (TCP, UDP, ICMP, ICMPv6); otherwise why there is none, and
  /// then `packet` means nothing.
  mutating func decode(
    _ captured: CapturedPacket, _ bytes: Span<UInt8>, into packet: inout DecodedPacket
  ) -> LossReason? {
    packet = blank
    packet.time = captured.time
    packet.interface = captured.interface
    packet.frameLength = captured.length
    guard captured.linkType.rawValue == 1, bytes.count >= 34 else { return .malformedPacket }
    let ethernet = HeaderBytes(bytes, at: 0, count: 14)
    packet.destinationLink.value = ethernet.u64(0) >> 16
    packet.sourceLink.value = ethernet.u64(6) >> 16
    packet.etherType = ethernet.u16(12)
    guard packet.etherType == 0x0800 else { return .notIP }
    let ip = HeaderBytes(bytes, at: 14, count: 20)
    let transport = 14 + Int(ip.u8(0) & 15) * 4
    let end = 14 + Int(ip.u16(2))
    packet.networkLength = UInt32(ip.u16(2))
    packet.identification = ip.u16(4)
    packet.timeToLive = ip.u8(8)
    packet.transport.rawValue = ip.u8(9)
    packet.source = IPAddress(v4: ip.u32(12))
    packet.destination = IPAddress(v4: ip.u32(16))
    guard packet.transport.rawValue == 6 || packet.transport.rawValue == 17 else { return .notIP }
    let isTCP = packet.transport.rawValue == 6
    let size = isTCP ? 20 : 8
    guard transport + size <= min(end, bytes.count) else { return .malformedPacket }
    let header = HeaderBytes(bytes, at: transport, count: size)
    packet.sourcePort = header.u16(0)
    packet.destinationPort = header.u16(2)
    packet.payloadOffset = transport + size
    if isTCP {
      packet.sequence = header.u32(4)
      packet.acknowledgement = header.u32(8)
      packet.flags.rawValue = header.u16(12) & 0x1ff
      packet.window = header.u16(14)
      packet.payloadOffset = transport + Int(header.u8(12) >> 4) * 4
    }
    guard packet.payloadOffset <= min(end, bytes.count) else { return .malformedPacket }
    packet.payloadLength = end - packet.payloadOffset
    packet.payloadCaptured = min(end, bytes.count) - packet.payloadOffset
    return nil
  }
}

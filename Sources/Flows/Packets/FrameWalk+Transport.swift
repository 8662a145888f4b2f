// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// TCP, UDP and ICMP headers.
extension FrameWalk {
  /// RFC 9293 section 3.1. Options that were not captured are done without: the flow needs the rest.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func tcp(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(20) else { return missing(20) }
    let header = HeaderBytes(bytes, at: offset, count: 20)
    let lengthAndFlags = header.u16(12)
    let length = Int(lengthAndFlags >> 12) &* 4
    guard length >= 20, offset &+ length <= limit else { return .malformed }
    packet.sourcePort = header.u16(0)
    packet.destinationPort = header.u16(2)
    packet.sequence = header.u32(4)
    packet.acknowledgement = header.u32(8)
    packet.flags.rawValue = lengthAndFlags & 0x1ff
    packet.window = header.u16(14)
    if length > 20 {
      packet.options.read(bytes, from: offset &+ 20, to: min(offset &+ length, available))
    }
    offset &+= length
    setPayload(endingAt: limit, &packet)
    return .flow
  }

  /// RFC 768, and the tunnels that are known by their port.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func udp(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(8) else { return missing(8) }
    let header = HeaderBytes(bytes, at: offset, count: 8)
    packet.sourcePort = header.u16(0)
    packet.destinationPort = header.u16(2)
    let length = Int(header.u16(4))
    let end = offset &+ length
    offset &+= 8
    if let inside = udpTunnel(&packet) { return inside }
    if length == 0 || end >= limit {
      // 0 comes from interfaces that cut big packets up themselves; a greater length than the IP
      // packet's from fragments, or it lies.
      setPayload(endingAt: limit, &packet)
    } else {
      guard length >= 8 else { return .malformed }
      setPayload(endingAt: end, &packet)
    }
    return .flow
  }

  /// RFC 792 and RFC 4443: eight bytes, of which echoes and their like have an identifier.
  @_lifetime(self: copy self)
  mutating func icmp(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(8) else { return missing(8) }
    let header = HeaderBytes(bytes, at: offset, count: 8)
    packet.sourcePort = 0
    packet.destinationPort = 0
    packet.icmpType = header.u8(0)
    packet.icmpCode = header.u8(1)
    let hasIdentifier =
      switch (packet.transport.rawValue, header.u8(0)) {
      case (1, 0), (1, 8), (1, 13...18), (58, 128), (58, 129): true
      default: false
      }
    if hasIdentifier {
      packet.icmpIdentifier = header.u16(4)
      packet.icmpSequence = header.u16(6)
    }
    offset &+= 8
    setPayload(endingAt: limit, &packet)
    return .flow
  }

  /// The payload begins here, or would have begun here if more had been captured.
  @inline(__always)
  private func setPayload(endingAt end: Int, _ packet: inout DecodedPacket) {
    packet.payloadOffset = min(offset, available)
    packet.payloadLength = end &- offset
    packet.payloadCaptured = max(0, min(end, available) &- offset)
  }

  /// A later fragment is payload from its first byte on.
  func setFragmentPayload(_ packet: inout DecodedPacket) {
    setPayload(endingAt: limit, &packet)
  }
}

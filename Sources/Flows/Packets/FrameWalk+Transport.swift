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
    if length > 20 { tcpOptions(offset &+ 20, min(offset &+ length, available), &packet.options) }
    offset &+= length
    setPayload(endingAt: limit, &packet)
    return .flow
  }

  /// Reads the options between two offsets; what is wrong with them ends the reading, not the packet.
  @inline(__always)
  private func tcpOptions(_ start: Int, _ end: Int, _ options: inout TCPOptions) {
    if end &- start == 12 {
      // What nearly every segment has: two bytes of padding and the timestamps (RFC 7323 appendix A).
      let usual = HeaderBytes(bytes, at: start, count: 12)
      if usual.u32(0) == 0x0101_080a {
        options.timestampValue = usual.u32(4)
        options.timestampEcho = usual.u32(8)
        return
      }
    }
    anyTCPOptions(start, end, &options)
  }

  @inline(never)
  private func anyTCPOptions(_ start: Int, _ end: Int, _ options: inout TCPOptions) {
    var next = start
    while next < end {
      let kind = HeaderBytes(bytes, at: next, count: 1).u8(0)
      if kind == 0 { return }
      if kind == 1 {
        next += 1
        continue
      }
      guard next + 2 <= end else { return }
      let length = Int(HeaderBytes(bytes, at: next, count: 2).u8(1))
      guard length >= 2, next + length <= end else { return }
      tcpOption(HeaderBytes(bytes, at: next, count: length), kind, length, &options)
      next += length
    }
  }

  private func tcpOption(
    _ option: borrowing HeaderBytes, _ kind: UInt8, _ length: Int, _ options: inout TCPOptions
  ) {
    switch (kind, length) {
    case (2, 4): options.maximumSegment = option.u16(2)
    // RFC 7323 section 2.3: a greater shift counts as 14.
    case (3, 3): options.windowScale = min(option.u8(2), 14)
    case (4, 2): options.permitsSelectiveAcknowledgement = true
    case (5, 10), (5, 18), (5, 26), (5, 34):
      options.selectiveBlocks = UInt8(length / 8)
      options.firstBlock = (option.u32(2), option.u32(6))
    case (8, 10):
      options.timestampValue = option.u32(2)
      options.timestampEcho = option.u32(6)
    // What balancers put in to tell the client's address; kinds that RFC 4727 leaves for experiments.
    case (253, 8), (254, 8):
      options.realPort = option.u16(2)
      options.realAddress.setV4(option.u32(4))
    case (253, 20), (254, 20):
      options.realPort = option.u16(2)
      options.realAddress.high = option.u64(4)
      options.realAddress.low = option.u64(12)
    default: break
    }
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

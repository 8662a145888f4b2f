// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// IP headers, their options and extensions, and fragments.
extension FrameWalk {
  /// Extension headers of one packet, at most. Each is at least 8 bytes.
  static let maximumExtensions = 16

  @inline(__always)
  func step(ofProtocol number: UInt8) -> WalkStep {
    switch number {
    case 6: .tcp
    case 17: .udp
    case 1, 58: .icmp
    case 4: .ipv4Inside
    case 41: .ipv6Inside
    case 47: .gre
    default: .notIP
    }
  }

  func ipOfAnyVersion() -> WalkStep {
    guard holds(1) else { return missing(1) }
    switch HeaderBytes(bytes, at: offset, count: 1).u8(0) >> 4 {
    case 4: return .ipv4
    case 6: return .ipv6
    default: return .malformed
    }
  }

  /// RFC 791. A total length of 0 comes from interfaces that cut big packets up themselves: the
  /// packet then goes on to the end of what is around it.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func ipv4(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(20) else { return missing(20) }
    let header = HeaderBytes(bytes, at: offset, count: 20)
    let length = Int(header.u8(0) & 0xf) &* 4
    let total = Int(header.u16(2))
    guard header.u8(0) >> 4 == 4, length >= 20 else { return .malformed }
    if total != 0 {
      guard total >= length else { return .malformed }
      setLimit(offset &+ total)
    }
    packet.etherType = 0x0800
    packet.networkLength = UInt32(truncatingIfNeeded: limit &- offset)
    packet.identification = header.u16(4)
    packet.timeToLive = header.u8(8)
    let number = header.u8(9)
    packet.transport.rawValue = number
    packet.source.setV4(header.u32(12))
    packet.destination.setV4(header.u32(16))
    if length > 20 {
      guard holds(length) else { return missing(length) }
    }
    offset &+= length
    let flags = header.u16(6)
    let next = step(ofProtocol: number)
    // Reserved bits and "don't fragment" aside. Fragments of what has no flows are not missed.
    guard flags & 0x3fff != 0, next != .notIP else { return next }
    let isFirst = noteFragment(
      number, identification: UInt32(packet.identification), at: Int(flags & 0x1fff) &* 8,
      isLast: flags & 0x2000 == 0, &packet)
    return isFirst ? next : .laterFragment
  }

  /// RFC 8200. A payload length of 0 is a jumbogram's (RFC 2675) or means the same as in IPv4.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func ipv6(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(40) else { return missing(40) }
    let header = HeaderBytes(bytes, at: offset, count: 40)
    guard header.u8(0) >> 4 == 6 else { return .malformed }
    let payload = Int(header.u16(4))
    if payload != 0 { setLimit(offset &+ 40 &+ payload) }
    packet.etherType = 0x86dd
    packet.networkLength = UInt32(truncatingIfNeeded: limit &- offset)
    packet.identification = 0
    packet.timeToLive = header.u8(7)
    packet.source.high = header.u64(8)
    packet.source.low = header.u64(16)
    packet.destination.high = header.u64(24)
    packet.destination.low = header.u64(32)
    offset &+= 40
    let number = header.u8(6)
    packet.transport.rawValue = number
    switch number {
    case 6: return .tcp
    case 17: return .udp
    default: return extensions(from: number, &packet)
    }
  }

  @inline(never)
  @_lifetime(self: copy self)
  private mutating func extensions(
    from first: UInt8, _ packet: inout DecodedPacket
  ) -> WalkStep {
    var number = first
    for _ in 0..<Self.maximumExtensions {
      switch number {
      case 0, 43, 51, 60, 135, 139, 140:
        guard holds(8) else { return missing(8) }
        let header = HeaderBytes(bytes, at: offset, count: 8)
        // Authentication headers (RFC 4302) count in 4 bytes less 2, all others in 8 less 1.
        let length = number == 51 ? (Int(header.u8(1)) + 2) * 4 : (Int(header.u8(1)) + 1) * 8
        guard holds(length) else { return missing(length) }
        offset += length
        number = header.u8(0)
      case 44:
        guard holds(8) else { return missing(8) }
        let header = HeaderBytes(bytes, at: offset, count: 8)
        offset += 8
        number = header.u8(0)
        let place = header.u16(2)
        // An atomic fragment (RFC 6946) is whole.
        guard place & 0xfff9 != 0 else { continue }
        let isFirst = noteFragment(
          number, identification: header.u32(4), at: Int(place & 0xfff8), isLast: place & 1 == 0,
          &packet)
        guard isFirst else { return mayLeadToFlow(number) ? .laterFragment : .notIP }
      default:
        packet.transport.rawValue = number
        return step(ofProtocol: number)
      }
    }
    return .malformed
  }

  private func mayLeadToFlow(_ number: UInt8) -> Bool {
    switch number {
    case 0, 43, 51, 60, 135, 139, 140: true
    default: step(ofProtocol: number) != .notIP
    }
  }

  /// Notes under which key a fragment's flow is remembered, or to be looked up; true for a first one,
  /// in which the transport header follows.
  @inline(never)
  @_lifetime(self: copy self)
  private mutating func noteFragment(
    _ number: UInt8, identification: UInt32, at place: Int, isLast: Bool,
    _ packet: inout DecodedPacket
  ) -> Bool {
    packet.hasMoreFragments = !isLast
    packet.transport.rawValue = number
    // Of fragments in fragments the outermost first one is remembered: its others hold no header.
    if place > 0 || fragment == nil {
      fragment = FragmentKey(
        source: packet.source, destination: packet.destination, tunnel: packet.tunnel.id,
        identification: identification, transport: number)
      fragmentStart = offset
    }
    fragmentOffset = place
    return place == 0
  }
}

extension IPAddress {
  /// Becomes the IPv4 address, as ``init(v4:)`` makes it, which would be a call from here.
  @inline(__always)
  mutating func setV4(_ v4: UInt32) {
    high = 0
    low = 0x0000_ffff_0000_0000 | UInt64(v4)
  }
}

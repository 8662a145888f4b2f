// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What stands before the IP header.
extension FrameWalk {
  /// Reads the header that `linkType` says the frame begins with.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func link(_ linkType: LinkType, _ packet: inout DecodedPacket) -> WalkStep {
    // The numbers of ``LinkType``, whose names would be calls here.
    linkType.rawValue == 1 ? .ethernet : rareLink(linkType, &packet)
  }

  @inline(never)
  @_lifetime(self: copy self)
  private mutating func rareLink(_ linkType: LinkType, _ packet: inout DecodedPacket) -> WalkStep {
    switch linkType.rawValue {
    case 0, 108: loopback()
    case 9, 50: .ppp
    case 12, 14, 101: .ip
    case 113: cooked(&packet)
    case 192: perPacketInformation(&packet)
    case 228: .ipv4
    case 229: .ipv6
    case 276: cookedV2(&packet)
    default: .malformed
    }
  }

  /// Per-Packet Information (CACE Technologies' PPI 1.0.7): facts about the packet's reception, in
  /// little-endian order, and then the packet on the link that its header names.
  @_lifetime(self: copy self)
  private mutating func perPacketInformation(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(8) else { return missing(8) }
    let header = HeaderBytes(bytes, at: offset, count: 8)
    let length = Int(header.u16(2).byteSwapped)
    let type = header.u32(4).byteSwapped
    // Version 0 is the only one, and it does not stand in itself.
    guard header.u8(0) == 0, length >= 8, type != 192, let inner = UInt16(exactly: type) else {
      return .malformed
    }
    guard holds(length) else { return missing(length) }
    offset &+= length
    return link(LinkType(rawValue: inner), &packet)
  }

  @inline(__always)
  func step(ofEtherType type: UInt16) -> WalkStep {
    switch type {
    case 0x0800: .ipv4
    case 0x86dd: .ipv6
    case 0x8100, 0x88a8, 0x9100: .vlan
    case 0x8847, 0x8848: .mpls
    case 0x8864: .pppoe
    default: .notIP
    }
  }

  @inline(__always)
  @_lifetime(self: copy self)
  mutating func ethernet(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(14) else { return missing(14) }
    let header = HeaderBytes(bytes, at: offset, count: 14)
    packet.destinationLink.value = header.u64(0) >> 16
    packet.sourceLink.value = header.u64(6) >> 16
    packet.vlan = 0
    offset &+= 14
    return step(ofEtherType: header.u16(12))
  }

  /// A tag of IEEE 802.1Q or 802.1ad; the innermost one stays.
  @_lifetime(self: copy self)
  mutating func vlan(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(4) else { return missing(4) }
    let header = HeaderBytes(bytes, at: offset, count: 4)
    packet.vlan = header.u16(0) & 0xfff
    offset &+= 4
    return step(ofEtherType: header.u16(2))
  }

  /// A stack of MPLS labels (RFC 3032). Nothing in it says what follows: the first four bits do, as
  /// for routers that balance by flow (RFC 4928): 4 and 6 are IP, 0 is the control word of a
  /// pseudowire (RFC 4385), taken to carry Ethernet (RFC 4448), and 1 its management channel.
  @_lifetime(self: copy self)
  mutating func mpls() -> WalkStep {
    for _ in 0..<Self.maximumSteps {
      guard holds(4) else { return missing(4) }
      let label = HeaderBytes(bytes, at: offset, count: 4).u32(0)
      offset &+= 4
      guard label & 0x100 != 0 else { continue }
      guard holds(1) else { return missing(1) }
      switch HeaderBytes(bytes, at: offset, count: 1).u8(0) >> 4 {
      case 4: return .ipv4
      case 6: return .ipv6
      case 0:
        guard holds(4) else { return missing(4) }
        offset &+= 4
        return .ethernet
      case 1: return .notIP
      default: return .ethernet
      }
    }
    return .malformed
  }

  /// PPP (RFC 1661), bare or in HDLC-like framing (RFC 1662), with or without its compressed fields;
  /// and Cisco's HDLC, which shares the link type.
  @_lifetime(self: copy self)
  mutating func ppp() -> WalkStep {
    guard holds(2) else { return missing(2) }
    let address = HeaderBytes(bytes, at: offset, count: 2)
    switch address.u16(0) {
    case 0xff03: offset &+= 2
    case 0x0f00, 0x8f00:
      guard holds(4) else { return missing(4) }
      let type = HeaderBytes(bytes, at: offset, count: 4).u16(2)
      offset &+= 4
      return step(ofEtherType: type)
    default: break
    }
    return pppProtocol()
  }

  @_lifetime(self: copy self)
  private mutating func pppProtocol() -> WalkStep {
    guard holds(2) else { return missing(2) }
    let header = HeaderBytes(bytes, at: offset, count: 2)
    // The first byte of a whole protocol number is even (RFC 1661 section 2).
    let isCompressed = header.u8(0) & 1 == 1
    offset &+= isCompressed ? 1 : 2
    switch isCompressed ? UInt16(header.u8(0)) : header.u16(0) {
    case 0x0021: return .ipv4
    case 0x0057: return .ipv6
    case 0x0281, 0x0283: return .mpls
    default: return .notIP
    }
  }

  /// A PPPoE session packet, RFC 2516 section 4.
  @_lifetime(self: copy self)
  mutating func pppoe() -> WalkStep {
    guard holds(6) else { return missing(6) }
    let header = HeaderBytes(bytes, at: offset, count: 6)
    guard header.u16(0) == 0x1100 else { return .notIP }
    offset &+= 6
    return pppProtocol()
  }

  /// The address family of the capturing system, in its byte order or the network's.
  @_lifetime(self: copy self)
  private mutating func loopback() -> WalkStep {
    guard holds(4) else { return missing(4) }
    let value = HeaderBytes(bytes, at: offset, count: 4).u32(0)
    offset &+= 4
    switch value < 0x1_0000 ? value : value.byteSwapped {
    case 2: return .ipv4
    // Linux, NetBSD and OpenBSD, FreeBSD, macOS.
    case 10, 24, 28, 30: return .ipv6
    default: return .notIP
    }
  }

  /// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
  @_lifetime(self: copy self)
  private mutating func cooked(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(16) else { return missing(16) }
    let header = HeaderBytes(bytes, at: offset, count: 16)
    if header.u16(4) == 6 { packet.sourceLink.value = header.u64(6) >> 16 }
    offset &+= 16
    return step(ofEtherType: header.u16(14))
  }

  /// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
  @_lifetime(self: copy self)
  private mutating func cookedV2(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(20) else { return missing(20) }
    let header = HeaderBytes(bytes, at: offset, count: 20)
    if header.u8(11) == 6 { packet.sourceLink.value = header.u64(12) >> 16 }
    offset &+= 20
    return step(ofEtherType: header.u16(0))
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Headers that have another packet inside.
extension FrameWalk {
  /// Opens a tunnel: what comes next is `inside`. Beyond the layers that are opened it is not looked
  /// into, and has no flow of its own.
  @inline(never)
  @_lifetime(self: copy self)
  mutating func enter(
    _ type: TunnelType, id: UInt32, inside: WalkStep, _ packet: inout DecodedPacket
  ) -> WalkStep {
    guard packet.tunnel.tier < tunnels else { return .notIP }
    if packet.tunnel.tier == 0 {
      packet.tunnel.type = type
      packet.tunnel.id = id
      packet.tunnel.source = packet.source
      packet.tunnel.destination = packet.destination
    }
    packet.tunnel.tier += 1
    // Whether the inner packet is whole, its own length says.
    packet.hasMoreFragments = false
    return inside
  }

  /// What follows a UDP header when it leads into a tunnel that may still be opened.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func udpTunnel(_ packet: inout DecodedPacket) -> WalkStep? {
    switch packet.destinationPort {
    case 4789, 8472, 6784: vxlan(&packet, isStrict: false)
    case 6081: geneve(&packet)
    case 4790: vxlanGPE(&packet)
    // Some mirrors send VXLAN between equal ports to an address that begins with all ones.
    case packet.sourcePort where packet.destinationLink.value >> 32 == 0xffff:
      vxlan(&packet, isStrict: true)
    default: nil
    }
  }

  /// For a header that may be of a tunnel: cut when it was not captured; no tunnel when it has no room.
  private func absent(_ count: Int) -> WalkStep? { missing(count) == .cut ? .cut : nil }

  /// RFC 7348 section 5. Where the port says nothing (`isStrict`) the reserved fields must be 0, too.
  @inline(never)
  @_lifetime(self: copy self)
  private mutating func vxlan(_ packet: inout DecodedPacket, isStrict: Bool) -> WalkStep? {
    guard packet.tunnel.tier < tunnels else { return nil }
    guard holds(8) else { return absent(8) }
    let header = HeaderBytes(bytes, at: offset, count: 8)
    guard header.u8(0) & 0x08 != 0 else { return nil }
    guard !isStrict || (header.u32(0) == 0x0800_0000 && header.u8(7) == 0) else { return nil }
    offset += 8
    return enter(.vxlan, id: header.u32(4) >> 8, inside: .ethernet, &packet)
  }

  /// RFC 8926 section 3.4. The options are skipped.
  @inline(never)
  @_lifetime(self: copy self)
  private mutating func geneve(_ packet: inout DecodedPacket) -> WalkStep? {
    guard packet.tunnel.tier < tunnels else { return nil }
    guard holds(8) else { return absent(8) }
    let header = HeaderBytes(bytes, at: offset, count: 8)
    let length = 8 + Int(header.u8(0) & 0x3f) * 4
    let type = header.u16(2)
    let inside = type == 0x6558 ? .ethernet : step(ofEtherType: type)
    guard header.u8(0) >> 6 == 0, inside != .notIP else { return nil }
    guard holds(length) else { return absent(length) }
    offset += length
    return enter(.geneve, id: header.u32(4) >> 8, inside: inside, &packet)
  }

  /// draft-ietf-nvo3-vxlan-gpe-13 section 3: VXLAN that says what is inside.
  @inline(never)
  @_lifetime(self: copy self)
  private mutating func vxlanGPE(_ packet: inout DecodedPacket) -> WalkStep? {
    guard packet.tunnel.tier < tunnels else { return nil }
    guard holds(8) else { return absent(8) }
    let header = HeaderBytes(bytes, at: offset, count: 8)
    // The instance flag as in VXLAN, version 0.
    guard header.u8(0) & 0x38 == 0x08 else { return nil }
    let inside = header.u8(0) & 0x04 == 0 ? .ethernet : step(ofNextProtocol: header.u8(3))
    guard inside != .notIP else { return nil }
    offset += 8
    return enter(.vxlanGPE, id: header.u32(4) >> 8, inside: inside, &packet)
  }

  /// The protocols that may follow VXLAN-GPE and NSH.
  private func step(ofNextProtocol number: UInt8) -> WalkStep {
    switch number {
    case 1: .ipv4
    case 2: .ipv6
    case 3: .ethernet
    case 4: .nsh
    case 5: .mpls
    default: .notIP
    }
  }

  /// RFC 8300 section 2; the service path is not looked at.
  @_lifetime(self: copy self)
  mutating func nsh() -> WalkStep {
    guard holds(8) else { return missing(8) }
    let header = HeaderBytes(bytes, at: offset, count: 8)
    let length = Int(header.u16(0) & 0x3f) * 4
    guard header.u8(0) >> 6 == 0, length >= 8 else { return .malformed }
    guard holds(length) else { return missing(length) }
    offset += length
    return step(ofNextProtocol: header.u8(3))
  }

  /// RFC 2784 with the key and the sequence number of RFC 2890; version 0.
  @_lifetime(self: copy self)
  mutating func gre(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(4) else { return missing(4) }
    let flags = HeaderBytes(bytes, at: offset, count: 4).u16(0)
    let type = HeaderBytes(bytes, at: offset, count: 4).u16(2)
    // Version 1 is PPTP's (RFC 2637).
    guard flags & 7 == 0 else { return .notIP }
    // Source routes, which RFC 2784 took out.
    guard flags & 0x4000 == 0 else { return .malformed }
    let hasChecksum = flags & 0x8000 != 0
    let hasKey = flags & 0x2000 != 0
    let hasSequence = flags & 0x1000 != 0
    let length = 4 + (hasChecksum ? 4 : 0) + (hasKey ? 4 : 0) + (hasSequence ? 4 : 0)
    guard holds(length) else { return missing(length) }
    let key =
      hasKey ? HeaderBytes(bytes, at: offset + (hasChecksum ? 8 : 4), count: 4).u32(0) : 0
    offset += length
    switch type {
    case 0x6558: return enter(.gre, id: key, inside: .ethernet, &packet)
    case 0x88be where !hasSequence: return enter(.gre, id: key, inside: .ethernet, &packet)
    case 0x88be: return erspan(&packet)
    case 0x22eb: return erspanIII(&packet)
    default:
      let inside = step(ofEtherType: type)
      return inside == .notIP ? .notIP : enter(.gre, id: key, inside: inside, &packet)
    }
  }

  /// ERSPAN type II, draft-foschiano-erspan-03 section 4.2. Type I has no header of its own.
  @_lifetime(self: copy self)
  private mutating func erspan(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(8) else { return missing(8) }
    let header = HeaderBytes(bytes, at: offset, count: 8)
    guard header.u8(0) >> 4 == 1 else { return .malformed }
    offset += 8
    return enter(.gre, id: UInt32(header.u16(2) & 0x3ff), inside: .ethernet, &packet)
  }

  /// ERSPAN type III, draft-foschiano-erspan-03 section 4.3.
  @_lifetime(self: copy self)
  private mutating func erspanIII(_ packet: inout DecodedPacket) -> WalkStep {
    guard holds(12) else { return missing(12) }
    let header = HeaderBytes(bytes, at: offset, count: 12)
    guard header.u8(0) >> 4 == 2 else { return .malformed }
    // The lowest bit announces the platform's own subheader.
    let length = header.u8(11) & 1 == 0 ? 12 : 20
    guard holds(length) else { return missing(length) }
    offset += length
    // The type of the mirrored frame.
    let inside: WalkStep =
      switch header.u16(10) >> 10 & 0x1f {
      case 0: .ethernet
      case 2: .ip
      default: .notIP
      }
    let session = UInt32(header.u16(2) & 0x3ff)
    return inside == .notIP ? .notIP : enter(.gre, id: session, inside: inside, &packet)
  }
}

// SPDX-License-Identifier: Apache-2.0

/// The format of a captured frame's first header: the number that capture files use
/// (https://www.tcpdump.org/linktypes.html). Others are read from files but not decoded.
@usableFromInline package struct LinkType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var rawValue: UInt16

  @inlinable @inline(__always)
  package init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// BSD loopback: a 4-byte address family in the byte order of the host that captured.
  @inlinable package static var null: LinkType { LinkType(rawValue: 0) }
  @inlinable package static var ethernet: LinkType { LinkType(rawValue: 1) }
  @inlinable package static var ppp: LinkType { LinkType(rawValue: 9) }
  /// PPP in HDLC-like framing, RFC 1662.
  @inlinable package static var pppHDLC: LinkType { LinkType(rawValue: 50) }
  /// An IPv4 or IPv6 header; its version says which. 12 and 14 are older numbers for it.
  @inlinable package static var raw: LinkType { LinkType(rawValue: 101) }
  /// OpenBSD loopback: like ``null``, in network byte order.
  @inlinable package static var loop: LinkType { LinkType(rawValue: 108) }
  @inlinable package static var linuxCooked: LinkType { LinkType(rawValue: 113) }
  /// Per-Packet Information: facts about a packet's reception before the packet.
  @inlinable package static var perPacketInformation: LinkType { LinkType(rawValue: 192) }
  @inlinable package static var ipv4: LinkType { LinkType(rawValue: 228) }
  @inlinable package static var ipv6: LinkType { LinkType(rawValue: 229) }
  @inlinable package static var linuxCookedV2: LinkType { LinkType(rawValue: 276) }
}

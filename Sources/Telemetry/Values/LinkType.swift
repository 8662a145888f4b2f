// SPDX-License-Identifier: Apache-2.0

/// The format of a captured frame's first header: the number that capture files use
/// (https://www.tcpdump.org/linktypes.html). Others are read from files but not decoded.
package struct LinkType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt16

  package init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// BSD loopback: a 4-byte address family in the byte order of the host that captured.
  package static let null = LinkType(rawValue: 0)
  package static let ethernet = LinkType(rawValue: 1)
  package static let ppp = LinkType(rawValue: 9)
  /// PPP in HDLC-like framing, RFC 1662.
  package static let pppHDLC = LinkType(rawValue: 50)
  /// An IPv4 or IPv6 header; its version says which. 12 and 14 are older numbers for it.
  package static let raw = LinkType(rawValue: 101)
  /// OpenBSD loopback: like ``null``, in network byte order.
  package static let loop = LinkType(rawValue: 108)
  package static let linuxCooked = LinkType(rawValue: 113)
  package static let ipv4 = LinkType(rawValue: 228)
  package static let ipv6 = LinkType(rawValue: 229)
  package static let linuxCookedV2 = LinkType(rawValue: 276)
}

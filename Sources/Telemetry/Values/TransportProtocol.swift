// SPDX-License-Identifier: Apache-2.0

/// An IP protocol number, as IANA assigns them, or ``unix``.
@usableFromInline
package struct TransportProtocol: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var rawValue: UInt8

  @inlinable @inline(__always)
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// RFC 792.
  @inlinable package static var icmp: TransportProtocol { TransportProtocol(rawValue: 1) }
  /// RFC 9293.
  @inlinable package static var tcp: TransportProtocol { TransportProtocol(rawValue: 6) }
  /// RFC 768.
  @inlinable package static var udp: TransportProtocol { TransportProtocol(rawValue: 17) }
  /// RFC 4443.
  @inlinable package static var icmpV6: TransportProtocol { TransportProtocol(rawValue: 58) }
  /// A UNIX stream socket: no IP protocol, and IANA reserves the number. Its ends have no addresses.
  @inlinable package static var unix: TransportProtocol { TransportProtocol(rawValue: 255) }
}

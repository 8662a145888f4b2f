// SPDX-License-Identifier: Apache-2.0

/// An IP protocol number, as IANA assigns them, or ``unix``.
package struct TransportProtocol: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// RFC 792.
  package static let icmp = TransportProtocol(rawValue: 1)
  /// RFC 9293.
  package static let tcp = TransportProtocol(rawValue: 6)
  /// RFC 768.
  package static let udp = TransportProtocol(rawValue: 17)
  /// RFC 4443.
  package static let icmpV6 = TransportProtocol(rawValue: 58)
  /// A UNIX stream socket: no IP protocol, and IANA reserves the number. Its ends have no addresses.
  package static let unix = TransportProtocol(rawValue: 255)
}

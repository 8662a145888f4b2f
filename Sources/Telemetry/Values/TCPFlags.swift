// SPDX-License-Identifier: Apache-2.0

/// The control bits of a TCP header (RFC 9293 section 3.1), lowest bit first as stored in
/// `tcp_flags_bit_0`.
@usableFromInline package struct TCPFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var rawValue: UInt16

  @inlinable @inline(__always)
  package init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  @inlinable package static var fin: TCPFlags { TCPFlags(rawValue: 0x01) }
  @inlinable package static var syn: TCPFlags { TCPFlags(rawValue: 0x02) }
  @inlinable package static var rst: TCPFlags { TCPFlags(rawValue: 0x04) }
  @inlinable package static var psh: TCPFlags { TCPFlags(rawValue: 0x08) }
  @inlinable package static var ack: TCPFlags { TCPFlags(rawValue: 0x10) }
  @inlinable package static var urg: TCPFlags { TCPFlags(rawValue: 0x20) }
  @inlinable package static var ece: TCPFlags { TCPFlags(rawValue: 0x40) }
  @inlinable package static var cwr: TCPFlags { TCPFlags(rawValue: 0x80) }
  @inlinable package static var ns: TCPFlags { TCPFlags(rawValue: 0x100) }
}

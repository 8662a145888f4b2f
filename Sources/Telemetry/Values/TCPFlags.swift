// SPDX-License-Identifier: Apache-2.0

/// The control bits of a TCP header (RFC 9293 section 3.1), lowest bit first as stored in
/// `tcp_flags_bit_0`.
package struct TCPFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt16

  package init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  package static let fin = TCPFlags(rawValue: 0x01)
  package static let syn = TCPFlags(rawValue: 0x02)
  package static let rst = TCPFlags(rawValue: 0x04)
  package static let psh = TCPFlags(rawValue: 0x08)
  package static let ack = TCPFlags(rawValue: 0x10)
  package static let urg = TCPFlags(rawValue: 0x20)
  package static let ece = TCPFlags(rawValue: 0x40)
  package static let cwr = TCPFlags(rawValue: 0x80)
  package static let ns = TCPFlags(rawValue: 0x100)
}

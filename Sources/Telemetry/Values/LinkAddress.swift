// SPDX-License-Identifier: Apache-2.0

/// A 48-bit IEEE 802 address; the six bytes read as a big-endian integer.
package struct LinkAddress: Hashable, Sendable, BitwiseCopyable {
  package var value: UInt64

  package init(_ value: UInt64) {
    self.value = value
  }

  /// Also stands for "not known": the link has no addresses.
  package static let none = LinkAddress(0)

  /// Broadcast or multicast: the lowest bit of the first byte.
  package var isGroup: Bool { value >> 40 & 1 == 1 }
}

extension LinkAddress: CustomStringConvertible {
  /// `02:42:ac:11:00:02`.
  package var description: String {
    (0..<6).map { index in
      let text = String(value >> UInt64(40 - index * 8) & 0xff, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined(separator: ":")
  }
}

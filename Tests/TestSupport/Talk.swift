// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// What one side says in one go: a turn of a conversation, written as text or as bytes.
package struct Talk: Hashable, Sendable {
  package var side: Side
  package var bytes: [UInt8]

  /// The UTF-8 of `text`, where Swift's escapes (`\r\n`, `\0`) serve for what cannot be typed.
  package init(_ side: Side, _ text: String) {
    self.init(side, bytes: Array(text.utf8))
  }

  package init(_ side: Side, bytes: [UInt8]) {
    self.side = side
    self.bytes = bytes
  }

  /// Bytes as hexadecimal digits; everything else (spaces, line ends) is decoration.
  package init(_ side: Side, hex: String) {
    let digits = hex.compactMap(\.hexDigitValue)
    precondition(digits.count.isMultiple(of: 2), "a byte is two hexadecimal digits")
    let bytes = stride(from: 0, to: digits.count, by: 2).map { index in
      UInt8(digits[index] * 16 + digits[index + 1])
    }
    self.init(side, bytes: bytes)
  }
}

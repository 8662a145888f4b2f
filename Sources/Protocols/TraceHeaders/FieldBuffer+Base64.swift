// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension FieldBuffer {
  /// Decodes the base64 (RFC 4648 section 4, padding optional) of `source` at `range`; nil, with the
  /// buffer as it was but for bytes that no text points to, when it is none.
  mutating func appendBase64(_ source: Span<UInt8>, at range: Range<Int>) -> Text? {
    let mark = self.mark
    guard pushBase64(source, at: range) else { return nil }
    return finish(from: mark)
  }

  /// Pushes what the base64 decodes to; false when it is none or empty.
  mutating func pushBase64(_ source: Span<UInt8>, at range: Range<Int>) -> Bool {
    var bits: UInt32 = 0
    var count = 0
    for index in range {
      let byte = source[index]
      if byte == UInt8(ascii: "=") { break }
      guard let value = Self.base64Value(byte) else { return false }
      bits = bits << 6 | UInt32(value)
      count += 1
      if count % 4 == 0 {
        push(UInt8(truncatingIfNeeded: bits >> 16))
        push(UInt8(truncatingIfNeeded: bits >> 8))
        push(UInt8(truncatingIfNeeded: bits))
      }
    }
    switch count % 4 {
    case 2: push(UInt8(truncatingIfNeeded: bits >> 4))
    case 3:
      push(UInt8(truncatingIfNeeded: bits >> 10))
      push(UInt8(truncatingIfNeeded: bits >> 2))
    case 1: return false
    default: break
    }
    return count > 0
  }

  private static func base64Value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}

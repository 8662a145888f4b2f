// SPDX-License-Identifier: Apache-2.0

/// What a JSON text with escapes (RFC 8259 section 7) means.
struct JSONEscapes: ~Escapable {
  private let bytes: Span<UInt8>
  private var offset = 0

  /// - Parameter bytes: what stands between the quotation marks.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) {
    self.bytes = bytes
  }

  /// An escape that is none stands for U+FFFD, and so does half a surrogate pair.
  @_lifetime(self: copy self)
  mutating func resolved() -> String {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == UInt8(ascii: "\\") {
        text += String(next()).utf8
      } else {
        text.append(byte)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  @_lifetime(self: copy self)
  private mutating func next() -> Unicode.Scalar {
    guard offset < bytes.count else { return "\u{fffd}" }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return scalar()
    default: return "\u{fffd}"
    }
  }

  @_lifetime(self: copy self)
  private mutating func scalar() -> Unicode.Scalar {
    guard let first = digits() else { return "\u{fffd}" }
    guard first >> 10 == 0x36 else { return Unicode.Scalar(first) ?? "\u{fffd}" }
    let back = offset
    guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
      bytes[offset + 1] == UInt8(ascii: "u")
    else { return "\u{fffd}" }
    offset += 2
    guard let second = digits(), second >> 10 == 0x37 else {
      offset = back
      return "\u{fffd}"
    }
    return Unicode.Scalar(0x10000 + (first & 0x3ff) << 10 + second & 0x3ff) ?? "\u{fffd}"
  }

  @_lifetime(self: copy self)
  private mutating func digits() -> UInt32? {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard offset < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue
      else { return nil }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}

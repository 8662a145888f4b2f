// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Bytes as master files write them: RFC 1035 section 5.1, RFC 4343 section 2.1.
enum DNSText {
  static func push(escaped byte: UInt8, into fields: inout FieldBuffer) {
    fields.push(UInt8(ascii: "\\"))
    fields.push(0x30 + byte / 100)
    fields.push(0x30 + byte / 10 % 10)
    fields.push(0x30 + byte % 10)
  }

  /// Writes a string in quotes.
  static func push(quoted text: Span<UInt8>, into fields: inout FieldBuffer) {
    fields.push(UInt8(ascii: "\""))
    push(text, into: &fields)
    fields.push(UInt8(ascii: "\""))
  }

  static func push(_ text: Span<UInt8>, into fields: inout FieldBuffer) {
    var index = 0
    while index < text.count {
      let byte = text[index]
      let length = byte < 0x80 ? 1 : characterLength(text, at: index)
      if length == 0 || byte < 0x20 || byte == 0x7F {
        push(escaped: byte, into: &fields)
        index += 1
        continue
      }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        fields.push(UInt8(ascii: "\\"))
      }
      fields.push(text.clipped(from: index, to: index + length))
      index += length
    }
  }

  /// Bytes of the character of UTF-8 at `index`, two to four; 0 when there is none.
  static func characterLength(_ text: Span<UInt8>, at index: Int) -> Int {
    let length: Int
    var lowest: UInt32
    switch text[index] {
    case 0xC2...0xDF: (length, lowest) = (2, 0x80)
    case 0xE0...0xEF: (length, lowest) = (3, 0x800)
    case 0xF0...0xF4: (length, lowest) = (4, 0x1_0000)
    default: return 0
    }
    guard index + length <= text.count else { return 0 }
    var scalar = UInt32(text[index]) & (0x7F >> UInt32(length))
    for next in (index + 1)..<(index + length) {
      guard text[next] & 0xC0 == 0x80 else { return 0 }
      scalar = scalar << 6 | UInt32(text[next] & 0x3F)
    }
    guard scalar >= lowest, Unicode.Scalar(scalar) != nil else { return 0 }
    return length
  }

  /// Writes bytes as hexadecimal digits.
  static func push(hexadecimal bytes: Span<UInt8>, into fields: inout FieldBuffer) {
    for index in bytes.indices {
      push(digit: bytes[index] >> 4, into: &fields)
      push(digit: bytes[index] & 15, into: &fields)
    }
  }

  private static func push(digit: UInt8, into fields: inout FieldBuffer) {
    fields.push(digit < 10 ? 0x30 + digit : 0x37 + digit)
  }

  /// Writes bytes in base64, RFC 4648 section 4, or, of five bits a letter, base32hex (section 7).
  static func push(
    _ bytes: Span<UInt8>, bitsOfLetter bits: Int, into fields: inout FieldBuffer
  ) {
    var held: UInt32 = 0
    var count = 0
    var letters = 0
    for index in bytes.indices {
      held = held << 8 | UInt32(bytes[index])
      count += 8
      while count >= bits {
        count -= bits
        push(letter: UInt8(held >> UInt32(count) & (1 << UInt32(bits) - 1)), bits, into: &fields)
        letters += 1
      }
    }
    if count > 0 {
      let last = held << UInt32(bits - count) & (1 << UInt32(bits) - 1)
      push(letter: UInt8(last), bits, into: &fields)
      letters += 1
    }
    while bits == 6, letters % 4 != 0 {
      fields.push(UInt8(ascii: "="))
      letters += 1
    }
  }

  private static func push(letter: UInt8, _ bits: Int, into fields: inout FieldBuffer) {
    if bits == 5 { return fields.push(letter < 10 ? 0x30 + letter : 0x37 + letter) }
    switch letter {
    case 0..<26: fields.push(0x41 + letter)
    case 26..<52: fields.push(0x61 + letter - 26)
    case 52..<62: fields.push(0x30 + letter - 52)
    case 62: fields.push(UInt8(ascii: "+"))
    default: fields.push(UInt8(ascii: "/"))
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Puts the texts of a certificate together: names as `CN=a.example, O=Example`, times as ISO 8601.
struct TLSName {
  private var letters = InlineArray<512, UInt8>(repeating: 0)
  private var count = 0

  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { letters.span.clipped(from: 0, to: count) }
  }

  private mutating func push(_ byte: UInt8) {
    guard count < letters.count else { return }
    letters[count] = byte
    count += 1
  }

  private mutating func push(_ word: StaticString) {
    word.withUTF8Buffer { buffer in
      for index in 0..<buffer.count { push(unsafe buffer[index]) }
    }
  }

  /// Writes a name in the order in which it stands in the certificate (RFC 5280 section 4.1.2.4).
  mutating func write(_ range: Range<Int>, of bytes: Span<UInt8>) {
    count = 0
    var sets = DERCursor(range)
    while !sets.isAtEnd {
      guard var set = try? sets.inside(0x31, in: bytes) else { return }
      while !set.isAtEnd {
        guard var pair = try? set.inside(0x30, in: bytes),
          let type = try? pair.value(0x06, in: bytes), let value = try? pair.value(in: bytes)
        else { return }
        guard let name = Self.name(type, of: bytes) else { continue }
        if count > 0 { push(", ") }
        push(name)
        push("=")
        write(value.tag, value.range, of: bytes)
      }
    }
  }

  /// Writes a text of any of the kinds that names may have.
  private mutating func write(_ tag: UInt8, _ range: Range<Int>, of bytes: Span<UInt8>) {
    // BMPString has two bytes a letter.
    let isWide = tag == 0x1e
    for index in range where index < bytes.count {
      let byte = bytes[index]
      if isWide, (index - range.lowerBound) % 2 == 0 {
        if byte != 0 { push("?") }
      } else if !isWide || bytes[index - 1] == 0 {
        push(byte < 0x20 || (isWide && byte >= 0x80) ? 0x3f : byte)
      }
    }
  }

  /// Short names of the types that are in use: RFC 4519 section 2, RFC 2985.
  private static func name(_ type: Range<Int>, of bytes: Span<UInt8>) -> StaticString? {
    if type.count == 3, bytes[type.lowerBound] == 0x55, bytes[type.lowerBound + 1] == 4 {
      return switch bytes[type.lowerBound + 2] {
      case 3: "CN"
      case 5: "serialNumber"
      case 6: "C"
      case 7: "L"
      case 8: "ST"
      case 9: "street"
      case 10: "O"
      case 11: "OU"
      default: nil
      }
    }
    // 0.9.2342.19200300.100.1.25 and 1.2.840.113549.1.9.1.
    if type.count == 10, bytes[type.upperBound - 1] == 25, bytes[type.lowerBound] == 9 {
      return "DC"
    }
    if type.count == 9, bytes[type.upperBound - 1] == 1, bytes[type.upperBound - 2] == 9 {
      return "emailAddress"
    }
    return nil
  }

  /// Writes a time: `2026-11-28T16:00:00Z`.
  mutating func write(time range: Range<Int>, of bytes: Span<UInt8>) {
    count = 0
    var place = range.lowerBound
    if range.count == 13 {
      push(bytes[place] < UInt8(ascii: "5") ? "20" : "19")
    } else {
      for index in place..<(place + 2) { push(bytes[index]) }
      place += 2
    }
    let marks: StaticString = "--T::Z"
    for index in 0..<6 {
      push(bytes[place + index * 2])
      push(bytes[place + index * 2 + 1])
      marks.withUTF8Buffer { push(unsafe $0[index]) }
    }
  }
}

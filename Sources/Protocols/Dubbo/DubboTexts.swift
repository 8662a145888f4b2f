// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Texts as Kryo writes them (`com.esotericsoftware.kryo.io.Output.writeString`).
enum KryoText {
  private static let longest = 4_096

  /// ASCII with a mark on its last byte, or a length of one more, in the first byte of which six bits are
  /// the number's, and UTF-8.
  static func read(
    at cursor: inout ByteCursor, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> DubboText {
    let start = cursor.place
    let first = try cursor.byte(in: bytes)
    guard first & 0x80 != 0 else {
      while try cursor.byte(in: bytes) & 0x80 == 0 {
        guard cursor.place - start < longest else { throw EndOfBytes(missing: 0) }
      }
      return DubboText(range: start..<cursor.place, isMarked: true)
    }
    var count = Int(first & 0x3f)
    if first & 0x40 != 0 {
      let rest = try cursor.varint(in: bytes)
      guard rest <= UInt64(longest) else { throw EndOfBytes(missing: 0) }
      count |= Int(rest) << 6
    }
    let place = cursor.place
    for _ in 0..<max(0, count - 1) {
      switch try cursor.byte(in: bytes) {
      case 0..<0x80: break
      case 0x80..<0xe0: try cursor.skip(1, in: bytes)
      default: try cursor.skip(2, in: bytes)
      }
    }
    return DubboText(range: place..<cursor.place)
  }
}

/// Texts in JSON (RFC 8259 section 7), as they stand there.
enum JSONText {
  /// What is between the quotes of a text that is all of `range`; nothing for another value.
  static func inner(_ range: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
    guard range.count >= 2, bytes[range.lowerBound] == 0x22, bytes[range.upperBound - 1] == 0x22
    else { return range.lowerBound..<range.lowerBound }
    return (range.lowerBound + 1)..<(range.upperBound - 1)
  }

  /// Reads the next text in `range` behind `place`; nil when there is no whole one.
  static func next(
    at place: inout Int, to end: Int, in bytes: Span<UInt8>
  ) -> Range<Int>? {
    guard let open = bytes.firstIndex(of: 0x22, from: place, to: end) else { return nil }
    var index = open + 1
    while index < end, bytes[index] != 0x22 { index += bytes[index] == 0x5c ? 2 : 1 }
    guard index < end else { return nil }
    place = index + 1
    return (open + 1)..<index
  }
}

/// Texts in JSONB, the binary form of Fastjson 2: https://alibaba.github.io/fastjson2/jsonb_format_cn.
enum JSONBText {
  static func read(
    at cursor: inout ByteCursor, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    let code = try cursor.byte(in: bytes)
    switch code {
    case 0xaf: return cursor.place..<cursor.place
    case 0x49...0x78: return try cursor.range(of: Int(code - 0x49), in: bytes)
    case 0x79, 0x7a:
      guard let count = try integer(at: &cursor, in: bytes) else { throw EndOfBytes(missing: 0) }
      return try cursor.range(of: count, in: bytes)
    default: throw EndOfBytes(missing: 0)
    }
  }

  /// An integer of at most 32 bits; nil when the next value is another.
  static func integer(
    at cursor: inout ByteCursor, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Int? {
    let code = Int(try cursor.byte(in: bytes))
    switch code {
    case 0...0x2f: return code
    case 0xf0...0xff: return code - 0x100
    case 0x30...0x3f: return (code - 0x38) << 8 | Int(try cursor.number(of: 1, in: bytes))
    case 0x40...0x47: return (code - 0x44) << 16 | Int(try cursor.number(of: 2, in: bytes))
    case 0x48: return Int(Int32(truncatingIfNeeded: try cursor.number(of: 4, in: bytes)))
    default: return nil
    }
  }

  /// The name of the type that stands before a value; nil when there is none.
  static func type(
    at cursor: inout ByteCursor, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int>? {
    guard cursor.remaining > 0, cursor.place < bytes.count, bytes[cursor.place] == 0x92 else {
      return nil
    }
    try cursor.skip(1, in: bytes)
    let name = try read(at: &cursor, in: bytes)
    _ = try integer(at: &cursor, in: bytes)
    return name
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks over values in ASN.1's basic encoding, of which the distinguished one is a part: ITU-T X.690
/// section 8.1. Only lengths in the definite form are read, as the protocols demand that use it here.
struct DERCursor {
  var cursor: ByteCursor

  init(at place: Int, to end: Int) { cursor = ByteCursor(at: place, to: end) }

  init(_ range: Range<Int>) { cursor = ByteCursor(at: range.lowerBound, to: range.upperBound) }

  var isAtEnd: Bool { cursor.remaining == 0 }

  /// The tag of the next value; nil at the end.
  func next(in bytes: Span<UInt8>) -> UInt8? {
    let place = cursor.place
    return place >= 0 && place < min(cursor.end, bytes.count) ? bytes[place] : nil
  }

  /// A value's tag, and how long its contents are, which come next and may reach beyond the bytes.
  mutating func head(in bytes: Span<UInt8>) throws(EndOfBytes) -> (tag: UInt8, length: Int) {
    var cursor = self.cursor
    let tag = try cursor.byte(in: bytes)
    // Numbers of more than five bits are nobody's here.
    guard tag & 0x1f != 0x1f else { throw EndOfBytes(missing: 0) }
    var length = Int(try cursor.byte(in: bytes))
    if length >= 0x80 {
      guard (1...4).contains(length & 0x7f) else { throw EndOfBytes(missing: 0) }
      length = Int(try cursor.number(of: length & 0x7f, in: bytes))
    }
    self.cursor = cursor
    return (tag, length)
  }

  /// Passes over a value, whose contents lie where it says, as far as they are there.
  mutating func value(in bytes: Span<UInt8>) throws(EndOfBytes) -> (tag: UInt8, range: Range<Int>) {
    let (tag, length) = try head(in: bytes)
    let start = cursor.place
    let end = min(start + length, cursor.end)
    cursor.place = end
    return (tag, start..<end)
  }

  /// Passes over a value of this tag.
  mutating func value(_ tag: UInt8, in bytes: Span<UInt8>) throws(EndOfBytes) -> Range<Int> {
    let value = try value(in: bytes)
    guard value.tag == tag else { throw EndOfBytes(missing: 0) }
    return value.range
  }

  /// The contents of a value of this tag, to be walked over; what follows it comes next here.
  mutating func inside(_ tag: UInt8, in bytes: Span<UInt8>) throws(EndOfBytes) -> DERCursor {
    DERCursor(try value(tag, in: bytes))
  }
}

extension Span where Element == UInt8 {
  /// The signed number (X.690 section 8.3) in `range`; nil when it is none, or has more than 64 bits.
  func integer(at range: Range<Int>) -> Int64? {
    guard (1...8).contains(range.count), range.lowerBound >= 0, range.upperBound <= count else {
      return nil
    }
    var value: Int64 = self[range.lowerBound] < 0x80 ? 0 : -1
    for index in range { value = value << 8 | Int64(self[index]) }
    return value
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Finds a field in a short text of JSON (RFC 8259) without reading all of it.
enum JSONField {
  /// Where the value of the first field called `name` begins, at any depth.
  static func value(_ name: StaticString, in bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    let end = min(range.upperBound, bytes.count)
    var index = range.lowerBound
    while index < end, let quote = bytes.firstIndex(of: 0x22, from: index, to: end) {
      index = quote + 1
      let close = index + name.utf8CodeUnitCount
      guard close < end, bytes[close] == 0x22, bytes.hasPrefix(name, at: index) else { continue }
      var place = skipBlanks(bytes, close + 1, end)
      guard place < end, bytes[place] == UInt8(ascii: ":") else { continue }
      place = skipBlanks(bytes, place + 1, end)
      return place < end ? place : nil
    }
    return nil
  }

  /// The text of a field, as it is written; nil when it is none, or does not end in view.
  static func text(_ name: StaticString, in bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int>?
  {
    guard let start = value(name, in: bytes, range), bytes[start] == 0x22 else { return nil }
    let end = min(range.upperBound, bytes.count)
    var index = start + 1
    while index < end, bytes[index] != 0x22 { index += bytes[index] == 0x5c ? 2 : 1 }
    return index < end ? (start + 1)..<index : nil
  }

  /// The whole number of a field.
  static func number(_ name: StaticString, in bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    guard let start = value(name, in: bytes, range) else { return nil }
    var end = start
    while end < min(range.upperBound, bytes.count), bytes[end] &- 0x30 < 10 { end += 1 }
    return bytes.decimal(at: start..<end)
  }

  private static func skipBlanks(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var index = start
    while index < end, bytes[index] <= 0x20 { index += 1 }
    return index
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A line of a protocol that is made of lines, ended by LF or CRLF.
struct TextLine {
  /// The line without what ends it.
  let text: Range<Int>
  /// Where the next one begins.
  let end: Int

  /// The line without blanks at its end.
  func trimmed(in bytes: Span<UInt8>) -> Range<Int> {
    var end = text.upperBound
    while end > text.lowerBound, bytes[end - 1] == 0x20 { end -= 1 }
    return text.lowerBound..<end
  }

  /// The line at `start`; nil when its end is not in view.
  init?(_ bytes: Span<UInt8>, from start: Int) {
    guard start < bytes.count,
      let feed = bytes.firstIndex(of: 0x0a, from: start, to: bytes.count)
    else { return nil }
    text = start..<(feed > start && bytes[feed - 1] == 0x0d ? feed - 1 : feed)
    end = feed + 1
  }

  /// A line of all bytes, whose end is missing.
  init(cut bytes: Span<UInt8>) {
    text = 0..<bytes.count
    end = bytes.count
  }
}

/// The words of a line, which blanks and tabs part.
struct TextWords {
  /// What was not handed out.
  private(set) var rest: Range<Int>

  init(_ line: Range<Int>) { rest = line }

  mutating func next(in bytes: Span<UInt8>) -> Range<Int>? {
    var start = rest.lowerBound
    while start < rest.upperBound, Self.isBlank(bytes[start]) { start += 1 }
    var end = start
    while end < rest.upperBound, !Self.isBlank(bytes[end]) { end += 1 }
    rest = end..<rest.upperBound
    return start < end ? start..<end : nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

extension Span where Element == UInt8 {
  /// The number that the bytes at `range` are in decimal digits, at most 18 of them; nil when they are
  /// none.
  func decimal(at range: Range<Int>) -> Int? {
    guard (1...18).contains(range.count) else { return nil }
    var value = 0
    for index in range {
      let digit = self[index] &- 0x30
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// Whether the bytes at `range` are `literal`, in this case.
  func equals(_ literal: StaticString, at range: Range<Int>) -> Bool {
    range.count == literal.utf8CodeUnitCount && hasPrefix(literal, at: range.lowerBound)
  }

  /// The bytes at `range`, of which there are at most eight, as one word: the first is the lowest.
  func shortWord(at range: Range<Int>) -> UInt64? {
    guard range.count <= 8 else { return nil }
    let bits = UInt64(range.count * 8)
    return word(at: range.lowerBound) & (bits == 64 ? .max : (1 << bits) - 1)
  }
}

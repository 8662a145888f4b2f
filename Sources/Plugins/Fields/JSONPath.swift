// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Finds one value in a text of JSON, in one walk over it, without keeping anything of it. The text may end
/// anywhere: what stands before its end is found.
struct JSONPath: Hashable, Sendable {
  /// Names of a path, and levels of a text, at most.
  static let deepest = 32

  private let parts: [[UInt8]]

  init(_ names: [String]) { parts = names.map { Array($0.utf8) } }

  /// Where the value is: of a text what stands between its quotes. Nil when it is not there, is an object or
  /// a list, or goes on behind the end.
  func find(in bytes: Span<UInt8>, from start: Int) -> Range<Int>? {
    var walk = Walk(position: start)
    return value(&walk, bytes, depth: 0)
  }

  private struct Walk {
    var position: Int

    mutating func skipBlanks(_ bytes: Span<UInt8>) {
      while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    /// Moves behind a byte, if it is the next that is no blank.
    mutating func take(_ byte: Character, _ bytes: Span<UInt8>) -> Bool {
      skipBlanks(bytes)
      guard position < bytes.count, bytes[position] == byte.asciiValue else { return false }
      position += 1
      return true
    }

    /// Moves over a text, whose quotes are not in the answer; nil when it does not end.
    mutating func text(_ bytes: Span<UInt8>) -> Range<Int>? {
      guard take("\"", bytes) else { return nil }
      let start = position
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "\""):
          position += 1
          return start..<position - 1
        case UInt8(ascii: "\\"): position += 2
        default: position += 1
        }
      }
      return nil
    }

    /// Moves over a number or a word; nil when it may go on behind the end.
    mutating func word(_ bytes: Span<UInt8>) -> Range<Int>? {
      skipBlanks(bytes)
      let start = position
      while position < bytes.count, ![0x2c, 0x5d, 0x7d].contains(bytes[position]),
        bytes[position] > 0x20
      { position += 1 }
      return position > start && position < bytes.count ? start..<position : nil
    }

    /// Moves over any value, without going down into it; false when it does not end.
    mutating func skip(_ bytes: Span<UInt8>) -> Bool {
      var depth = 0
      repeat {
        skipBlanks(bytes)
        guard position < bytes.count else { return false }
        switch bytes[position] {
        case UInt8(ascii: "\""): if text(bytes) == nil { return false }
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          depth += 1
          position += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          depth -= 1
          position += 1
        case UInt8(ascii: ","), UInt8(ascii: ":"):
          guard depth > 0 else { return false }
          position += 1
        default: if word(bytes) == nil { return false }
        }
      } while depth > 0
      return true
    }
  }

  private func value(_ walk: inout Walk, _ bytes: Span<UInt8>, depth: Int) -> Range<Int>? {
    walk.skipBlanks(bytes)
    guard walk.position < bytes.count else { return nil }
    let first = bytes[walk.position]
    if depth == parts.count {
      if first == UInt8(ascii: "\"") { return walk.text(bytes) }
      if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return nil }
      return walk.word(bytes)
    }
    if first == UInt8(ascii: "{") { return member(&walk, bytes, depth: depth) }
    if first == UInt8(ascii: "["), let index = Int(String(decoding: parts[depth], as: UTF8.self)) {
      return element(index, &walk, bytes, depth: depth)
    }
    return nil
  }

  private func member(_ walk: inout Walk, _ bytes: Span<UInt8>, depth: Int) -> Range<Int>? {
    guard walk.take("{", bytes) else { return nil }
    while let name = walk.text(bytes), walk.take(":", bytes) {
      if Self.isSame(bytes, name, parts[depth]) { return value(&walk, bytes, depth: depth + 1) }
      guard walk.skip(bytes), walk.take(",", bytes) else { return nil }
    }
    return nil
  }

  private func element(
    _ index: Int, _ walk: inout Walk, _ bytes: Span<UInt8>, depth: Int
  ) -> Range<Int>? {
    guard index >= 0, walk.take("[", bytes) else { return nil }
    var left = index
    while left > 0 {
      guard walk.skip(bytes), walk.take(",", bytes) else { return nil }
      left -= 1
    }
    return value(&walk, bytes, depth: depth + 1)
  }

  private static func isSame(_ bytes: Span<UInt8>, _ range: Range<Int>, _ name: [UInt8]) -> Bool {
    guard range.count == name.count else { return false }
    for index in 0..<name.count where bytes[range.lowerBound + index] != name[index] {
      return false
    }
    return true
  }
}

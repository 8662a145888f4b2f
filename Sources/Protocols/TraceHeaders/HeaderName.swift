// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The name of a header, folded so that equal names are equal words: lower case, and `_` as `-`,
/// since gateways rewrite one into the other.
///
/// Names longer than 24 bytes are none that we know and have no folded form.
package struct HeaderName: Hashable, Sendable, BitwiseCopyable {
  private var first: UInt64
  private var second: UInt64
  private var third: UInt64

  /// The name as the code writes it: lower case with `-`, 24 bytes at most.
  @inline(__always)
  package init(_ name: StaticString) {
    first = Self.word(name, 0)
    second = Self.word(name, 8)
    third = Self.word(name, 16)
  }

  /// Folds the name that starts at `start` and ends before the first colon, which must come before
  /// `end`; nil when it does not, or the name is empty or too long. `length` is the name's.
  @inline(__always)
  package init?(_ bytes: Span<UInt8>, from start: Int, to end: Int, length: inout Int) {
    second = 0
    third = 0
    first = bytes.word(at: start)
    var colon = Self.colon(first)
    if colon < 8 {
      first = Self.folded(first, count: colon)
    } else {
      first = Self.folded(first, count: 8)
      second = bytes.word(at: start &+ 8)
      colon = Self.colon(second)
      if colon < 8 {
        second = Self.folded(second, count: colon)
        colon &+= 8
      } else {
        second = Self.folded(second, count: 8)
        third = bytes.word(at: start &+ 16)
        colon = Self.colon(third)
        guard colon < 8 else { return nil }
        third = Self.folded(third, count: colon)
        colon &+= 16
      }
    }
    guard colon > 0, start &+ colon < end else { return nil }
    length = colon
  }

  /// Whether it, which is `length` bytes long, is the name that starts at `start` and ends before a colon,
  /// which must come before `end`.
  @inline(__always)
  func isName(_ bytes: Span<UInt8>, from start: Int, to end: Int, length: Int) -> Bool {
    guard start &+ length < end, bytes[start &+ length] == UInt8(ascii: ":"),
      Self.folded(bytes.word(at: start), count: length) == first
    else { return false }
    return length <= 8
      || Self.folded(bytes.word(at: start &+ 8), count: length &- 8) == second
  }

  /// Folds a name that stands alone; nil when it is empty or too long.
  package init?(_ name: Span<UInt8>) {
    guard (1...24).contains(name.count) else { return nil }
    first = Self.folded(name.word(at: 0), count: name.count)
    second = Self.folded(name.word(at: 8), count: name.count - 8)
    third = Self.folded(name.word(at: 16), count: name.count - 16)
  }

  /// How many bytes of `word` come before its first colon; 8 when there is none.
  @inline(__always)
  static func colon(_ word: UInt64) -> Int {
    let difference = word ^ 0x3A3A_3A3A_3A3A_3A3A
    let found = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
    return found.trailingZeroBitCount / 8
  }

  /// The first `count` bytes of `word` (all for 8 and more, none for 0 and less), folded.
  @inline(__always)
  static func folded(_ word: UInt64, count: Int) -> UInt64 {
    let lower = word | 0x2020_2020_2020_2020
    // `_` with the case bit is 0x7F, which nothing else in a name becomes but DEL.
    let difference = lower ^ 0x7F7F_7F7F_7F7F_7F7F
    let low = (difference & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F
    let underscores = ~(low | difference) & 0x8080_8080_8080_8080
    let name = lower ^ ((underscores >> 7) &* 0x52)
    return count >= 8 ? name : count <= 0 ? 0 : name & ((1 << UInt64(count * 8)) &- 1)
  }

  @inline(__always)
  static func word(_ name: StaticString, _ offset: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<8 where offset + index < name.utf8CodeUnitCount {
      word |= UInt64(unsafe name.utf8Start[offset + index]) << UInt64(index * 8)
    }
    return word
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Names of things by their pattern, which few calls have each: what tells one thing from another of its
/// kind, such as a number or an id, is `?`.
extension FieldBuffer {
  /// Pushes `name` by its pattern: `users/4711/cart` as `users/?/cart`, `sensor42` as `sensor?`; a UUID,
  /// a hash and a random word as `?`. A short word that begins with a letter stays (`v1`, `s3`, `k8s`).
  mutating func push(patternOf name: Span<UInt8>) {
    var index = 0
    let start = mark
    while index < name.count, mark - start <= Self.textLimit {
      guard Self.isPatternWord(name[index]) else {
        push(name[index])
        index += 1
        continue
      }
      if let end = Self.endOfUUID(name, index) {
        push(UInt8(ascii: "?"))
        index = end
        continue
      }
      let word = index
      while index < name.count, Self.isPatternWord(name[index]) { index += 1 }
      push(patternOfWord: name.clipped(from: word, to: index))
    }
  }

  private mutating func push(patternOfWord word: Span<UInt8>) {
    var digits = 0
    var isHexadecimal = true
    for index in word.indices {
      let byte = word[index]
      if byte &- 0x30 < 10 {
        digits += 1
      } else if (byte | 0x20) &- 0x61 >= 6 {
        isHexadecimal = false
      }
    }
    let isShort = word.count <= 3 && word[0] &- 0x30 >= 10
    if digits == 0 || isShort { return push(word) }
    if isHexadecimal && word.count >= 4 || Self.isMixed(word) { return push(UInt8(ascii: "?")) }
    var isInNumber = false
    for index in word.indices {
      let isDigit = word[index] &- 0x30 < 10
      if !isDigit { push(word[index]) } else if !isInNumber { push(UInt8(ascii: "?")) }
      isInNumber = isDigit
    }
  }

  /// Whether letters and digits take turns, as in ids made by chance.
  private static func isMixed(_ word: Span<UInt8>) -> Bool {
    var turns = 0
    for index in word.indices.dropFirst()
    where (word[index] &- 0x30 < 10) != (word[index - 1] &- 0x30 < 10) {
      turns += 1
    }
    return turns >= 3 || (turns == 2 && word.count >= 12)
  }

  private static func isPatternWord(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte >= 0x80
  }

  /// Where a UUID (RFC 9562 section 4) ends that begins at `start`.
  static func endOfUUID(_ name: Span<UInt8>, _ start: Int) -> Int? {
    let end = start + 36
    guard end <= name.count, end == name.count || !isPatternWord(name[end]) else { return nil }
    for offset in 0..<36 {
      let byte = name[start + offset]
      let isDash = offset == 8 || offset == 13 || offset == 18 || offset == 23
      let isDigit = byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
      guard isDash ? byte == UInt8(ascii: "-") : isDigit else { return nil }
    }
    return end
  }
}

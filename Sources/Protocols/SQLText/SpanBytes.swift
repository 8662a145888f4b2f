// SPDX-License-Identifier: Apache-2.0

/// Reads at a place, for formats that are walked by hopping from length to length.
///
/// Every caller has checked the bounds; a place past the end is the caller's mistake and traps.
extension Span where Element == UInt8 {
  func littleEndian16(at index: Int) -> UInt16 {
    UInt16(self[index]) | UInt16(self[index + 1]) << 8
  }

  func littleEndian24(at index: Int) -> Int {
    Int(self[index]) | Int(self[index + 1]) << 8 | Int(self[index + 2]) << 16
  }

  func littleEndian32(at index: Int) -> UInt32 {
    UInt32(littleEndian16(at: index)) | UInt32(littleEndian16(at: index + 2)) << 16
  }

  func bigEndian32(at index: Int) -> UInt32 {
    UInt32(self[index]) << 24 | UInt32(self[index + 1]) << 16
      | UInt32(self[index + 2]) << 8 | UInt32(self[index + 3])
  }

  /// Where `byte` is first found from `start` on; nil when it is not.
  func position(of byte: UInt8, from start: Int) -> Int? {
    var index = start
    while index < count {
      if self[index] == byte { return index }
      index += 1
    }
    return nil
  }

  /// Whether the bytes at `range` are `word`, an upper-case word of A to Z and `_`, in any case.
  @inline(__always)
  func isWord(_ word: StaticString, at range: Range<Int>) -> Bool {
    guard range.count == word.utf8CodeUnitCount else { return false }
    return word.withUTF8Buffer { expected in
      for offset in 0..<expected.count
      where self[range.lowerBound + offset] & 0xdf != (unsafe expected[offset]) {
        return false
      }
      return true
    }
  }

  /// Whether the bytes at `range` are `literal`.
  func isText(_ literal: StaticString, at range: Range<Int>) -> Bool {
    range.count == literal.utf8CodeUnitCount && hasPrefix(literal, at: range.lowerBound)
  }

  /// Whether `word` stands anywhere, in any case.
  func contains(word: StaticString) -> Bool {
    var start = 0
    while start + word.utf8CodeUnitCount <= count {
      if isWord(word, at: start..<(start + word.utf8CodeUnitCount)) { return true }
      start += 1
    }
    return false
  }

  /// Whether the bytes at `range` are one of `words`.
  func isWord(in words: [StaticString], at range: Range<Int>) -> Bool {
    for word in words where isWord(word, at: range) { return true }
    return false
  }

  /// Whether these bytes are `literal` from `start` on, as far as both reach.
  func hasPrefix(_ literal: StaticString, at start: Int) -> Bool {
    literal.withUTF8Buffer { expected in
      for offset in 0..<Swift.min(expected.count, Swift.max(0, count - start))
      where self[start + offset] != (unsafe expected[offset]) {
        return false
      }
      return true
    }
  }
}

/// FNV-1a, 64 bits: a key for names whose bytes need not be kept.
func nameHash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for index in range {
    hash ^= UInt64(bytes[index])
    hash = hash &* 0x100_0000_01b3
  }
  return hash
}

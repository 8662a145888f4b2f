// SPDX-License-Identifier: Apache-2.0

/// Searching in bytes many at a time.
extension Span where Element == UInt8 {
  /// The eight bytes at `offset` as one little-endian word: the first byte is the lowest. Bytes past
  /// the end read as zero; `offset` must not be negative.
  @inlinable @inline(__always)
  package func word(at offset: Int) -> UInt64 {
    if offset <= count &- 8 {
      // In bounds: eight bytes follow the offset, which the caller keeps from being negative.
      return uncheckedWord(at: offset)
    }
    return partialWord(at: offset)
  }

  /// The eight bytes at `offset`, which must all lie in the bytes: nothing checks it.
  @inlinable @inline(__always)
  func uncheckedWord(at offset: Int) -> UInt64 {
    unsafe UInt64(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  @inlinable
  func partialWord(at offset: Int) -> UInt64 {
    let rest = count &- offset
    guard rest > 0 else { return 0 }
    // In bounds: the last eight bytes, of which those before the offset are shifted out.
    if count >= 8 { return uncheckedWord(at: count &- 8) >> UInt64((8 &- rest) &* 8) }
    var word: UInt64 = 0
    var shift: UInt64 = 0
    var index = offset
    while index < count, shift < 64 {
      word |= UInt64(self[index]) << shift
      shift += 8
      index += 1
    }
    return word
  }

  /// Where `byte` first stands at or after `start` and before `end`; nil when it does not.
  @inlinable @inline(__always)
  package func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int? {
    precondition(start >= 0 && end <= count, "the range lies in the bytes")
    var index = start
    // In bounds by the loop's own condition.
    while index <= end &- 16 {
      if let place = uncheckedBlock(at: index).firstIndex(of: byte) { return index &+ place }
      index &+= 16
    }
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    while index < end {
      let found = word(at: index).zeroBytes(afterXor: pattern)
      if found != 0 {
        let position = index &+ found.trailingZeroBitCount / 8
        return position < end ? position : nil
      }
      index &+= 8
    }
    return nil
  }
}

extension UInt64 {
  /// The high bit of the lowest byte that equals the pattern's (bits above that one mean nothing);
  /// 0 when no byte does.
  @inlinable @inline(__always)
  func zeroBytes(afterXor pattern: UInt64) -> UInt64 {
    let difference = self ^ pattern
    return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
  }
}

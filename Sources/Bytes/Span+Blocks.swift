// SPDX-License-Identifier: Apache-2.0

/// Looking at bytes sixteen at a time.
extension Span where Element == UInt8 {
  /// The sixteen bytes at `offset`, all of which must lie in the bytes.
  @inlinable @inline(__always)
  package func block(at offset: Int) -> SIMD16<UInt8> {
    precondition(offset >= 0 && offset <= count &- 16, "a block lies in the bytes")
    return uncheckedBlock(at: offset)
  }

  /// As ``block(at:)``, but nothing checks it.
  @inlinable @inline(__always)
  func uncheckedBlock(at offset: Int) -> SIMD16<UInt8> {
    unsafe bytes.unsafeLoadUnaligned(
      fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self)
  }

  /// Where the first blank, control character or DEL stands from `start` up to `end`; nil when there is
  /// none.
  @inlinable
  package func firstBlankOrControl(from start: Int, to end: Int) -> Int? {
    precondition(start >= 0 && end <= count, "the range lies in the bytes")
    var index = start
    while index <= end &- 16 {
      let block = uncheckedBlock(at: index)
      if let place = (block.isLess(than: 0x21) | block.equals(0x7F)).firstMarked {
        return index &+ place
      }
      index &+= 16
    }
    while index < end {
      if self[index] <= 0x20 || self[index] == 0x7F { return index }
      index &+= 1
    }
    return nil
  }
}

// Comparing with a lone byte, and joining masks by their own operators, would go byte by byte.

extension SIMD16<UInt8> {
  /// 255 where a byte equals `byte`, else 0.
  @inlinable @inline(__always)
  package func equals(_ byte: UInt8) -> SIMD16<UInt8> {
    unsafe unsafeBitCast(self .== SIMD16(repeating: byte), to: SIMD16<UInt8>.self)
  }

  /// 255 where a byte is less than `byte`, else 0.
  @inlinable @inline(__always)
  package func isLess(than byte: UInt8) -> SIMD16<UInt8> {
    unsafe unsafeBitCast(self .< SIMD16(repeating: byte), to: SIMD16<UInt8>.self)
  }

  /// 255 where a byte is one of the `count` from `first` on, else 0.
  @inlinable @inline(__always)
  package func isOne(of count: UInt8, from first: UInt8) -> SIMD16<UInt8> {
    (self &- SIMD16(repeating: first)).isLess(than: count)
  }

  /// Whether all are 0.
  @inlinable @inline(__always)
  package var isZero: Bool { halves[0] | halves[1] == 0 }

  @inlinable @inline(__always)
  var halves: SIMD2<UInt64> { unsafe unsafeBitCast(self, to: SIMD2<UInt64>.self) }

  /// Where the first of them is that equals `byte`; nil when none does.
  @inlinable @inline(__always)
  func firstIndex(of byte: UInt8) -> Int? { equals(byte).firstMarked }

  /// Where the first of them is that is not 0, where all are 0 or 255.
  @inlinable @inline(__always)
  var firstMarked: Int? {
    let found = halves
    if found[0] | found[1] == 0 { return nil }
    return found[0] != 0
      ? UInt64(littleEndian: found[0]).trailingZeroBitCount / 8
      : 8 &+ UInt64(littleEndian: found[1]).trailingZeroBitCount / 8
  }
}

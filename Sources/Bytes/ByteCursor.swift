// SPDX-License-Identifier: Apache-2.0

/// A place in bytes that only moves forward and never past its end.
///
/// Unlike a ``ByteReader`` it does not borrow the bytes, which are handed over with each read: a value
/// that may be kept, copied and given back. A failed read moves nothing.
package struct ByteCursor: Hashable, Sendable {
  package var place: Int
  package var end: Int

  /// `place` and `end` may be any numbers: reads fail that do not lie in the bytes.
  @inlinable
  package init(at place: Int, to end: Int) {
    self.place = place
    self.end = end
  }

  @inlinable
  package var remaining: Int { Swift.max(0, end - place) }

  @inlinable
  package mutating func byte(in bytes: Span<UInt8>) throws(EndOfBytes) -> UInt8 {
    guard place >= 0, place < end, place < bytes.count else { throw EndOfBytes(missing: 1) }
    defer { place += 1 }
    return bytes[place]
  }

  /// Where the next `count` bytes lie, all of them in `bytes`; then moves past them. A negative count
  /// counts as more than there are.
  @inlinable
  package mutating func range(
    of count: Int, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    let limit = Swift.min(end, bytes.count)
    guard count >= 0, place >= 0, count <= limit - place else { throw EndOfBytes(missing: 1) }
    defer { place += count }
    return place..<(place + count)
  }

  /// Moves past `count` bytes.
  @inlinable
  package mutating func skip(_ count: Int, in bytes: Span<UInt8>) throws(EndOfBytes) {
    _ = try range(of: count, in: bytes)
  }

  /// An unsigned number of `size` bytes, at most 8, the highest first.
  @inlinable
  package mutating func number(
    of size: Int, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> UInt64 {
    var value: UInt64 = 0
    for index in try range(of: size, in: bytes) { value = value << 8 | UInt64(bytes[index]) }
    return value
  }

  /// An unsigned number of `size` bytes, at most 8, the lowest first.
  @inlinable
  package mutating func littleEndianNumber(
    of size: Int, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> UInt64 {
    var value: UInt64 = 0
    for index in try range(of: size, in: bytes).reversed() {
      value = value << 8 | UInt64(bytes[index])
    }
    return value
  }

  /// A number in groups of seven bits, the lowest first (LEB128), of at most 64 bits.
  @inlinable
  package mutating func varint(in bytes: Span<UInt8>) throws(EndOfBytes) -> UInt64 {
    let start = place
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 {
      guard let byte = try? self.byte(in: bytes) else { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    place = start
    throw EndOfBytes(missing: 1)
  }
}

// SPDX-License-Identifier: Apache-2.0

/// Fewer bytes were left than a read needs.
package struct EndOfBytes: Error, Hashable {
  /// How many more bytes the read would have needed.
  package var missing: Int

  package init(missing: Int) {
    self.missing = missing
  }
}

/// A cursor over borrowed bytes that reads forward and never past the end.
///
/// Integers are big-endian unless the method says otherwise, the order of almost every protocol we
/// read. A failed read moves nothing, so a caller may try again when more bytes have arrived.
package struct ByteReader: ~Escapable {
  private let bytes: Span<UInt8>
  /// Bytes consumed so far.
  package private(set) var offset = 0

  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  package var remaining: Int { bytes.count - offset }

  /// Reads one big-endian integer.
  @_lifetime(self: copy self)
  package mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type = T.self
  ) throws(EndOfBytes) -> T {
    T(bigEndian: try load())
  }

  /// Reads one little-endian integer.
  @_lifetime(self: copy self)
  package mutating func readLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type = T.self
  ) throws(EndOfBytes) -> T {
    T(littleEndian: try load())
  }

  /// Borrows the next `count` bytes; a negative count counts as more than there are.
  @_lifetime(copy self)
  package mutating func read(count: Int) throws(EndOfBytes) -> Span<UInt8> {
    guard count >= 0, count <= remaining else {
      throw EndOfBytes(missing: count < 0 ? .max : count - remaining)
    }
    defer { offset += count }
    return bytes.extracting(offset..<(offset + count))
  }

  /// Moves forward without looking.
  @_lifetime(self: copy self)
  package mutating func skip(_ count: Int) throws(EndOfBytes) {
    guard count >= 0, count <= remaining else {
      throw EndOfBytes(missing: count < 0 ? .max : count - remaining)
    }
    offset += count
  }

  @_lifetime(self: copy self)
  private mutating func load<T: FixedWidthInteger & BitwiseCopyable>() throws(EndOfBytes) -> T {
    let size = MemoryLayout<T>.size
    guard size <= remaining else { throw EndOfBytes(missing: size - remaining) }
    defer { offset += size }
    // In bounds: the guard above is the check that this load leaves out.
    return unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
  }
}

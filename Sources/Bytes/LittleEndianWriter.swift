// SPDX-License-Identifier: Apache-2.0

/// Bytes that are appended at the end and kept for reuse: little-endian integers, LEB128 lengths
/// and runs of bytes, the alphabet of column formats.
///
/// Emptying keeps the room, so a writer that is filled over and over stops allocating.
@usableFromInline package struct LittleEndianWriter: Sendable {
  /// Room that is always initialized; the first ``count`` bytes of it are the content.
  @usableFromInline var room: [UInt8]
  /// Bytes written since the writer was last emptied.
  @inlinable package var count: Int { end }
  @usableFromInline var end = 0

  package init(capacity: Int = 0) {
    room = Array(repeating: 0, count: capacity)
  }

  package var isEmpty: Bool { end == 0 }

  /// Empties the writer but keeps its room.
  package mutating func removeAll() { end = 0 }

  /// What was written.
  package var bytes: ArraySlice<UInt8> { room[..<end] }

  /// The same, to look at.
  package var span: Span<UInt8> {
    @inlinable @_lifetime(borrow self)
    get { room.span.extracting(first: end) }
  }

  @usableFromInline @inline(never)
  mutating func grow(toHold needed: Int) {
    let larger = max(needed, room.count * 2, 256)
    room.append(contentsOf: repeatElement(0, count: larger - room.count))
  }

  // One function for each width: a generic one would be specialized in this module only.

  /// Appends one integer, low byte first.
  @inlinable package mutating func append(_ value: UInt8) { store(value) }
  @inlinable package mutating func append(_ value: UInt16) { store(value) }
  @inlinable package mutating func append(_ value: UInt32) { store(value) }
  @inlinable package mutating func append(_ value: UInt64) { store(value) }
  @inlinable package mutating func append(_ value: UInt128) { store(value) }

  @inlinable @inline(__always)
  mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    let start = end
    let next = start + MemoryLayout<T>.size
    if next > room.count { grow(toHold: next) }
    // In bounds: the room holds `next` bytes by now.
    unsafe room.withUnsafeMutableBytes { room in
      unsafe room.storeBytes(of: value.littleEndian, toByteOffset: start, as: T.self)
    }
    end = next
  }

  /// Appends one unsigned integer in LEB128: seven bits a byte, low bits first.
  @inlinable package mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a copy of `bytes`.
  package mutating func append(_ bytes: Span<UInt8>) {
    let start = end
    let next = start + bytes.count
    if next > room.count { grow(toHold: next) }
    // In bounds: the room holds `next` bytes by now.
    unsafe room.withUnsafeMutableBytes { room in
      unsafe bytes.withUnsafeBufferPointer { source in
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[start..<next])
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(source))
      }
    }
    end = next
  }

  /// Appends the low `size` bytes of each four-byte integer that another writer holds.
  package mutating func append(lowBytes size: Int, ofWordsIn other: LittleEndianWriter) {
    precondition(size > 0 && size <= 4, "a word has four bytes")
    let words = other.end / 4
    let start = end
    let next = start + words * size
    if next > room.count { grow(toHold: next) }
    // In bounds: the room holds `next` bytes by now, and `other` has four for each word.
    unsafe room.withUnsafeMutableBytes { room in
      unsafe other.room.withUnsafeBytes { source in
        for word in 0..<words {
          for byte in 0..<size {
            unsafe room[start + word * size + byte] = source[word * 4 + byte]
          }
        }
      }
    }
    end = next
  }

  /// Appends a copy of what another writer holds.
  package mutating func append(_ other: LittleEndianWriter) {
    append(other.room.span.extracting(0..<other.end))
  }
}

// SPDX-License-Identifier: Apache-2.0

/// Appends the wire's primitives to a growing buffer. Fixed-width integers are little-endian.
///
/// The buffer is kept longer than what is written, so that a byte costs a store and not an append.
struct WireWriter: Sendable {
  private var storage: [UInt8] = []
  private(set) var count = 0

  /// What was written.
  var bytes: [UInt8] { Array(storage[..<count]) }
  var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(first: count) }
  }

  /// Begins anew in the same buffer.
  mutating func removeAll() {
    count = 0
  }

  @inline(__always)
  mutating func byte(_ value: UInt8) {
    if count == storage.count { grow(by: 1) }
    storage[count] = value
    count += 1
  }

  @inline(never)
  private mutating func grow(by needed: Int) {
    let more = max(needed, storage.count, 256)
    storage.append(contentsOf: repeatElement(0, count: more))
  }

  mutating func append(_ run: [UInt8]) {
    if count + run.count > storage.count { grow(by: run.count) }
    storage.replaceSubrange(count..<(count + run.count), with: run)
    count += run.count
  }

  @inline(__always)
  mutating func fixed<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    let size = MemoryLayout<T>.size
    if count + size > storage.count { grow(by: size) }
    var rest = value
    for index in 0..<size {
      storage[count + index] = UInt8(truncatingIfNeeded: rest)
      rest >>= 8
    }
    count += size
  }

  /// Seven bits a byte, lowest first, the top bit set on all but the last (LEB128).
  @inline(__always)
  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      byte(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    byte(UInt8(truncatingIfNeeded: rest))
  }

  /// A signed value as a varint, small magnitudes first: 0, -1, 1, -2, ...
  @inline(__always)
  mutating func zigzag(_ value: Int64) {
    varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// Length and UTF-8 bytes; cut at ``WireLimits/stringBytes``, between two characters.
  mutating func string(_ value: String, limit: Int = WireLimits.stringBytes) {
    let utf8 = Array(value.cut(toBytes: limit).utf8)
    varint(UInt64(utf8.count))
    append(utf8)
  }

  /// Appends a section: its id, the length of what `body` writes, and that.
  mutating func section(_ id: SectionID, _ body: (inout WireWriter) -> Void) {
    byte(id.rawValue)
    let start = count
    fixed(UInt32(0))
    body(&self)
    patch(UInt32(count - start - 4), at: start)
  }

  mutating func patch(_ value: UInt32, at offset: Int) {
    for index in 0..<4 {
      storage[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
    }
  }
}

extension String {
  /// As many of the leading Unicode scalars as have at most `limit` bytes of UTF-8.
  func cut(toBytes limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(startIndex, offsetBy: limit)
    while end > startIndex, UTF8.isContinuation(utf8[end]) { end = utf8.index(before: end) }
    return String(decoding: utf8[..<end], as: UTF8.self)
  }
}

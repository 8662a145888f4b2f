// SPDX-License-Identifier: Apache-2.0

/// Appends the wire's primitives to a growing buffer. Fixed-width integers are little-endian.
struct WireWriter: Sendable {
  var bytes: [UInt8]

  init(_ bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  @inline(__always)
  mutating func byte(_ value: UInt8) {
    bytes.append(value)
  }

  @inline(__always)
  mutating func fixed<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    var rest = value
    for _ in 0..<MemoryLayout<T>.size {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// Seven bits a byte, lowest first, the top bit set on all but the last (LEB128).
  @inline(__always)
  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// A signed value as a varint, small magnitudes first: 0, -1, 1, -2, ...
  @inline(__always)
  mutating func zigzag(_ value: Int64) {
    varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// Length and UTF-8 bytes; cut at ``WireLimits/stringBytes``.
  mutating func string(_ value: String, limit: Int = WireLimits.stringBytes) {
    var utf8 = Array(value.utf8)
    if utf8.count > limit { utf8.removeLast(utf8.count - limit) }
    varint(UInt64(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  /// Appends a section: its id, the length of what `body` writes, and that.
  mutating func section(_ id: SectionID, _ body: (inout WireWriter) -> Void) {
    byte(id.rawValue)
    let start = bytes.count
    fixed(UInt32(0))
    body(&self)
    patch(UInt32(bytes.count - start - 4), at: start)
  }

  mutating func patch(_ value: UInt32, at offset: Int) {
    for index in 0..<4 {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
    }
  }
}

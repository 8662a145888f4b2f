// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Reads the wire's primitives from bytes that may be anyone's.
///
/// A fault sticks: the first one is kept, the cursor goes to the end, and every later read gives 0.
/// So a row is read without a branch per field, and ``check()`` after it tells whether it was one.
struct WireReader: ~Escapable {
  private let bytes: Span<UInt8>
  /// Where `bytes` begins in the frame's body; faults are reported from there.
  private let base: Int
  private var offset = 0
  private var fault: WireError?

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, base: Int = 0) {
    self.bytes = bytes
    self.base = base
  }

  var remaining: Int { bytes.count - offset }
  /// Bytes from the start of the body.
  var position: Int { base + offset }

  func check() throws(WireError) {
    if let fault { throw fault }
  }

  @inline(never)
  @_lifetime(self: copy self)
  mutating func fail(_ fault: WireError.Fault, _ expected: StaticString) {
    if self.fault == nil {
      self.fault = WireError(fault, at: position, expected: expected)
    }
    offset = bytes.count
  }

  @inline(__always)
  @_lifetime(self: copy self)
  mutating func byte() -> UInt8 {
    guard offset < bytes.count else {
      fail(.truncated, "a byte")
      return 0
    }
    let value = bytes[offset]
    offset += 1
    return value
  }

  @inline(__always)
  @_lifetime(self: copy self)
  mutating func fixed<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self) -> T {
    let size = MemoryLayout<T>.size
    guard bytes.count - offset >= size else {
      fail(.truncated, "a fixed-width integer")
      return 0
    }
    var value: T = 0
    for index in 0..<size {
      value |= T(truncatingIfNeeded: bytes[offset + index]) << T(truncatingIfNeeded: index * 8)
    }
    offset += size
    return value
  }

  @inline(__always)
  @_lifetime(self: copy self)
  mutating func varint() -> UInt64 {
    if offset < bytes.count, bytes[offset] < 0x80 {
      let value = UInt64(bytes[offset])
      offset += 1
      return value
    }
    return longVarint()
  }

  @_lifetime(self: copy self)
  private mutating func longVarint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      // The tenth byte holds the one bit that is left of 64.
      if shift == 63, byte > 1 { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    fail(offset < bytes.count ? .malformed : .truncated, "a varint of at most 64 bits")
    return 0
  }

  @inline(__always)
  @_lifetime(self: copy self)
  mutating func zigzag() -> Int64 {
    let value = varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A varint that fits `T`; a larger one is a fault.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self) -> T {
    let value = varint()
    guard value <= UInt64(T.max) else {
      fail(.malformed, "an integer inside its field's range")
      return 0
    }
    return T(truncatingIfNeeded: value)
  }

  /// A row count: at most `limit`, and no more than the bytes that are left could hold.
  @_lifetime(self: copy self)
  mutating func count(limit: Int, rowBytes: Int) -> Int {
    let value = varint()
    guard value <= UInt64(limit) else {
      fail(.oversized, "a row count inside the limit")
      return 0
    }
    guard Int(value) * rowBytes <= remaining else {
      fail(.truncated, "as many rows as announced")
      return 0
    }
    return Int(value)
  }

  @_lifetime(copy self)
  mutating func run(_ count: Int) -> Span<UInt8> {
    guard count >= 0, count <= remaining else {
      fail(.truncated, "as many bytes as announced")
      return bytes.extracting(first: 0)
    }
    let start = offset
    offset += count
    return bytes.clipped(from: start, to: offset)
  }

  /// Text, repaired where it is not UTF-8. Repairs take more bytes than what they replace; beyond the
  /// limit, which is also the sender's, it is cut.
  @_lifetime(self: copy self)
  mutating func string(limit: Int = WireLimits.stringBytes) -> String {
    let count = varint()
    guard count <= UInt64(limit) else {
      fail(.oversized, "a string inside the limit")
      return ""
    }
    let span = run(Int(count))
    guard !span.isEmpty else { return "" }
    return unsafe span.withUnsafeBufferPointer {
      unsafe String(decoding: $0, as: UTF8.self).cut(toBytes: limit)
    }
  }

  /// Demands that nothing is left: more would be a row that this build does not read.
  @_lifetime(self: copy self)
  mutating func expectEnd() {
    if remaining > 0 { fail(.malformed, "the end of the section") }
  }
}

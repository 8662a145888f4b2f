// SPDX-License-Identifier: Apache-2.0

/// A field does not lie in view, or cannot be what stands there.
struct KafkaFault: Error {}

/// Walks over a message field by field. Each field that is read takes bytes of the view, so that no
/// count which a sender wrote makes more work than its message is long.
struct KafkaCursor {
  /// Where the next field begins. What was passed may lie beyond the view.
  private(set) var place: Int
  /// Whether lengths are varints, one more than they say, and tagged fields end each structure
  /// (KIP-482).
  let isFlexible: Bool

  init(at place: Int, isFlexible: Bool) {
    self.place = place
    self.isFlexible = isFlexible
  }

  /// A signed number of `size` bytes, at most 8.
  mutating func number(of size: Int, in bytes: Span<UInt8>) throws(KafkaFault) -> Int64 {
    guard place <= bytes.count - size else { throw KafkaFault() }
    var value: Int64 = bytes[place] < 0x80 ? 0 : -1
    for index in place..<(place + size) { value = value << 8 | Int64(bytes[index]) }
    place += size
    return value
  }

  /// Passes over `count` bytes, in view or not.
  mutating func pass(_ count: Int) throws(KafkaFault) {
    guard count >= 0, count <= Int(Int32.max) else { throw KafkaFault() }
    place += count
  }

  /// How many elements an array has, none for null.
  mutating func count(in bytes: Span<UInt8>) throws(KafkaFault) -> Int {
    max(0, try length(of: 4, in: bytes))
  }

  /// How many bytes come next, -1 for null: of a text (`size` is 2), or of others (4).
  mutating func length(of size: Int, in bytes: Span<UInt8>) throws(KafkaFault) -> Int {
    let length =
      isFlexible
      ? try variable(in: bytes) - 1 : Int(try number(of: size, in: bytes))
    guard length >= -1, length <= (size == 2 ? Int(Int16.max) : Int(Int32.max)) else {
      throw KafkaFault()
    }
    return length
  }

  /// A text, which must be in view as a whole; empty for null.
  mutating func text(in bytes: Span<UInt8>) throws(KafkaFault) -> Range<Int> {
    let length = max(0, try length(of: 2, in: bytes))
    return try range(of: length, in: bytes)
  }

  mutating func range(of length: Int, in bytes: Span<UInt8>) throws(KafkaFault) -> Range<Int> {
    guard length >= 0, place <= bytes.count - length else { throw KafkaFault() }
    defer { place += length }
    return place..<(place + length)
  }

  /// Passes over the tagged fields that end a structure.
  mutating func tags(in bytes: Span<UInt8>) throws(KafkaFault) {
    guard isFlexible else { return }
    for _ in 0..<(try variable(in: bytes)) {
      _ = try variable(in: bytes)
      try pass(try variable(in: bytes))
    }
  }

  /// An unsigned varint of at most 32 bits.
  private mutating func variable(in bytes: Span<UInt8>) throws(KafkaFault) -> Int {
    var value = 0
    for shift in stride(from: 0, through: 28, by: 7) {
      guard place < bytes.count else { throw KafkaFault() }
      let byte = bytes[place]
      place += 1
      value |= Int(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw KafkaFault()
  }
}

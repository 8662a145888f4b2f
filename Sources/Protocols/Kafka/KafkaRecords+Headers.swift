// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The headers of a record, which carry the ids of a trace as those of HTTP do. Keys and values are
/// passed over.
extension KafkaRecords {
  private static let longestName = 24
  private static let mostHeaders = 64

  /// Notes the headers of traces of the record that begins at `start`, in a batch that ends at `end`, as
  /// far as they lie in view.
  mutating func readHeaders(from start: Int, to end: Int, in bytes: Span<UInt8>) {
    let end = min(end, bytes.count)
    var place = start
    guard Self.number(in: bytes, at: &place, end) != nil else { return }
    // Attributes, then when and where in the batch.
    place += 1
    guard Self.number(in: bytes, at: &place, end) != nil,
      Self.number(in: bytes, at: &place, end) != nil,
      Self.text(in: bytes, at: &place, end) != nil, Self.text(in: bytes, at: &place, end) != nil,
      let count = Self.number(in: bytes, at: &place, end), count > 0
    else { return }
    for _ in 0..<min(count, Self.mostHeaders) {
      guard let name = Self.text(in: bytes, at: &place, end),
        let value = Self.text(in: bytes, at: &place, end)
      else { return }
      if name.count <= Self.longestName, let known = HeaderName(bytes.clipped(name)),
        let header = TraceHeader(known)
      {
        trace.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
      }
    }
  }

  /// A signed number, zigzag in a varint.
  private static func number(in bytes: Span<UInt8>, at place: inout Int, _ end: Int) -> Int? {
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, through: 63, by: 7) {
      guard place < end else { return nil }
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 {
        return Int(truncatingIfNeeded: value >> 1) ^ -Int(truncatingIfNeeded: value & 1)
      }
    }
    return nil
  }

  /// Bytes behind their length, -1 for none.
  private static func text(
    in bytes: Span<UInt8>, at place: inout Int, _ end: Int
  ) -> Range<Int>? {
    guard let length = number(in: bytes, at: &place, end), length >= -1,
      max(0, length) <= end - place
    else { return nil }
    let start = place
    place += max(0, length)
    return start..<place
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The properties of a message: a name, U+0001, a value, U+0002, and so on (`MessageDecoder`).
struct RocketMQProperties {
  private(set) var trace = TraceHeaders()
  /// The id that the client gave, and those that the user did.
  private(set) var uniqueKey = 0..<0
  private(set) var keys = 0..<0
  private(set) var tags = 0..<0

  /// `range` is of `bytes`; in JSON the two are written as escapes of six bytes.
  init(_ bytes: Span<UInt8>, _ range: Range<Int>, isJSON: Bool) {
    var index = range.lowerBound
    while index < range.upperBound {
      guard let middle = Self.mark(1, bytes, index, range.upperBound, isJSON) else { return }
      let start = middle + (isJSON ? 6 : 1)
      let end = Self.mark(2, bytes, start, range.upperBound, isJSON) ?? range.upperBound
      take(index..<middle, min(start, end)..<end, bytes)
      index = end + (isJSON ? 6 : 1)
    }
  }

  private static func mark(
    _ byte: UInt8, _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ isJSON: Bool
  ) -> Int? {
    guard start <= end else { return nil }
    guard isJSON else { return bytes.firstIndex(of: byte, from: start, to: end) }
    var index = start
    while let found = bytes.firstIndex(of: 0x5c, from: index, to: end) {
      if found + 6 <= end, bytes.hasPrefix("\\u000", at: found),
        bytes[found + 5] == byte + UInt8(ascii: "0")
      {
        return found
      }
      index = found + 1
    }
    return nil
  }

  private mutating func take(_ name: Range<Int>, _ value: Range<Int>, _ bytes: Span<UInt8>) {
    if bytes.equals("UNIQ_KEY", at: name) {
      uniqueKey = value
    } else if bytes.equals("KEYS", at: name) {
      keys = value
    } else if bytes.equals("TAGS", at: name) {
      tags = value
    } else if let folded = HeaderName(bytes.clipped(name)), let header = TraceHeader(folded) {
      trace.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
    }
  }

  /// Where the properties of the message lie that begins at `start`, as brokers store it
  /// (`MessageDecoder.decode`); nil when they are not in view.
  static func ofStored(_ bytes: Span<UInt8>, at start: Int) -> Range<Int>? {
    var cursor = ByteCursor(at: start, to: bytes.count)
    do throws(EndOfBytes) {
      try cursor.skip(4, in: bytes)
      let magic = try cursor.number(of: 4, in: bytes)
      guard magic == 0xdaa3_20a7 || magic == 0xdaa3_20ab else { return nil }
      try cursor.skip(28, in: bytes)
      let flags = try cursor.number(of: 4, in: bytes)
      // When and where it was born, when and where it was stored: hosts may have longer addresses.
      try cursor.skip(8 + (flags & 0x10 != 0 ? 20 : 8), in: bytes)
      try cursor.skip(8 + (flags & 0x20 != 0 ? 20 : 8), in: bytes)
      try cursor.skip(12, in: bytes)
      try cursor.skip(Int(cursor.number(of: 4, in: bytes)), in: bytes)
      let size = magic == 0xdaa3_20a7 ? 1 : 2
      try cursor.skip(Int(cursor.number(of: size, in: bytes)), in: bytes)
      return try cursor.range(of: Int(cursor.number(of: 2, in: bytes)), in: bytes)
    } catch { return nil }
  }
}

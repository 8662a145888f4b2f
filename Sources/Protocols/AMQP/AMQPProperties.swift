// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What the header of a message tells (section 4.2.6.1), and the properties of class basic in it.
struct AMQPProperties {
  private(set) var bodySize: UInt64 = 0
  private(set) var correlationID = 0..<0
  private(set) var replyTo = 0..<0
  private(set) var messageID = 0..<0
  private(set) var trace = TraceHeaders()

  private var cursor: ByteCursor

  /// Reads the header frame at `start` as far as it is in view.
  init(_ bytes: Span<UInt8>, _ frame: AMQPFrame, at start: Int) {
    let first = start + AMQPFrame.headSize
    cursor = ByteCursor(at: first + 4, to: min(first + frame.size, bytes.count))
    do throws(EndOfBytes) { try read(bytes) } catch {}
  }

  private mutating func shortText(_ bytes: Span<UInt8>) throws(EndOfBytes) -> Range<Int> {
    let count = Int(try cursor.byte(in: bytes))
    return try cursor.range(of: count, in: bytes)
  }

  private mutating func read(_ bytes: Span<UInt8>) throws(EndOfBytes) {
    bodySize = try cursor.number(of: 8, in: bytes)
    let flags = try cursor.number(of: 2, in: bytes)
    func has(_ bit: UInt64) -> Bool { flags >> bit & 1 == 1 }
    if has(15) { _ = try shortText(bytes) }
    if has(14) { _ = try shortText(bytes) }
    if has(13) {
      let count = Int(try cursor.number(of: 4, in: bytes))
      try readHeaders(bytes, cursor.range(of: count, in: bytes))
    }
    if has(12) { try cursor.skip(1, in: bytes) }
    if has(11) { try cursor.skip(1, in: bytes) }
    if has(10) { correlationID = try shortText(bytes) }
    if has(9) { replyTo = try shortText(bytes) }
    if has(8) { _ = try shortText(bytes) }
    if has(7) { messageID = try shortText(bytes) }
  }

  /// A table's fields, of which texts may be ids of a trace. Tables in it are passed over.
  private mutating func readHeaders(
    _ bytes: Span<UInt8>, _ table: Range<Int>
  ) throws(EndOfBytes) {
    var field = ByteCursor(at: table.lowerBound, to: table.upperBound)
    while field.remaining > 0 {
      let count = Int(try field.byte(in: bytes))
      let name = try field.range(of: count, in: bytes)
      let type = try field.byte(in: bytes)
      guard let size = try Self.size(of: type, &field, bytes) else { return }
      let value = try field.range(of: size, in: bytes)
      guard type == UInt8(ascii: "S"), let folded = HeaderName(bytes.clipped(name)),
        let header = TraceHeader(folded)
      else { continue }
      trace.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
    }
  }

  /// Bytes of a value, as RabbitMQ has the types
  /// (https://www.rabbitmq.com/amqp-0-9-1-errata#section_3); nil of one that is not known.
  private static func size(
    of type: UInt8, _ field: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Int? {
    switch type {
    case UInt8(ascii: "V"): 0
    case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): 1
    case UInt8(ascii: "s"), UInt8(ascii: "u"), UInt8(ascii: "U"): 2
    case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): 4
    case UInt8(ascii: "D"): 5
    case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"): 8
    case UInt8(ascii: "S"), UInt8(ascii: "x"), UInt8(ascii: "A"), UInt8(ascii: "F"):
      Int(try field.number(of: 4, in: bytes))
    default: nil
    }
  }
}

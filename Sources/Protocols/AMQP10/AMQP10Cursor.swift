// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks over values in the encoding of AMQP 1.0 (part 1, section 1.2): the upper half of the first byte says
/// how long a value is.
struct AMQP10Cursor {
  private(set) var cursor: ByteCursor

  init(_ range: Range<Int>) { cursor = ByteCursor(at: range.lowerBound, to: range.upperBound) }

  var place: Int { cursor.place }
  var isAtEnd: Bool { cursor.remaining == 0 }

  /// A value: its form, where its bytes lie, and the number that describes it, if one does.
  struct Value {
    var form: UInt8
    var range: Range<Int>
    var descriptor: UInt64?

    var isNull: Bool { form == 0x40 }
  }

  /// The contents of a list, without its length and count; they may reach beyond the bytes.
  static func list(_ cursor: inout ByteCursor, _ bytes: Span<UInt8>) throws(EndOfBytes) -> Range<
    Int
  > {
    switch try cursor.byte(in: bytes) {
    case 0x45: return cursor.place..<cursor.place
    case 0xc0:
      let size = Int(try cursor.byte(in: bytes))
      return try contents(size, counted: 1, &cursor)
    case 0xd0:
      let size = Int(try cursor.number(of: 4, in: bytes))
      return try contents(size, counted: 4, &cursor)
    default: throw EndOfBytes(missing: 0)
    }
  }

  private static func contents(
    _ size: Int, counted: Int, _ cursor: inout ByteCursor
  ) throws(EndOfBytes) -> Range<Int> {
    guard size >= counted, size - counted <= cursor.remaining - counted else {
      throw EndOfBytes(missing: 1)
    }
    return (cursor.place + counted)..<(cursor.place + size)
  }

  /// The next value; fails where it is not all in view.
  mutating func next(in bytes: Span<UInt8>) throws(EndOfBytes) -> Value {
    var descriptor: UInt64?
    var form = try cursor.byte(in: bytes)
    if form == 0 {
      // A descriptor, of which only numbers are ours.
      let name = try plain(cursor.byte(in: bytes), bytes)
      descriptor = Self.number(name, bytes)
      form = try cursor.byte(in: bytes)
    }
    var value = try plain(form, bytes)
    value.descriptor = descriptor
    return value
  }

  private mutating func plain(
    _ form: UInt8, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Value {
    let size: Int
    switch form >> 4 {
    case 4: size = 0
    case 5: size = 1
    case 6: size = 2
    case 7: size = 4
    case 8: size = 8
    case 9: size = 16
    case 0xa, 0xc, 0xe: size = Int(try cursor.byte(in: bytes))
    case 0xb, 0xd, 0xf: size = Int(try cursor.number(of: 4, in: bytes))
    default: throw EndOfBytes(missing: 0)
    }
    return Value(form: form, range: try cursor.range(of: size, in: bytes))
  }

  /// An unsigned number, or a boolean; nil of what is none.
  static func number(_ value: Value, _ bytes: Span<UInt8>) -> UInt64? {
    switch value.form {
    case 0x41: return 1
    case 0x42, 0x43, 0x44: return 0
    case 0x50, 0x52, 0x53, 0x56, 0x60, 0x70, 0x80:
      var cursor = ByteCursor(at: value.range.lowerBound, to: value.range.upperBound)
      return try? cursor.number(of: value.range.count, in: bytes)
    default: return nil
    }
  }

  /// Texts and symbols; empty of what is none.
  static func text(_ value: Value) -> Range<Int> {
    switch value.form {
    case 0xa1, 0xb1, 0xa3, 0xb3: value.range
    default: 0..<0
    }
  }

  /// What a list, or the described list in a field, holds: without its count.
  static func inside(_ value: Value) -> AMQP10Cursor {
    switch value.form {
    case 0xc0, 0xc1:
      AMQP10Cursor(min(value.range.lowerBound + 1, value.range.upperBound)..<value.range.upperBound)
    case 0xd0, 0xd1:
      AMQP10Cursor(min(value.range.lowerBound + 4, value.range.upperBound)..<value.range.upperBound)
    default: AMQP10Cursor(value.range.upperBound..<value.range.upperBound)
    }
  }
}

/// The parts of a message (part 3, section 3.2) that are read.
struct AMQP10Properties {
  private(set) var messageID = 0..<0
  private(set) var messageNumber: UInt64?
  private(set) var correlationID = 0..<0
  private(set) var correlationNumber: UInt64?
  private(set) var to = 0..<0
  private(set) var replyTo = 0..<0
  private(set) var group = 0..<0
  private(set) var trace = TraceHeaders()

  /// Reads the sections from `start` on, as far as they are in view.
  init(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
    var sections = AMQP10Cursor(min(start, end)..<end)
    while !sections.isAtEnd, let section = try? sections.next(in: bytes) {
      switch section.descriptor {
      case 0x73: readProperties(section, bytes)
      // What the broker adds, and what the users do.
      case 0x72, 0x74: readMap(section, bytes)
      case 0x70, 0x71: continue
      default: return
      }
    }
  }

  private mutating func readProperties(_ section: AMQP10Cursor.Value, _ bytes: Span<UInt8>) {
    var fields = AMQP10Cursor.inside(section)
    var index = 0
    while index <= 10, let field = try? fields.next(in: bytes) {
      let text = AMQP10Cursor.text(field)
      switch index {
      case 0: (messageID, messageNumber) = (text, AMQP10Cursor.number(field, bytes))
      case 2: to = text
      case 4: replyTo = text
      case 5: (correlationID, correlationNumber) = (text, AMQP10Cursor.number(field, bytes))
      case 10: group = text
      default: break
      }
      index += 1
    }
  }

  private mutating func readMap(_ section: AMQP10Cursor.Value, _ bytes: Span<UInt8>) {
    var entries = AMQP10Cursor.inside(section)
    while let name = try? entries.next(in: bytes), let value = try? entries.next(in: bytes) {
      let text = AMQP10Cursor.text(value)
      guard !text.isEmpty, let folded = HeaderName(bytes.clipped(AMQP10Cursor.text(name))) else {
        continue
      }
      // Azure's libraries write what W3C has under a name of their own.
      let header = folded == HeaderName("diagnostic-id") ? .traceparent : TraceHeader(folded)
      if let header { trace.note(header, at: Place(start: text.lowerBound, end: text.upperBound)) }
    }
  }
}

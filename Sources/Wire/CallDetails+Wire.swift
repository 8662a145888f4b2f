// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The fields that most calls do not have, and that the row of the calls' section has no place for, as
/// the layout of a section does not change. They travel in a section of their own, by number, so that
/// there may be further ones: a receiver leaves out what it does not know.
extension CallRecord {
  /// Hands every such field to `visitor`, with its number, which it keeps for ever.
  @inline(__always)
  private mutating func visitDetails<Visitor: DetailVisitor>(_ visitor: inout Visitor) {
    visitor.number(1, &requestMessages)
    visitor.number(2, &responseMessages)
    visitor.number(3, &carrier.rawValue)
    visitor.text(4, &attributes)
  }

  fileprivate var hasDetails: Bool {
    requestMessages | responseMessages != 0 || carrier.rawValue != 0 || attributes.length != 0
  }

  /// The fields that are not 0 and not empty.
  fileprivate var details: DetailCollector {
    var collector = DetailCollector()
    var copy = self
    copy.visitDetails(&collector)
    return collector
  }

  /// Sets the field that `detail` is of; one of a later version is left out.
  fileprivate mutating func set(_ detail: Detail) {
    var setter = DetailSetter(detail: detail)
    visitDetails(&setter)
  }
}

extension RecordBatch {
  private static let smallestRow = 2

  /// Writes what the calls of the batch have beyond their rows; nothing when no call has any.
  func writeCallDetails(to writer: inout WireWriter) {
    var rows = 0
    for index in calls.indices where calls[index].hasDetails { rows += 1 }
    guard rows > 0 else { return }
    writer.section(.callDetails) { writer in
      writer.varint(UInt64(rows))
      var before = 0
      var cursor: UInt32 = 0
      for index in calls.indices where calls[index].hasDetails {
        writer.varint(UInt64(index - before))
        before = index
        let details = calls[index].details
        writer.varint(UInt64(details.count))
        for field in 0..<details.count {
          details.fields[field].write(to: &writer, cursor: &cursor)
        }
      }
    }
  }

  /// Reads what calls before this section have beyond their rows.
  mutating func readCallDetails(from reader: inout WireReader) throws(WireError) {
    let count = reader.count(limit: WireLimits.rows, rowBytes: Self.smallestRow)
    var index = 0
    var cursor: UInt32 = 0
    for _ in 0..<count {
      index += Int(reader.integer(UInt32.self))
      let fields = reader.integer(UInt32.self)
      if index >= calls.count { reader.fail(.malformed, "the details of a call of the batch") }
      try reader.check()
      for _ in 0..<fields {
        let detail = Detail(from: &reader, cursor: &cursor, textBytes: text.count)
        // Before it is taken: a count that is no one's must not keep us here.
        try reader.check()
        calls[index].set(detail)
      }
    }
  }
}

/// One field, as it travels: twice its number, and one more for a text; then its value.
private struct Detail {
  var key: UInt64 = 0
  /// Where the key says that it is a number.
  var number: UInt64 = 0
  /// Where it says that it is a text.
  var text = Text.empty

  init() {}

  init(_ field: UInt64, _ number: UInt64) {
    key = field << 1
    self.number = number
  }

  init(_ field: UInt64, _ text: Text) {
    key = field << 1 | 1
    self.text = text
  }

  init(from reader: inout WireReader, cursor: inout UInt32, textBytes: Int) {
    key = reader.varint()
    if key & 1 == 0 {
      number = reader.varint()
    } else {
      text = Text(from: &reader, cursor: &cursor, textBytes: textBytes)
    }
  }

  func write(to writer: inout WireWriter, cursor: inout UInt32) {
    writer.varint(key)
    if key & 1 == 0 { writer.varint(number) } else { text.write(to: &writer, cursor: &cursor) }
  }
}

private protocol DetailVisitor {
  mutating func number<Value: FixedWidthInteger & UnsignedInteger>(
    _ field: UInt64, _ value: inout Value)
  mutating func text(_ field: UInt64, _ value: inout Text)
}

private struct DetailCollector: DetailVisitor {
  var fields = InlineArray<8, Detail>(repeating: Detail())
  var count = 0

  private mutating func append(_ detail: Detail) {
    fields[count] = detail
    count += 1
  }

  mutating func number<Value: FixedWidthInteger & UnsignedInteger>(
    _ field: UInt64, _ value: inout Value
  ) {
    if value != 0 { append(Detail(field, UInt64(value))) }
  }

  mutating func text(_ field: UInt64, _ value: inout Text) {
    if value.length != 0 { append(Detail(field, value)) }
  }
}

/// Sets the field whose key fits. A number that its field has no room for becomes the largest.
private struct DetailSetter: DetailVisitor {
  let detail: Detail

  mutating func number<Value: FixedWidthInteger & UnsignedInteger>(
    _ field: UInt64, _ value: inout Value
  ) {
    if detail.key == field << 1 { value = Value(clamping: detail.number) }
  }

  mutating func text(_ field: UInt64, _ value: inout Text) {
    if detail.key == field << 1 | 1 { value = detail.text }
  }
}

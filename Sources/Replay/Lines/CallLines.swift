// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes calls as lines: the columns of `l7_flow_log` that an agent knows.
@safe
struct CallLines: ~Copyable {
  /// Bytes of a line without its texts, at most; they are counted apart.
  private static let fixedBytes = 4_096

  private var time = LineTime()
  private var ends: CallEndsCache
  private var values = CallValues()
  private let columns: CallPieces
  private let carriers: EnumerationPieces

  /// - Parameter pieces: stay the caller's.
  init(tables: NumberTables, pieces: SightingPieces) {
    columns = CallPieces(tables: tables)
    carriers = pieces.carriers
    ends = CallEndsCache(tables: tables, pieces: pieces)
  }

  deinit {
    columns.free()
  }

  mutating func write(
    _ call: inout CallRecord, _ texts: LineTexts, tables: NumberTables, to output: inout LineOutput
  ) throws(ReplayError) {
    call.collectColumns(into: &values)
    let room = Self.fixedBytes &+ LineWriter.expansion &* values.textBytes
    var writer = unsafe LineWriter(at: try output.place(for: room), tables: tables)
    writer.raw(#"{"table":"l7_flow_log","time":"#)
    time.seconds(call.end, to: &writer)
    writer.raw(#","start_time":"#)
    time.microseconds(call.start, to: &writer)
    writer.raw(#","end_time":"#)
    time.microseconds(call.end, to: &writer)
    ends.write(&call, to: &writer)
    var rest = values.present & ~columns.attributes
    while rest != 0 {
      columns.write(rest.trailingZeroBitCount, of: &values, texts, carriers, to: &writer)
      rest &= rest &- 1
    }
    let attributes = values.present & columns.attributes
    if attributes != 0 { write(attributes, texts, to: &writer) }
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  /// Writes the texts that have no column of their own: their names, and their values.
  private mutating func write(
    _ attributes: UInt64, _ texts: LineTexts, to writer: inout LineWriter
  ) {
    writer.raw(#","attribute_names":["#)
    var rest = attributes
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      if columns.isRun(index) {
        texts.walk(Text(bits: values.values[index])) { name, _ in
          writer.element(name, of: texts)
        }
      } else {
        columns.key(index, to: &writer)
      }
    }
    writer.endList()
    writer.raw(#","attribute_values":["#)
    rest = attributes
    while rest != 0 {
      let text = Text(bits: values.values[rest.trailingZeroBitCount])
      if columns.isRun(rest.trailingZeroBitCount) {
        texts.walk(text) { _, value in writer.element(value, of: texts) }
      } else {
        writer.element(text, of: texts)
      }
      rest &= rest &- 1
    }
    writer.endList()
  }
}

// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry

/// Writes calls into the columns of `flow_log.l7_flow_log`.
struct CallLogRows: Sendable {
  var rows = TableRows(.callLog)
  var index = TraceIndexRows()
  private var values = CallValues()

  /// Appends one row. `text` is that of the batch the call came in.
  mutating func append(
    _ call: borrowing CallRecord, _ text: Span<UInt8>, _ ends: TaggedEnds, agent: UInt16,
    numbers: inout RowNumbers
  ) {
    index.append(call, text, agent: agent)
    rows.putLog(call, ends, agent: agent, numbers: &numbers)
    rows.put("l7_protocol", call.applicationProtocol.rawValue)
    var call = copy call
    call.collectColumns(into: &values)
    let columns = CallColumn.all
    for index in columns.indices { put(columns[index], values.values[index], at: index, text) }
    putAttributes(columns, text)
    rows.endRow()
  }

  private mutating func put(
    _ column: CallColumn, _ value: UInt64, at index: Int, _ text: Span<UInt8>
  ) {
    let isThere = values.present & 1 << UInt64(index) != 0
    switch column.form {
    case .flag, .enumeration, .protocolNumber:
      rows.put(column.name, UInt8(truncatingIfNeeded: value))
    case .uint32: rows.put(column.name, UInt32(truncatingIfNeeded: value))
    case .uint64, .duration: rows.put(column.name, value)
    case .uint64OrNull: rows.put(column.name, orNull: isThere ? value : nil)
    case .int64OrNull:
      rows.put(column.name, orNull: isThere ? Int64(bitPattern: value) : nil)
    case .int32OrNull:
      rows.put(column.name, orNull: isThere ? Int32(truncatingIfNeeded: value) : nil)
    case .text, .repeatedText: rows.put(column.name, Text(bits: value).bytes(in: text))
    case .threadName: values.names[Int(value)].withBytes { rows.put(column.name, $0) }
    case .attribute, .attributes: break
    }
  }

  /// Fields without a column of their own, each with its name.
  private mutating func putAttributes(_ columns: [CallColumn], _ text: Span<UInt8>) {
    let arrays = (names: rows.array("attribute_names"), values: rows.array("attribute_values"))
    for index in columns.indices where values.present & 1 << UInt64(index) != 0 {
      let place = Text(bits: values.values[index])
      switch columns[index].form {
      case .attribute: rows.putNamed(columns[index].name, place.bytes(in: text), in: arrays)
      case .attributes:
        var walk = AttributeWalk(place, in: text)
        while let next = walk.next(in: text) {
          rows.putNamed(next.name.bytes(in: text), next.value.bytes(in: text), in: arrays)
        }
      default: break
      }
    }
    rows.endArray(in: arrays.names)
    rows.endArray(in: arrays.values)
  }
}

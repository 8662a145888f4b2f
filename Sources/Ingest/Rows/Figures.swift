// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry

/// A column of a counter, and where in a record its value stands.
struct Figure<Row>: Sendable {
  var column: String
  var value: @Sendable (borrowing Row) -> UInt64

  init(_ column: String, _ value: @escaping @Sendable (borrowing Row) -> UInt64) {
    self.column = column
    self.value = value
  }
}

/// Writes the figures of one kind of record into the columns of one table.
struct FigureColumns<Row>: Sendable {
  private struct Column {
    var position: Int
    var isWide: Bool
    var value: @Sendable (borrowing Row) -> UInt64
  }

  private let columns: [Column]

  init(_ figures: [Figure<Row>], in batch: ColumnBatch) {
    columns = figures.map { figure in
      let position = batch.column(figure.column)
      return Column(
        position: position, isWide: batch.table.columns[position].type == .uint64,
        value: figure.value)
    }
  }

  func append(_ row: borrowing Row, to batch: inout ColumnBatch) {
    for index in columns.indices {
      let value = columns[index].value(row)
      if columns[index].isWide {
        batch.append(value, to: columns[index].position)
      } else {
        batch.append(UInt32(clamping: value), to: columns[index].position)
      }
    }
  }
}

/// Sum, count and maximum of a latency.
func latency<Row>(
  _ name: String, _ sum: @escaping @Sendable (borrowing Row) -> LatencySum
) -> [Figure<Row>] {
  [
    Figure(name + "_sum") { sum($0).sum }, Figure(name + "_count") { sum($0).count },
    Figure(name + "_max") { sum($0).maximum },
  ]
}

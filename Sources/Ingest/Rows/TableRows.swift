// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry

/// The rows of one table, written column by column.
///
/// Whoever writes rows names each column where its value is, and names the same columns in the same
/// order for every row: the first row looks them up, the others take the places that it found. The
/// order need not be the declaration's. A column that is not written is a mistake that
/// ``ColumnBatch/encode(into:)`` finds in the first test.
struct TableRows: Sendable {
  private struct Place {
    var column: Int
    var isWide: Bool
    /// What the first row called it; nil for a figure, of which all are written at once.
    var name: StaticString?

    @inline(__always)
    func isCalled(_ other: StaticString) -> Bool {
      guard let name else { return false }
      // One text of the program stands at one place, nearly always.
      return unsafe name.utf8Start == other.utf8Start || isSpelled(other)
    }

    @inline(never)
    private func isSpelled(_ other: StaticString) -> Bool {
      name.map { "\($0)" == "\(other)" } ?? false
    }
  }

  private(set) var batch: ColumnBatch
  private var places: [Place] = []
  /// The place of the next value.
  private var next = 0
  /// Places of the first row, and so of all; 0 before it.
  private var width = 0
  private var figures = FigureValues()

  init(_ table: TableDeclaration) {
    batch = ColumnBatch(table)
    places.reserveCapacity(table.columns.count)
  }

  /// Empties the rows but keeps their room.
  mutating func removeAll() {
    batch.removeAll()
  }

  mutating func endRow() {
    // In release builds, too: a value left out would shift all behind it into their neighbours.
    precondition(width == 0 || next == width, "every row has the same columns")
    width = next
    next = 0
  }

  @inline(__always)
  private mutating func place(_ column: StaticString) -> Int {
    if next >= places.count { find("\(column)", column) }
    // In release builds, too: two values that change places may be of the same width.
    precondition(places[next].isCalled(column), "every row has its columns in the same order")
    defer { next += 1 }
    return places[next].column
  }

  @inline(never)
  private mutating func find(_ column: String, _ name: StaticString? = nil) {
    let index = batch.column(column)
    places.append(
      Place(column: index, isWide: batch.table.columns[index].type == .uint64, name: name))
  }
}

/// Values of one column each.
extension TableRows {
  @inline(__always)
  mutating func put(_ column: StaticString, _ value: UInt8) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, _ value: Bool) {
    batch.append(value ? 1 : 0 as UInt8, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, _ value: UInt16) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, _ value: UInt32) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, _ value: UInt64) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, _ value: Int64) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, orNull value: UInt64?) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, orNull value: Int32?) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, orNull value: Int64?) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, _ value: IPAddress) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, _ value: Span<UInt8>) {
    batch.append(value, to: place(column))
  }

  @inline(__always)
  mutating func put(_ column: StaticString, _ value: StaticString) {
    batch.append(value, to: place(column))
  }

  mutating func put(_ column: StaticString, _ value: String) {
    batch.append(value, to: place(column))
  }

  /// Zero, or the empty text.
  @inline(__always)
  mutating func putEmpty(_ column: StaticString) {
    batch.appendEmpty(to: place(column))
  }

  /// A value of an array column, and the name it has in another; an empty one is left out.
  @inline(__always)
  mutating func putNamed(
    _ name: StaticString, _ value: Span<UInt8>, in columns: (names: Int, values: Int)
  ) {
    guard !value.isEmpty else { return }
    batch.append(name, to: columns.names)
    batch.append(value, to: columns.values)
  }

  /// The same with a name that the row brings.
  @inline(__always)
  mutating func putNamed(
    _ name: Span<UInt8>, _ value: Span<UInt8>, in columns: (names: Int, values: Int)
  ) {
    batch.append(name, to: columns.names)
    batch.append(value, to: columns.values)
  }

  /// The next column, for values that are not one a row.
  @inline(__always)
  mutating func array(_ column: StaticString) -> Int { place(column) }

  /// A whole array.
  mutating func put(_ column: StaticString, all values: [UInt32]) {
    let place = array(column)
    for value in values { batch.append(value, to: place) }
    batch.endArray(in: place)
  }

  mutating func put(_ column: StaticString, all texts: [String]) {
    let place = array(column)
    for text in texts { batch.append(text, to: place) }
    batch.endArray(in: place)
  }

  mutating func endArray(in column: Int) {
    batch.endArray(in: column)
  }
}

extension TableRows {
  /// Every figure of a record. A value that its column is too narrow for is stored as the largest.
  mutating func putFigures<Record: Metered>(of record: borrowing Record) {
    if next == places.count { Record.figureNames.forEach { find($0) } }
    precondition(places[next].name == nil, "every row has its columns in the same order")
    var record = copy record
    record.collectFigures(into: &figures)
    for index in 0..<figures.count {
      let place = places[next + index]
      if place.isWide {
        batch.append(figures.values[index], to: place.column)
      } else {
        batch.append(UInt32(clamping: figures.values[index]), to: place.column)
      }
    }
    next += figures.count
  }
}

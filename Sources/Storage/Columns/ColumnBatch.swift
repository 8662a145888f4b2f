// SPDX-License-Identifier: Apache-2.0

package import Bytes
package import Telemetry

/// Rows for one table, held by column and handed to the store as one block.
///
/// A row is one append to every column, in any order of the columns. Values are copied into
/// buffers that ``removeAll()`` keeps, so a batch that is filled over and over stops allocating.
/// An append of the wrong kind, and columns of unequal length, are mistakes of the program and
/// trap; no value can.
package struct ColumnBatch: Sendable {
  package let table: TableDeclaration
  var buffers: [ColumnBuffer]
  /// What stands before each column's data in a block: its name and its type.
  private let headers: [LittleEndianWriter]

  package init(_ table: TableDeclaration) {
    self.table = table
    buffers = table.columns.map { ColumnBuffer($0.type) }
    headers = table.columns.map { column in
      var header = LittleEndianWriter()
      for text in [column.name, column.type.engineName] {
        let bytes = Array(text.utf8)
        header.appendVarint(UInt64(bytes.count))
        header.append(bytes.span)
      }
      return header
    }
  }

  /// Rows of the first column; the number of rows when every column has been appended to.
  package var rows: Int { buffers.first?.rows ?? 0 }
  package var isEmpty: Bool { rows == 0 }

  /// Bytes that the values take so far; about what ``encode(into:)`` writes.
  package var byteCount: Int {
    buffers.reduce(0) { $0 + $1.data.count + $1.nulls.count + $1.ends.count }
  }

  /// The position of the column called `name`, the number that appends take. Look it up once.
  package func column(_ name: String) -> Int {
    guard let index = table.columns.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("\(table.qualifiedName) has no column \(name)")
    }
    return index
  }

  /// Empties the batch but keeps its buffers.
  package mutating func removeAll() {
    for index in buffers.indices { buffers[index].removeAll() }
  }

  // One function for each type, not a generic one: that would be specialized in this module only.

  /// Appends an integer or a time, whose width must be the column's.
  package mutating func append(_ value: UInt8, to column: Int) { buffers[column].append(value) }
  package mutating func append(_ value: UInt16, to column: Int) { buffers[column].append(value) }
  package mutating func append(_ value: UInt32, to column: Int) { buffers[column].append(value) }
  package mutating func append(_ value: UInt64, to column: Int) { buffers[column].append(value) }
  package mutating func append(_ value: Int32, to column: Int) {
    buffers[column].append(UInt32(bitPattern: value))
  }
  package mutating func append(_ value: Int64, to column: Int) {
    buffers[column].append(UInt64(bitPattern: value))
  }

  /// Appends to a nullable column; nil is null.
  package mutating func append(_ value: UInt32?, to column: Int) {
    if let value { buffers[column].append(value) } else { appendNull(to: column) }
  }

  package mutating func append(_ value: UInt64?, to column: Int) {
    if let value { buffers[column].append(value) } else { appendNull(to: column) }
  }

  package mutating func append(_ value: Int32?, to column: Int) {
    if let value { append(value, to: column) } else { appendNull(to: column) }
  }

  package mutating func append(_ value: Int64?, to column: Int) {
    if let value { append(value, to: column) } else { appendNull(to: column) }
  }

  /// Appends null to a nullable column.
  package mutating func appendNull(to column: Int) {
    precondition(buffers[column].isNullable, "the column holds no nulls")
    buffers[column].appendEmpty()
  }

  package mutating func append(_ value: Double, to column: Int) {
    buffers[column].append(value.bitPattern)
  }

  /// Appends an address; IPv4 in its mapped form.
  package mutating func append(_ value: IPAddress, to column: Int) {
    // Network order is the reverse of the order in which an integer is stored.
    buffers[column].append((UInt128(value.high) << 64 | UInt128(value.low)).byteSwapped)
  }

  /// Appends a text: whatever bytes it has, UTF-8 or not.
  package mutating func append(_ text: Span<UInt8>, to column: Int) {
    buffers[column].append(text)
  }

  package mutating func append(_ text: ArraySlice<UInt8>, to column: Int) {
    buffers[column].append(text.span)
  }

  package mutating func append(_ text: StaticString, to column: Int) {
    buffers[column].append(text)
  }

  package mutating func append(_ text: String, to column: Int) {
    buffers[column].append(text.utf8Span.span)
  }

  /// Appends zero, the empty text, the empty array, or null where the column has nulls.
  package mutating func appendEmpty(to column: Int) {
    buffers[column].appendEmpty()
  }

  /// Ends a row of an array column: the values appended since the last row are its elements.
  package mutating func endArray(in column: Int) {
    buffers[column].endRow()
  }

  /// Writes the rows as one block of the engine's Native format behind what `output` holds.
  package func encode(into output: inout LittleEndianWriter) {
    let rows = self.rows
    output.appendVarint(UInt64(buffers.count))
    output.appendVarint(UInt64(rows))
    for (buffer, header) in zip(buffers, headers) {
      precondition(buffer.rows == rows, "every row must be appended to every column")
      output.append(header)
      buffer.encode(into: &output)
    }
  }
}

extension ColumnBuffer {
  mutating func append(_ text: StaticString) {
    precondition(text.hasPointerRepresentation, "a text of one scalar has no bytes to point at")
    unsafe append(
      Span(
        _unsafeElements: UnsafeBufferPointer(
          start: text.utf8Start, count: text.utf8CodeUnitCount)))
  }
}

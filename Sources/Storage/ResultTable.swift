// SPDX-License-Identifier: Apache-2.0

/// One value of an answer.
///
/// Times are numbers in the unit of their column's type (seconds for `DateTime`, ticks for
/// `DateTime64`); addresses, UUIDs, dates, enum names and integers of more than 64 bits are texts;
/// tuples are arrays, and maps are arrays of pairs.
package enum Value: Hashable, Sendable {
  case null
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  case string(String)
  case array([Value])
}

/// A column of an answer: its name and the engine's name of its type, as `Nullable(UInt64)`.
package struct ResultColumn: Hashable, Sendable {
  package var name: String
  package var type: String

  package init(name: String, type: String) {
    self.name = name
    self.type = type
  }
}

/// The values of one column, in the type that they have in common.
package struct ResultValues: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case uint([UInt64])
    case int([Int64])
    case double([Double])
    case text(TextValues)
    /// Lists, and whatever has no type of its own.
    case any([Value])
  }

  package var kind: Kind
  /// 1 where a value is null, whatever stands at its place; empty where none can be.
  package var nulls: [UInt8] = []

  package init(_ kind: Kind, nulls: [UInt8] = []) {
    self.kind = kind
    self.nulls = nulls
  }

  package func isNull(_ row: Int) -> Bool { !nulls.isEmpty && nulls[row] != 0 }

  package func value(_ row: Int) -> Value {
    if isNull(row) { return .null }
    return switch kind {
    case .uint(let values): .uint(values[row])
    case .int(let values): .int(values[row])
    case .double(let values): .double(values[row])
    case .text(let values): .string(values[row])
    case .any(let values): values[row]
    }
  }

  /// Bytes that the values take.
  var byteCount: Int {
    let held =
      switch kind {
      case .uint(let values): values.count * 8
      case .int(let values): values.count * 8
      case .double(let values): values.count * 8
      case .text(let values): values.bytes.count + values.ends.count * 8
      case .any(let values): values.count * MemoryLayout<Value>.stride * 4
      }
    return held + nulls.count
  }
}

/// Texts, one behind the other.
package struct TextValues: Hashable, Sendable {
  package private(set) var bytes: [UInt8] = []
  package private(set) var ends: [Int] = []

  package init() {}

  package init(_ texts: some Sequence<String>) {
    for text in texts { append(text.utf8) }
  }

  package mutating func append(_ text: some Sequence<UInt8>) {
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
  }

  mutating func append(_ other: TextValues) {
    let start = bytes.count
    bytes += other.bytes
    ends += other.ends.map { $0 + start }
  }

  /// Where the bytes of a row are.
  package func range(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }

  /// A text, repaired where it is not UTF-8.
  package subscript(row: Int) -> String {
    String(decoding: bytes[range(row)], as: UTF8.self)
  }
}

/// An answer by column.
package struct ResultTable: Hashable, Sendable {
  package var columns: [ResultColumn]
  /// One of each column, all of the same length.
  package private(set) var values: [ResultValues]
  package private(set) var count: Int

  /// - Parameter count: Rows.
  package init(columns: [ResultColumn], values: [ResultValues], count: Int) {
    self.columns = columns
    self.values = values
    self.count = count
  }

  /// The same of rows, each of which has one value a column.
  package init(columns: [ResultColumn], rows: [[Value]]) {
    self.columns = columns
    count = rows.count
    values = columns.indices.map { index in ResultValues(.any(rows.map { $0[index] })) }
  }

  /// Row by row, which costs more than the columns.
  package var rows: [[Value]] {
    (0..<count).map { row in values.map { $0.value(row) } }
  }
}

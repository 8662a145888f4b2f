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

/// The rows of an answer; each has one value a column.
package struct ResultTable: Hashable, Sendable {
  package var columns: [ResultColumn]
  package var rows: [[Value]]

  package init(columns: [ResultColumn], rows: [[Value]]) {
    self.columns = columns
    self.rows = rows
  }
}

// SPDX-License-Identifier: Apache-2.0

/// What one query may cost.
package struct QueryLimits: Hashable, Sendable {
  /// Longest query, in bytes.
  package static let textBytes = 65_536
  /// Deepest nesting of expressions.
  package static let nesting = 128
  /// Longest list behind IN, and most arguments of a function.
  package static let listLength = 10_000
  /// Rows answered when the query has no LIMIT.
  package static let defaultRows: UInt64 = 10_000
  /// Most rows that LIMIT may ask for.
  package static let rows: UInt64 = 100_000
  /// Largest OFFSET.
  package static let offset: UInt64 = 100_000_000
  /// Series that a fill value is filled into; later ones stay as they are.
  package static let filledSeries = 1_000

  /// Seconds the engine may work on one query.
  package var seconds: UInt32
  /// Bytes of memory the engine may use for one query.
  package var memoryBytes: UInt64
  /// Rows the engine may read for one query.
  package var readRows: UInt64

  package init(
    seconds: UInt32 = 60, memoryBytes: UInt64 = 2 << 30, readRows: UInt64 = 10_000_000_000
  ) {
    self.seconds = seconds
    self.memoryBytes = memoryBytes
    self.readRows = readRows
  }
}

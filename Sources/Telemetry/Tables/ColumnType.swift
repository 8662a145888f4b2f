// SPDX-License-Identifier: Apache-2.0

/// The type of a stored column, in the engine's terms.
package indirect enum ColumnType: Hashable, Sendable {
  case uint8, uint16, uint32, uint64
  case int32, int64
  case float64
  case string
  /// A dictionary-coded string; for values that repeat.
  case lowCardinalityString
  /// Seconds since the epoch.
  case dateTime
  /// Microseconds since the epoch.
  case dateTimeMicroseconds
  /// 16 bytes; IPv4 in its mapped form.
  case ipv6
  case nullable(ColumnType)
  case array(ColumnType)
}

/// How a column is packed on disk.
package enum ColumnCodec: Hashable, Sendable {
  /// ZSTD(1), for everything without a better fit.
  case general
  /// Differences, then ZSTD(1): ids and counters that grow.
  case delta
  /// Second differences, then ZSTD(1): times.
  case doubleDelta
  /// Bits that do not change are left out, then ZSTD(1): small integers.
  case transposed
}

/// What becomes of a column's values when rows of a shorter interval become one of a longer.
package enum ColumnFold: Hashable, Sendable {
  /// Rows with different ones stay apart.
  case key
  case sum
  case max
  case min
  /// What the latest row has, of those that all have the same.
  case last
}

/// A skip index over a column.
package enum ColumnIndex: Hashable, Sendable {
  case none
  case minMax
  case set
  /// A set for each granule: for columns whose values lie together where the table's order puts
  /// them.
  case fineSet
  case bloomFilter
}

// SPDX-License-Identifier: Apache-2.0

/// The bounds of the dialect's text. What a statement may cost the engine is Storage's matter.
package enum DialectLimits {
  /// Longest query, in bytes.
  package static let textBytes = 65_536
  /// Deepest nesting of parentheses, functions and prefix operators.
  package static let nesting = 128
  /// Most levels of an expression's tree; operators in a row are levels too.
  package static let height = 256
  /// Longest list behind IN, and most columns, arguments or keys.
  package static let listLength = 10_000
  /// Rows answered when the query has no LIMIT.
  package static let defaultRows: UInt64 = 10_000
  /// Most rows that LIMIT may ask for.
  package static let rows: UInt64 = 100_000
  /// Largest OFFSET.
  package static let offset: UInt64 = 100_000_000
  /// Series that a fill value is filled into; later ones stay as they are.
  package static let filledSeries = 1_000
}

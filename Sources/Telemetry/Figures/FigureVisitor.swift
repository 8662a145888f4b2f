// SPDX-License-Identifier: Apache-2.0

/// Is shown the figures of a record one after another: to declare their columns, to store them, or to
/// write them down.
///
/// A record names its figures once, in functions that are compiled anew for every visitor: what a
/// visitor does not look at costs nothing. They change nothing, but are `mutating`: records are wide,
/// and would be copied to be only looked at.
package protocol FigureVisitor {
  /// One figure: its column, its value, and what it says.
  mutating func figure(_ column: StaticString, _ value: UInt64, _ about: StaticString)

  /// The same figure of both sides: `_tx` of what the client sent, `_rx` of what the server did.
  mutating func sides(
    _ column: StaticString, _ sent: UInt64, _ received: UInt64, _ about: StaticString)

  /// A latency: `_sum`, `_count` and `_max` of its samples.
  mutating func latency(_ column: StaticString, _ samples: LatencySum)
}

/// A record with figures that are stored.
package protocol Metered {
  /// A record whose figures are all zero.
  static var zero: Self { get }

  /// Shows every figure, in the order of its table's columns.
  mutating func visitFigures<Visitor: FigureVisitor>(_ visitor: inout Visitor)
}

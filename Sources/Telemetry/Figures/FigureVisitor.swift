// SPDX-License-Identifier: Apache-2.0

/// Is shown the figures of a record one after another: which there are, or their values.
package protocol FigureVisitor {
  /// One figure: its column, its value, and what it says.
  mutating func figure(_ column: StaticString, _ value: UInt64, _ about: StaticString)

  /// A figure that says how much there is at a time, not how much came: its maximum goes into a longer
  /// interval, not its sum.
  mutating func level(_ column: StaticString, _ value: UInt64, _ about: StaticString)

  /// The same figure of both sides: `_tx` of what the client sent, `_rx` of what the server did.
  mutating func sides(
    _ column: StaticString, _ sent: UInt64, _ received: UInt64, _ about: StaticString)

  /// A latency: `_sum`, `_count` and `_max` of its samples.
  mutating func latency(_ column: StaticString, _ samples: LatencySum)
}

extension FigureVisitor {
  @inline(__always)
  package mutating func level(
    _ column: StaticString, _ value: UInt64, _ about: StaticString
  ) {
    figure(column, value, about)
  }
}

/// A record with figures that are stored. It names each of them once, with its value; from that follow
/// the columns, the rows and the lines.
///
/// The functions change nothing, but are `mutating`: records are wide, and would be copied to be only
/// looked at.
package protocol Metered {
  /// A record whose figures are all zero.
  static var zero: Self { get }

  /// Shows every figure, in the order of its table's columns. Costs a call or two a figure outside of
  /// this module.
  mutating func visitFigures<Visitor: FigureVisitor>(_ visitor: inout Visitor)

  /// The values alone, in the same order; compiled for the record, so this is what a hot path asks.
  mutating func collectFigures(into figures: inout FigureValues)
}

/// The figures of a record, in the order in which it shows them.
package struct FigureValues: FigureVisitor {
  /// As many as any record has.
  package static let capacity = 80
  /// Those behind `count` are of an earlier record.
  package private(set) var values = InlineArray<80, UInt64>(repeating: 0)
  package private(set) var count = 0

  package init() {}

  package mutating func removeAll() {
    count = 0
  }

  @inline(__always)
  private mutating func append(_ value: UInt64) {
    values[count] = value
    count += 1
  }

  @inline(__always)
  package mutating func figure(_ column: StaticString, _ value: UInt64, _ about: StaticString) {
    append(value)
  }

  @inline(__always)
  package mutating func sides(
    _ column: StaticString, _ sent: UInt64, _ received: UInt64, _ about: StaticString
  ) {
    append(sent)
    append(received)
  }

  @inline(__always)
  package mutating func latency(_ column: StaticString, _ samples: LatencySum) {
    append(samples.sum)
    append(samples.count)
    append(samples.maximum)
  }
}

/// The columns of the figures, in the order in which they are shown.
package struct FigureNames: FigureVisitor {
  package private(set) var names: [String] = []

  package init() {}

  package mutating func figure(_ column: StaticString, _ value: UInt64, _ about: StaticString) {
    names.append("\(column)")
  }

  package mutating func sides(
    _ column: StaticString, _ sent: UInt64, _ received: UInt64, _ about: StaticString
  ) {
    names += ["\(column)_tx", "\(column)_rx"]
  }

  package mutating func latency(_ column: StaticString, _ samples: LatencySum) {
    names += ["\(column)_sum", "\(column)_count", "\(column)_max"]
  }
}

extension Metered {
  /// The columns of the record's figures.
  package static var figureNames: [String] {
    var record = zero
    var names = FigureNames()
    record.visitFigures(&names)
    return names.names
  }
}

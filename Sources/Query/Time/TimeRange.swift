// SPDX-License-Identifier: Apache-2.0

/// The seconds of `time` from the first that a query admits to the last.
package struct TimeRange: Hashable, Sendable {
  /// The first second admitted; nil where the query sets no bound.
  package var first: Int64?
  /// The last second admitted; nil where the query sets no bound.
  package var last: Int64?

  package init(first: Int64? = nil, last: Int64? = nil) {
    self.first = first
    self.last = last
  }

  /// No second at all: the conditions contradict each other.
  static let empty = TimeRange(first: 1, last: 0)

  /// The range that was asked for at `now`: whoever names only its begin means until now.
  func asked(at now: Int64) -> TimeRange {
    guard let first, last == nil, first <= now else { return self }
    return TimeRange(first: first, last: now)
  }

  /// How many starts of intervals lie in the range; nil unless it is bounded on both sides and has
  /// at least one.
  func points(interval: UInt64) -> UInt64? {
    guard let first, let last, last >= first, interval > 0 else { return nil }
    let step = Int64(interval)
    let points = last / step - (first + step - 1) / step + 1
    return points > 0 ? UInt64(points) : nil
  }
}

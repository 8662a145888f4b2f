// SPDX-License-Identifier: Apache-2.0

/// A set of whole numbers, most of all of seconds: ranges in order, with gaps between them.
struct TimeSet: Hashable {
  private(set) var ranges: [ClosedRange<Int64>]

  static let all = TimeSet(ranges: [.min ... .max])
  static let none = TimeSet(ranges: [])

  init(_ range: ClosedRange<Int64>) { ranges = [range] }

  private init(ranges: [ClosedRange<Int64>]) { self.ranges = ranges }

  /// The numbers of all of `ranges`, which may overlap and come in any order.
  init(joining ranges: [ClosedRange<Int64>]) {
    self.ranges = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = self.ranges.last,
        range.lowerBound == .min || range.lowerBound - 1 <= last.upperBound
      {
        let joined = last.lowerBound...max(last.upperBound, range.upperBound)
        self.ranges[self.ranges.count - 1] = joined
      } else {
        self.ranges.append(range)
      }
    }
  }

  func contains(_ number: Int64) -> Bool { ranges.contains { $0.contains(number) } }

  func union(_ other: TimeSet) -> TimeSet { TimeSet(joining: ranges + other.ranges) }

  func intersection(_ other: TimeSet) -> TimeSet {
    var common: [ClosedRange<Int64>] = []
    var (mine, theirs) = (ranges[...], other.ranges[...])
    while let left = mine.first, let right = theirs.first {
      if left.overlaps(right) { common.append(left.clamped(to: right)) }
      if left.upperBound < right.upperBound { mine.removeFirst() } else { theirs.removeFirst() }
    }
    return TimeSet(ranges: common)
  }

  var complement: TimeSet {
    var rest: [ClosedRange<Int64>] = []
    var next: Int64? = .min
    for range in ranges {
      if let start = next, start < range.lowerBound { rest.append(start...range.lowerBound - 1) }
      next = range.upperBound == .max ? nil : range.upperBound + 1
    }
    if let start = next { rest.append(start ... .max) }
    return TimeSet(ranges: rest)
  }

  /// What the bounds of each range become; those that stand for none stay. A range that comes out
  /// backwards is gone.
  func mapped(
    first: (Int64) -> Int64, last: (Int64) -> Int64
  ) -> TimeSet {
    TimeSet(
      joining: ranges.compactMap { range in
        let from = range.lowerBound == .min ? .min : first(range.lowerBound)
        let to = range.upperBound == .max ? .max : last(range.upperBound)
        return from <= to ? from...to : nil
      })
  }

  /// Every number moved by `distance`, as far as numbers go.
  func moved(by distance: Int64) -> TimeSet {
    func move(_ bound: Int64) -> Int64 {
      let (moved, isBeyond) = bound.addingReportingOverflow(distance)
      return isBeyond ? (distance < 0 ? .min + 1 : .max - 1) : moved
    }
    return mapped(first: move, last: move)
  }

  /// Every number with the other sign.
  var mirrored: TimeSet {
    TimeSet(
      joining: ranges.map { range in
        let from = range.upperBound == .max ? .min : -range.upperBound
        let to = range.lowerBound == .min ? .max : -range.lowerBound
        return from...to
      })
  }

  /// From the first to the last second that a row can have, which takes 32 bits.
  var range: TimeRange {
    let bounds = 0...Int64(UInt32.max)
    let seconds = intersection(TimeSet(bounds)).ranges
    guard let low = seconds.first?.lowerBound, let high = seconds.last?.upperBound,
      let lowest = ranges.first?.lowerBound, let highest = ranges.last?.upperBound
    else { return .empty }
    return TimeRange(
      first: low == bounds.lowerBound && lowest < low ? nil : low,
      last: high == bounds.upperBound && highest > high ? nil : high)
  }
}

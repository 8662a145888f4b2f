// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Whose something was in a second.
package enum Holder: Hashable, Sendable {
  case nobody
  /// More than one claims it.
  case unclear
  case number(UInt32)
}

/// Whose a thing was in each second: an address, a port, a container.
///
/// Seconds are what rows are asked by. Where two claim one second, because the thing changed hands in
/// it or because both say that it is theirs, nobody has it: a wrong answer would look like a right one.
package struct IntervalIndex<Key: Hashable & Sendable>: Sendable {
  private struct Interval: BitwiseCopyable {
    var from: UInt32
    /// The last second of it; ``open`` as long as nobody knows.
    var last: UInt32
    var owner: UInt32
    /// The place of one that begins earlier or at once; ``none`` behind the last.
    var older: UInt32
  }

  private static var open: UInt32 { .max }
  private static var none: UInt32 { .max }

  private var newest: [Key: UInt32] = [:]
  private var intervals: [Interval] = []
  private var firstFree: UInt32 = .max
  private let capacity: Int
  private let perKey: Int
  package private(set) var count = 0
  /// Intervals that found no room, those that made room because their key has too many, and those that
  /// ended before the horizon.
  package private(set) var refused: UInt64 = 0
  package private(set) var displaced: UInt64 = 0
  package private(set) var forgotten: UInt64 = 0

  /// - Parameters:
  ///   - capacity: intervals of all keys.
  ///   - perKey: intervals of one key; beyond, its oldest makes room.
  package init(capacity: Int, perKey: Int = 64) {
    self.capacity = capacity
    self.perKey = perKey
  }

  /// Bytes that the intervals take, without the keys' table.
  package var intervalBytes: Int { intervals.capacity * MemoryLayout<Interval>.stride }

  /// `owner` has it from `time` on.
  ///
  /// - Returns: the owner whose interval made room, where the key had too many.
  @discardableResult
  package mutating func begin(_ key: Key, owner: UInt32, at time: Timestamp) -> UInt32? {
    let second = time.wholeSecond
    var length = 0
    // Its own claim that is open, or ends where this one begins, goes on.
    var own = newest[key] ?? Self.none
    while own != Self.none {
      let interval = intervals[Int(own)]
      let touches = interval.last == Self.open || interval.last &+ 1 >= second
      if interval.owner == owner, touches, interval.from <= second {
        intervals[Int(own)].last = Self.open
        return nil
      }
      length += 1
      own = interval.older
    }
    let displaced = length >= perKey ? dropOldest(of: key) : nil
    var previous = Self.none
    var index = newest[key] ?? Self.none
    while index != Self.none, intervals[Int(index)].from > second {
      previous = index
      index = intervals[Int(index)].older
    }
    guard
      let place = place(Interval(from: second, last: Self.open, owner: owner, older: index))
    else {
      refused &+= 1
      return displaced
    }
    if previous == Self.none {
      newest[key] = place
    } else {
      intervals[Int(previous)].older = place
    }
    return displaced
  }

  /// `owner` no longer has it at `time`.
  package mutating func end(_ key: Key, owner: UInt32, at time: Timestamp) {
    var index = newest[key] ?? Self.none
    while index != Self.none {
      let interval = intervals[Int(index)]
      if interval.owner == owner, interval.last == Self.open {
        intervals[Int(index)].last = max(interval.from, (time + -1).wholeSecond)
        return
      }
      index = interval.older
    }
  }

  /// Who has it in the second.
  package func holder(of key: Key, at second: UInt32) -> Holder {
    var valid = ValidSeconds()
    return holder(of: key, at: second, &valid)
  }

  /// Who has it in the second.
  ///
  /// - Parameter valid: narrowed to the seconds around it that have the same answer.
  package func holder(
    of key: Key, at second: UInt32, _ valid: inout ValidSeconds
  ) -> Holder {
    guard var index = newest[key] else { return .nobody }
    var found: Holder = .nobody
    while index != Self.none {
      let interval = intervals[Int(index)]
      if interval.from > second {
        valid.end(before: interval.from)
      } else if interval.last < second {
        valid.begin(behind: interval.last)
      } else {
        valid.narrow(from: interval.from, last: interval.last)
        switch found {
        case .nobody: found = .number(interval.owner)
        case .number(let owner) where owner != interval.owner: found = .unclear
        default: break
        }
      }
      index = interval.older
    }
    return found
  }

  /// The one that began last of all that hold in the second, for things of which one follows the
  /// other without a doubt: what changes within a second is then what it became.
  package func latest(of key: Key, at second: UInt32) -> UInt32? {
    var valid = ValidSeconds()
    return latest(of: key, at: second, &valid)
  }

  package func latest(
    of key: Key, at second: UInt32, _ valid: inout ValidSeconds
  ) -> UInt32? {
    var index = newest[key] ?? Self.none
    while index != Self.none {
      let interval = intervals[Int(index)]
      if interval.from <= second {
        guard second <= interval.last else {
          valid.begin(behind: interval.last)
          return nil
        }
        valid.narrow(from: interval.from, last: interval.last)
        return interval.owner
      }
      valid.end(before: interval.from)
      index = interval.older
    }
    return nil
  }

  /// Forgets what ended before the second.
  ///
  /// - Returns: the owners of what was forgotten.
  @discardableResult
  package mutating func forget(before second: UInt32) -> [UInt32] {
    var owners: [UInt32] = []
    for key in Array(newest.keys) {
      var previous = Self.none
      var index = newest[key] ?? Self.none
      while index != Self.none {
        let interval = intervals[Int(index)]
        if interval.last < second {
          owners.append(interval.owner)
          unlink(index, behind: previous, of: key)
        } else {
          previous = index
        }
        index = interval.older
      }
    }
    forgotten &+= UInt64(owners.count)
    return owners
  }

  private mutating func dropOldest(of key: Key) -> UInt32? {
    var previous = Self.none
    guard var index = newest[key] else { return nil }
    while intervals[Int(index)].older != Self.none {
      previous = index
      index = intervals[Int(index)].older
    }
    let owner = intervals[Int(index)].owner
    unlink(index, behind: previous, of: key)
    displaced &+= 1
    return owner
  }

  private mutating func place(_ interval: Interval) -> UInt32? {
    guard count < capacity else { return nil }
    count += 1
    guard firstFree != Self.none else {
      intervals.append(interval)
      return UInt32(intervals.count - 1)
    }
    let place = firstFree
    firstFree = intervals[Int(place)].older
    intervals[Int(place)] = interval
    return place
  }

  private mutating func unlink(_ index: UInt32, behind previous: UInt32, of key: Key) {
    let older = intervals[Int(index)].older
    if previous != Self.none {
      intervals[Int(previous)].older = older
    } else {
      newest[key] = older == Self.none ? nil : older
    }
    intervals[Int(index)].older = firstFree
    firstFree = index
    count -= 1
  }
}

extension Timestamp {
  /// The second that it lies in, in the unsigned seconds that rows have; the first and the last one for
  /// what lies outside of them.
  package var wholeSecond: UInt32 { UInt32(clamping: min(seconds, Int64(UInt32.max) - 1)) }
}

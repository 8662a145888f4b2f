// SPDX-License-Identifier: Apache-2.0

/// Numbers that were leased and not given, the lowest first: what is numbered stays dense.
struct NumberPool: Hashable, Sendable {
  /// From high to low.
  private var ranges: [ClosedRange<UInt32>] = []
  /// How many there are.
  private(set) var count = 0

  /// - Parameters:
  ///   - leases: Blocks that do not overlap, in any order.
  ///   - given: Numbers that are taken, in any order.
  init(_ leases: [ClosedRange<UInt32>], without given: [UInt32] = []) {
    let given = given.sorted()
    for lease in leases {
      var next = lease.lowerBound
      let start = given.partitioningIndex { $0 >= lease.lowerBound }
      var isFull = false
      for number in given[start...] {
        guard number <= lease.upperBound else { break }
        if number > next { ranges.append(next...number - 1) }
        guard number < lease.upperBound else {
          isFull = true
          break
        }
        next = number + 1
      }
      if !isFull { ranges.append(next...lease.upperBound) }
    }
    sort()
  }

  /// The lowest number; nil when there is none.
  mutating func take() -> UInt32? {
    guard let range = ranges.last else { return nil }
    let number = range.lowerBound
    if range.count == 1 {
      ranges.removeLast()
    } else {
      ranges[ranges.count - 1] = number + 1...range.upperBound
    }
    count -= 1
    return number
  }

  /// Adds a block that was leased.
  mutating func add(_ lease: ClosedRange<UInt32>) {
    ranges.append(lease)
    sort()
  }

  /// Takes numbers back that nothing has any more.
  mutating func giveBack(_ numbers: some Sequence<UInt32>) {
    ranges += numbers.map { $0...$0 }
    sort()
  }

  private mutating func sort() {
    ranges.sort { $0.lowerBound < $1.lowerBound }
    var joined: [ClosedRange<UInt32>] = []
    for range in ranges {
      if let last = joined.last, last.upperBound &+ 1 == range.lowerBound {
        joined[joined.count - 1] = last.lowerBound...range.upperBound
      } else {
        joined.append(range)
      }
    }
    ranges = joined.reversed()
    count = joined.reduce(0) { $0 + $1.count }
  }
}

extension [UInt32] {
  /// The first index whose element meets `condition`, in an array in which those behind do, too.
  fileprivate func partitioningIndex(where condition: (UInt32) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

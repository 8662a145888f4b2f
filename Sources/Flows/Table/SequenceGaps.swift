// SPDX-License-Identifier: Apache-2.0

/// Ranges of TCP sequence numbers below the highest one seen that were not seen: what fills one came
/// out of order, and everything else below was sent before.
///
/// At most 16; beyond that the oldest is given up, and what fills it counts as a retransmission.
struct SequenceGaps: BitwiseCopyable {
  private static let limit = 16

  private var starts = InlineArray<16, UInt32>(repeating: 0)
  private var ends = InlineArray<16, UInt32>(repeating: 0)
  private var count = 0

  init() {}

  var isEmpty: Bool { count == 0 }

  /// Notes that `start..<end` is missing. Later gaps lie higher.
  mutating func add(_ start: UInt32, _ end: UInt32) {
    if count == Self.limit { remove(0) }
    starts[count] = start
    ends[count] = end
    count += 1
  }

  /// Takes `start..<end` out of the gaps; false when it touches none.
  mutating func fill(_ start: UInt32, _ end: UInt32) -> Bool {
    var isFilling = false
    var index = 0
    while index < count {
      let (low, high) = (starts[index], ends[index])
      guard Self.isBefore(start, high) && Self.isBefore(low, end) else {
        index += 1
        continue
      }
      isFilling = true
      let (keepsLow, keepsHigh) = (Self.isBefore(low, start), Self.isBefore(end, high))
      switch (keepsLow, keepsHigh) {
      case (false, false):
        remove(index)
        continue
      case (true, false): ends[index] = start
      case (false, true): starts[index] = end
      case (true, true): split(index, start, end)
      }
      index += 1
    }
    return isFilling
  }

  /// Makes two gaps of one, unless there is no room: then the lower part is given up.
  private mutating func split(_ index: Int, _ start: UInt32, _ end: UInt32) {
    guard count < Self.limit else { return starts[index] = end }
    for moved in stride(from: count, to: index, by: -1) {
      starts[moved] = starts[moved - 1]
      ends[moved] = ends[moved - 1]
    }
    count += 1
    ends[index] = start
    starts[index + 1] = end
  }

  private mutating func remove(_ index: Int) {
    for moved in index..<(count - 1) {
      starts[moved] = starts[moved + 1]
      ends[moved] = ends[moved + 1]
    }
    count -= 1
  }

  /// Whether `a` is less than `b` as sequence numbers go round (RFC 9293 section 3.4).
  @inline(__always)
  static func isBefore(_ a: UInt32, _ b: UInt32) -> Bool {
    Int32(bitPattern: a &- b) < 0
  }
}

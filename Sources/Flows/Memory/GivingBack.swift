// SPDX-License-Identifier: Apache-2.0

/// Giving back what a burst took and nobody needs any more.
///
/// Where slots cannot move, as others have their numbers, what is given back lies behind the last slot in
/// use, and free slots are used from the front again.
enum SlotTrim {
  /// Whether of so many slots so few are used that it is worth it.
  static func isWorthIt(used: Int, of count: Int) -> Bool { count >= 256 && used * 4 < count }

  /// How many slots are left when the free ones at the end of `count` are given back, which then are
  /// not in `free` any more; the lowest of the others is used next.
  static func end(of count: Int, _ free: inout [UInt32]) -> Int {
    free.sort(by: >)
    var end = count
    var cut = 0
    while cut < free.count, Int(free[cut]) == end - 1 {
      end -= 1
      cut += 1
    }
    free = Array(free[cut...])
    return end
  }
}

/// Where slots have moved when those in use were put together.
struct SlotMoves {
  /// By old slot, the new one; `Int.max`, which is `PendingCalls.none`, for one that was free.
  private var places: [Int]
  private var count = 0

  init(_ isUsed: [Bool]) {
    places = Array(repeating: .max, count: isUsed.count)
    for slot in isUsed.indices where isUsed[slot] {
      places[slot] = count
      count += 1
    }
  }

  /// Where `slot` is now; `Int.max` for none.
  func place(of slot: Int) -> Int { slot < places.count ? places[slot] : .max }

  /// What the used slots hold, in their new order.
  func apply<Element>(to slots: [Element]) -> [Element] {
    var kept: [Element] = []
    kept.reserveCapacity(count)
    for slot in places.indices where places[slot] != .max { kept.append(slots[slot]) }
    return kept
  }

  /// The new numbers of slots, without those that are not in use any more.
  func follow(_ slots: [Int]) -> [Int] {
    slots.map { place(of: $0) }.filter { $0 != .max }
  }
}

extension Array {
  /// Keeps the first `count` elements, in no more memory than they need, or address space for `reserve`.
  mutating func cut(to count: Int, reserving reserve: Int = 0) {
    var kept: [Element] = []
    kept.reserveCapacity(Swift.max(count, reserve))
    kept.append(contentsOf: self[..<count])
    self = kept
  }

  /// Forgets all elements, and the memory when they needed little of it.
  mutating func empty(above least: Int = 256) {
    let keepsRoom = count * 8 >= capacity || capacity <= least
    removeAll(keepingCapacity: keepsRoom)
  }

  /// Bytes that its elements may take without growing.
  var heldBytes: Int { capacity * MemoryLayout<Element>.stride }
}

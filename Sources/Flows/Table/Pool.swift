// SPDX-License-Identifier: Apache-2.0

/// State that few flows need at a time, in slots that are reused.
struct Pool<Value: BitwiseCopyable> {
  /// What stands for no slot.
  static var none: UInt32 { .max }

  var slots: [Value] = []
  private var free: [UInt32] = []
  let limit: Int

  /// Takes address space for all slots at once, so that they never move; memory is what was used.
  init(limit: Int) {
    self.limit = limit
    slots.reserveCapacity(limit)
  }

  var count: Int { slots.count - free.count }

  /// The slot that now holds `value`; ``none`` when the pool is full.
  mutating func insert(_ value: Value) -> UInt32 {
    if let reused = free.popLast() {
      slots[Int(reused)] = value
      return reused
    }
    guard slots.count < limit else { return Self.none }
    slots.append(value)
    return UInt32(slots.count - 1)
  }

  /// Gives back the memory of the free slots behind the last that is used, if few are; its address space
  /// stays.
  mutating func giveBack() {
    guard SlotTrim.isWorthIt(used: count, of: slots.count) else { return }
    let end = SlotTrim.end(of: slots.count, &free)
    if end < slots.count { slots.cut(to: end, reserving: limit) }
  }

  /// Bytes of the slots that were used.
  var footprint: Int { slots.count * MemoryLayout<Value>.stride }

  /// Gives a slot back; nothing happens for ``none``.
  mutating func remove(_ slot: UInt32) {
    if slot != Self.none { free.append(slot) }
  }
}

/// One value for each direction of a flow.
struct BothWays<Value: BitwiseCopyable>: BitwiseCopyable {
  private var values: InlineArray<2, Value>

  init(_ value: Value) {
    values = InlineArray(repeating: value)
  }

  /// 0 goes the way of the flow's first packet, 1 comes back.
  @inline(__always)
  subscript(direction: Int) -> Value {
    // By numbers that are known: with another, all values would be copied to read one.
    get { direction & 1 == 0 ? values[0] : values[1] }
    // One yield: with one in either branch of a condition this would be a call each time.
    _modify { yield &values[direction & 1] }
  }
}

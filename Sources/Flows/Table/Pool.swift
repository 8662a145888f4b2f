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
    get { values[direction & 1] }
    // One yield: with one in either branch of a condition this would be a call each time.
    _modify { yield &values[direction & 1] }
  }
}

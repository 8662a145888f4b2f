// SPDX-License-Identifier: Apache-2.0

/// The values of the keys that came last, a bounded number of them: the oldest goes for a new one.
struct RecentTable<Key: Hashable, Value> {
  private var values: [Key: (value: Value, turn: UInt64)] = [:]
  /// The keys in the order they came in; one that went meanwhile, or came anew, has another turn.
  private var order: [(key: Key, turn: UInt64)] = []
  private var first = 0
  private var turn: UInt64 = 0
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  var count: Int { values.count }

  /// Setting a value that is there changes it in its place; nil takes it out.
  subscript(key: Key) -> Value? {
    get { values[key]?.value }
    set {
      guard let newValue else {
        values[key] = nil
        return
      }
      if let place = values.index(forKey: key) {
        values.values[place].value = newValue
        return
      }
      if values.count >= limit { dropOldest() }
      turn += 1
      values[key] = (newValue, turn)
      order.append((key, turn))
      tidy()
    }
  }

  private mutating func dropOldest() {
    while first < order.count {
      let oldest = order[first]
      first += 1
      guard values[oldest.key]?.turn == oldest.turn else { continue }
      values[oldest.key] = nil
      return
    }
  }

  /// Forgets turns that are over, once they are most of all.
  private mutating func tidy() {
    guard order.count >= 64, order.count >= 2 * values.count else { return }
    order = order[first...].filter { values[$0.key]?.turn == $0.turn }
    first = 0
  }
}

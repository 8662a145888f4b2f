// SPDX-License-Identifier: Apache-2.0

import Bytes

/// How much of what surrounds a value of Hessian's is still to come.
struct HessianWalk {
  static let untilEnd = -1

  private var left = InlineArray<48, Int>(repeating: 0)
  private var depth = 0

  init(_ count: Int) { left[0] = count }

  /// Whether another value comes; passes over the ends of what is whole.
  mutating func goesOn() -> Bool {
    while true {
      if left[depth] == Self.untilEnd { return true }
      if left[depth] > 0 {
        left[depth] -= 1
        return true
      }
      guard depth > 0 else { return false }
      depth -= 1
    }
  }

  /// What was counted as a value was none.
  mutating func again() { if left[depth] >= 0 { left[depth] += 1 } }

  mutating func enter(_ count: Int) throws(EndOfBytes) {
    guard depth + 1 < left.count else { throw EndOfBytes(missing: 0) }
    depth += 1
    left[depth] = count
  }

  /// The end of a list or a map that is not counted.
  mutating func leave() throws(EndOfBytes) {
    guard depth > 0, left[depth] == Self.untilEnd else { throw EndOfBytes(missing: 0) }
    depth -= 1
  }
}

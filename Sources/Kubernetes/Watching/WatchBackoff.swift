// SPDX-License-Identifier: Apache-2.0

/// How long to wait before the next attempt: twice as long each time, up to a bound.
package struct WatchBackoff: Sendable {
  /// Milliseconds.
  static let first = 250
  static let longest = 30_000
  /// For what only a person can mend.
  static let lasting = 60_000

  private var ceiling = Self.first

  package init() {}

  /// Milliseconds, between half the present ceiling and the ceiling, as `jitter` has it.
  package mutating func next(_ trouble: WatchTrouble, jitter: UInt64) -> Int {
    let ceiling = trouble.isLasting ? Self.lasting : ceiling
    self.ceiling = min(self.ceiling * 2, Self.longest)
    let half = ceiling / 2
    let milliseconds = half + Int(jitter % UInt64(half + 1))
    guard case .refused(_, _, let asked) = trouble else { return milliseconds }
    return max(milliseconds, asked)
  }

  package mutating func reset() {
    ceiling = Self.first
  }
}

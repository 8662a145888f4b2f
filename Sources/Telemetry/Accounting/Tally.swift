// SPDX-License-Identifier: Apache-2.0

/// What one stage did with what it was given: `received == passed + sum of dropped`.
///
/// A stage that fans out or folds counts its input here, never its output.
package struct Tally: Hashable, Sendable {
  package var received: UInt64 = 0
  package var passed: UInt64 = 0
  /// Drops by reason. Reasons are few and fixed at compile time; the list stays short.
  package private(set) var dropped: [Drop] = []

  package struct Drop: Hashable, Sendable {
    package var reason: LossReason
    package var count: UInt64

    package init(reason: LossReason, count: UInt64) {
      self.reason = reason
      self.count = count
    }
  }

  package init() {}

  package mutating func drop(_ reason: LossReason, count: UInt64 = 1) {
    guard count > 0 else { return }
    if let index = dropped.firstIndex(where: { $0.reason == reason }) {
      dropped[index].count &+= count
    } else {
      dropped.append(Drop(reason: reason, count: count))
    }
  }

  package var droppedTotal: UInt64 { dropped.reduce(0) { $0 &+ $1.count } }

  /// Whether everything that came in is accounted for.
  package var balances: Bool { received == passed &+ droppedTotal }
}

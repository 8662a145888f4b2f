// SPDX-License-Identifier: Apache-2.0

/// The seconds for which an answer holds.
package struct ValidSeconds: Hashable, Sendable, BitwiseCopyable {
  package private(set) var from: UInt32 = 0
  package private(set) var last: UInt32 = .max

  package init() {}

  package func contains(_ second: UInt32) -> Bool { from <= second && second <= last }

  mutating func narrow(from: UInt32, last: UInt32) {
    self.from = max(self.from, from)
    self.last = min(self.last, last)
  }

  /// Something else begins at `second`, which lies behind.
  mutating func end(before second: UInt32) { last = min(last, second - 1) }

  /// Something else ended at `second`, which lies before.
  mutating func begin(behind second: UInt32) { from = max(from, second + 1) }
}

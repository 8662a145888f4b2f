// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Bytes that the answers of many queries may take together.
package final class AnswerBudget: Sendable {
  private let free: Mutex<Int>

  package init(bytes: Int) {
    free = Mutex(bytes)
  }

  fileprivate func take(_ bytes: Int) -> Bool {
    free.withLock { free in
      guard bytes <= free else { return false }
      free -= bytes
      return true
    }
  }

  fileprivate func give(_ bytes: Int) { free.withLock { $0 += bytes } }
}

/// What one query's answers take of an ``AnswerBudget``; given back when it goes away.
package final class AnswerShare: Sendable {
  private let budget: AnswerBudget
  private let taken = Mutex(0)

  package init(of budget: AnswerBudget) {
    self.budget = budget
  }

  deinit { budget.give(taken.withLock { $0 }) }

  /// - Throws: ``StorageError/overloaded(_:)`` when the others have too much.
  package func take(_ bytes: Int) throws(StorageError) {
    guard budget.take(bytes) else {
      throw .overloaded("Answers that others wait for take all the memory that there is for them.")
    }
    taken.withLock { $0 += bytes }
  }
}

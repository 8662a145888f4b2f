// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Capture

/// The thread that drains goes behind the host's services; see nice(2).
@Suite struct ThreadPriorityTests {
  private static func level() -> CInt { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }

  @Test func aThreadGoesBehindOthersAndComesBackAlone() {
    let before = Self.level()
    let levels = OtherThread.run {
      var priority = ThreadPriority()
      var levels = [Self.level()]
      for _ in 0..<2 {
        priority.lower()
        levels.append(Self.level())
      }
      priority.restore()
      levels.append(Self.level())
      return levels
    }
    let low = min(levels[0] + 10, 19)
    #expect(levels == [levels[0], low, low, levels[0]])
    #expect(Self.level() == before)
  }

  /// What waits in a lane tells when: see `drain(upTo:)`.
  @Test func aThreadThatNeverWentDownHasNowhereToComeBackFrom() {
    let levels = OtherThread.run {
      var priority = ThreadPriority()
      let before = Self.level()
      priority.restore()
      return [before, Self.level()]
    }
    #expect(levels[0] == levels[1])
  }
}

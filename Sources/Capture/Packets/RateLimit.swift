// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Lets so many frames through in each second of their own time.
struct RateLimit {
  private let perSecond: Int
  private var second: Int64 = 0
  private var left = 0
  private(set) var passed: UInt64 = 0
  private(set) var refused: UInt64 = 0

  init(perSecond: Int) {
    self.perSecond = perSecond
  }

  mutating func takes(_ time: Timestamp) -> Bool {
    // Rings are read one after another, so a second may come back; it is not given anew.
    let now = time.seconds
    if now > second || now < second - 60 {
      second = now
      left = perSecond
    }
    guard left > 0 else {
      refused &+= 1
      return false
    }
    left -= 1
    passed &+= 1
    return true
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// A clock that was set: what was written down by the old one is told by the new one, so that what waits
/// waits as long as before, and what began before and ends after lasts as long as it did.
extension FlowEngine {
  /// Takes note of the time that is told. Events may have waited for long when they come: their times
  /// say nothing of the clock.
  mutating func noteTime(_ now: Timestamp, _ conversations: inout [Conversation]) {
    guard let last = clock else {
      clock = now
      return
    }
    let (step, isFar) = now.nanoseconds.subtractingReportingOverflow(last.nanoseconds)
    clock = now
    guard !isFar else { return }
    if step < -limits.longestStepBack || step > limits.longestSilence ?? .max {
      // As much time has passed as between the times that were told before.
      setClock(to: now, by: step &- clockInterval, &conversations)
    } else {
      clockInterval = max(0, min(step, 1_000_000_000))
    }
  }

  private mutating func setClock(
    to now: Timestamp, by step: Int64, _ conversations: inout [Conversation]
  ) {
    for number in pending.slots.indices where pending.slots[number].state != .free {
      guard pending.slots[number].record.start.isByOldClock(now) else { continue }
      pending.slots[number].record.start.move(by: step)
      pending.slots[number].record.end.move(by: step)
      pending.slots[number].deadline.move(by: step)
      pending.slots[number].answered.move(by: step)
    }
    for slot in conversations.indices { conversations[slot].setClock(to: now, by: step) }
  }
}

extension Conversation {
  fileprivate mutating func setClock(to now: Timestamp, by step: Int64) {
    mutedUntil.move(by: step)
    guard lastActive.isByOldClock(now) else { return }
    lastActive.move(by: step)
    lastUnread.move(by: step)
    doubt.lastMessage.move(by: step)
    for direction in [SocketEvent.Direction.egress, .ingress] {
      self[direction].setClock(by: step)
    }
  }
}

extension Stream {
  fileprivate mutating func setClock(by step: Int64) {
    for index in marks.indices {
      marks[index].moment.enter.move(by: step)
      marks[index].moment.exit.move(by: step)
    }
    for index in held.indices {
      held[index].moment.enter.move(by: step)
      held[index].moment.exit.move(by: step)
    }
  }
}

extension Timestamp {
  /// Whether it was told by the clock as it was before it was set to `now`: what lies within the second
  /// before that was told by the new one already.
  fileprivate func isByOldClock(_ now: Timestamp) -> Bool {
    let (age, isFar) = now.nanoseconds.subtractingReportingOverflow(nanoseconds)
    return isFar || age < 0 || age > 1_000_000_000
  }

  /// Moves a time that may be anything.
  fileprivate mutating func move(by step: Int64) {
    nanoseconds = nanoseconds.addingReportingOverflow(step).partialValue
  }
}

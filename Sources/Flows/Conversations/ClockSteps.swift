// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// A clock that was set: what was written down by the old one is told by the new one, so that what waits
/// waits as long as before, and what began before and ends after lasts as long as it did.
extension FlowEngine {
  /// Takes note of the time of an event, or of whoever tells the time.
  @inline(__always)
  mutating func noteTime(_ now: Timestamp, _ conversations: inout [Conversation]) {
    guard let last = clock else {
      clock = now
      return
    }
    let (step, isFar) = now.nanoseconds.subtractingReportingOverflow(last.nanoseconds)
    if isFar || step < -limits.longestStepBack || step > limits.longestSilence ?? .max {
      clock = now
      if !isFar { setClock(by: step, &conversations) }
    } else if step > 0 {
      clock = now
    }
  }

  private mutating func setClock(by step: Int64, _ conversations: inout [Conversation]) {
    for number in pending.slots.indices where pending.slots[number].state != .free {
      pending.slots[number].record.start.move(by: step)
      pending.slots[number].record.end.move(by: step)
      pending.slots[number].deadline.move(by: step)
      pending.slots[number].answered.move(by: step)
    }
    for slot in conversations.indices { conversations[slot].setClock(by: step) }
  }
}

extension Conversation {
  fileprivate mutating func setClock(by step: Int64) {
    lastActive.move(by: step)
    lastUnread.move(by: step)
    mutedUntil.move(by: step)
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
  /// Moves a time that may be anything.
  fileprivate mutating func move(by step: Int64) {
    nanoseconds = nanoseconds.addingReportingOverflow(step).partialValue
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What the passing of time ends.
extension FlowEngine {
  /// Stops waiting for chunks that are missing for too long.
  mutating func releaseWaiting(_ table: inout ConversationTable, now: Timestamp) {
    guard !waiting.isEmpty else { return }
    var kept = 0
    for slot in waiting {
      var mustWait = false
      for direction in [SocketEvent.Direction.egress, .ingress] {
        guard let held = table.slots[slot][direction].held.first else { continue }
        if now - held.moment.exit < limits.holdTime {
          mustWait = true
        } else {
          releaseHeld(direction, in: &table.slots[slot], slot: slot)
        }
      }
      if mustWait {
        waiting[kept] = slot
        kept += 1
      }
    }
    waiting.removeLast(waiting.count - kept)
  }

  /// Ends the calls whose time is over.
  mutating func expireCalls(of conversations: inout [Conversation], now: Timestamp) {
    for number in pending.slots.indices {
      let state = pending.slots[number].state
      guard state != .free, state != .left,
        pending.slots[number].deadline <= now || state == .answering
      else {
        continue
      }
      let slot = pending.slots[number].conversation
      switch state {
      case .free, .left: continue
      case .early: dropEarly(&conversations[slot])
      case .answering: expireAnswer(number, in: &conversations[slot], slot: slot, now: now)
      case .waiting: expireRequest(number, in: &conversations[slot], slot: slot, now: now)
      }
    }
  }

  /// A body whose end only the next message shows is taken as ended when nothing came for a while.
  /// One that tells its end when it is there, and goes on and on, is told of once, as it is by then:
  /// what follows of it is nobody's.
  private mutating func expireAnswer(
    _ number: Int, in conversation: inout Conversation, slot: Int, now: Timestamp
  ) {
    let isSilent = pending.slots[number].deadline <= now
    let isEndless = now - pending.slots[number].answered >= limits.endlessResponse
    if pending.slots[number].isLinked, isEndless {
      return abandon(number, .unknown, in: &conversation, slot: slot, at: now)
    }
    for direction in [SocketEvent.Direction.egress, .ingress]
    where conversation[direction].open == number {
      let stream = conversation[direction]
      if (isSilent && stream.untilTurn) || (isEndless && (stream.untilTurn || stream.isInBody)) {
        endMessage(direction, at: nil, in: &conversation, slot: slot)
      }
    }
  }

  /// A request that is answered in order leaves only when all before it have: those behind it wait for
  /// it, and its place is kept for the answer that may still come.
  private mutating func expireRequest(
    _ number: Int, in conversation: inout Conversation, slot: Int, now: Timestamp
  ) {
    let isByIdentifier = self.isByIdentifier(&conversation)
    let previous = pending.slots[number].previous
    guard
      isByIdentifier || previous == PendingCalls.none || pending.slots[previous].state == .left
    else { return }
    // Its answer comes when it comes, or the connection ends.
    if pending.slots[number].mayBlock { return }
    let status: ResponseStatus = pending.slots[number].isDoubtful ? .unknown : .timeout
    if isByIdentifier {
      return abandon(number, status, in: &conversation, slot: slot, at: now)
    }
    forgetOpen(number, in: &conversation)
    writeUnanswered(number, status, slot: slot, at: now)
    pending.leave(number)
  }
}

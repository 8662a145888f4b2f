// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Making room in what all conversations share, before an event that may need it: nobody's requests,
/// chunks or unread bytes may keep those of all others out.
extension FlowEngine {
  /// Steps that are made before one event at most: each event brings less than they free.
  private static let steps = 64

  /// Bytes that conversations keep, see ``FlowLimits/bytesOfAll``.
  @inline(__always)
  var keptBytes: Int { backlogBytes + heldBytes + buffers.unread + pending.text.usedBytes }

  @inline(__always)
  var isCrowded: Bool {
    pending.isCrowded || heldBytes > limits.heldBytesOfAll
      || backlogBytes > limits.backlogBytesOfAll || buffers.unread > limits.unreadBytesOfAll
      || keptBytes > limits.bytesOfAll
  }

  /// Makes room, as far as a few steps do. `conversations` are those of all slots.
  mutating func makeRoom(in conversations: inout [Conversation], at time: Timestamp) {
    if pending.isCrowded { letGo(of: &conversations, at: time) }
    // Beyond the budget of all, one after the other gives up an eighth of what it has.
    let (held, backlog) = (heldBytes, backlogBytes)
    var excess: Bool { keptBytes > limits.bytesOfAll }
    if heldBytes > limits.heldBytesOfAll {
      stopHolding(&conversations, limits.heldBytesOfAll / 8 * 7)
    }
    if backlogBytes > limits.backlogBytesOfAll {
      forgetBacklogs(of: &conversations, limits.backlogBytesOfAll)
    }
    if buffers.unread > limits.unreadBytesOfAll || excess {
      forgetUnread(of: &conversations, at: time)
    }
    if excess { forgetBacklogs(of: &conversations, backlog / 8 * 7) }
    if excess { stopHolding(&conversations, held / 8 * 7) }
    if excess { letGo(of: &conversations, at: time, keeping: limits.bytesOfAll) }
  }

  /// Lets calls leave without their answers: the oldest of the conversation that has the most, or, where
  /// nobody has many, those that have waited longest of a few.
  ///
  /// - Parameter bytes: what conversations may keep of bytes, whatever for.
  private mutating func letGo(
    of conversations: inout [Conversation], at time: Timestamp, keeping bytes: Int = .max
  ) {
    for _ in 0..<Self.steps where pending.isCrowded || keptBytes > bytes {
      let slot = busiest(of: &conversations)
      // The list of the busy may have been all that was too long.
      guard pending.isCrowded || keptBytes > bytes else { return }
      if let slot {
        letFirstGo(of: &conversations[slot], slot: slot, at: time)
      } else {
        letOldestGo(of: &conversations, at: time)
      }
    }
  }

  /// The conversation with the most waiting calls, if that are many.
  private mutating func busiest(of conversations: inout [Conversation]) -> Int? {
    var best: Int?
    var kept = 0
    for number in pending.busy {
      let slot = Int(number)
      guard conversations[slot].isBusy,
        conversations[slot].pendingCount >= PendingCalls.manyPending
      else {
        conversations[slot].isBusy = false
        continue
      }
      pending.busy[kept] = number
      kept += 1
      if best.map({ conversations[slot].pendingCount > conversations[$0].pendingCount }) ?? true {
        best = slot
      }
    }
    pending.busy.removeLast(pending.busy.count - kept)
    return best
  }

  private mutating func letOldestGo(of conversations: inout [Conversation], at time: Timestamp) {
    var oldest: Int?
    for _ in 0..<min(16, pending.slots.count) {
      pending.hand = pending.hand + 1 < pending.slots.count ? pending.hand + 1 : 0
      let number = pending.hand
      guard pending.slots[number].state != .free else { continue }
      let isOlder =
        oldest.map { pending.slots[number].record.start < pending.slots[$0].record.start } ?? true
      if isOlder { oldest = number }
    }
    guard let oldest else { return }
    let slot = pending.slots[oldest].conversation
    switch pending.slots[oldest].state {
    case .free: return
    case .early: dropEarly(&conversations[slot])
    case .waiting, .left: letFirstGo(of: &conversations[slot], slot: slot, at: time)
    case .answering where pending.slots[oldest].isLinked:
      abandon(oldest, .unknown, in: &conversations[slot], slot: slot, at: time)
    case .answering:
      for direction in [SocketEvent.Direction.egress, .ingress]
      where conversations[slot][direction].open == oldest {
        endMessage(direction, at: nil, in: &conversations[slot], slot: slot)
      }
    }
  }

  private mutating func letFirstGo(
    of conversation: inout Conversation, slot: Int, at time: Timestamp
  ) {
    if !isByIdentifier(&conversation) { conversation.answersToDrop += 1 }
    if pending.slots[conversation.firstPending].state == .waiting { tallies.calls.lose(.gaveWay) }
    abandon(conversation.firstPending, .unknown, in: &conversation, slot: slot, at: time)
  }

  /// Stops waiting for what is missing before chunks, those held longest first.
  private mutating func stopHolding(_ conversations: inout [Conversation], _ bytes: Int) {
    var done = 0
    while done < waiting.count, heldBytes > bytes {
      for direction in [SocketEvent.Direction.egress, .ingress] {
        releaseHeld(direction, in: &conversations[waiting[done]], slot: waiting[done])
      }
      done += 1
    }
    waiting.removeFirst(done)
  }

  /// Forgets what some conversations of unknown protocols said, all of them in turn.
  private mutating func forgetBacklogs(of conversations: inout [Conversation], _ bytes: Int) {
    for _ in 0..<min(4 * Self.steps, conversations.count) where backlogBytes > bytes {
      backlogHand = backlogHand + 1 < conversations.count ? backlogHand + 1 : 0
      if conversations[backlogHand].state == .unknown {
        dropBacklog(of: &conversations[backlogHand])
      }
    }
  }

  /// Makes the best of incomplete messages: those of some conversations, all of them in turn. What is seen
  /// of them is read as if nothing would follow.
  private mutating func forgetUnread(of conversations: inout [Conversation], at time: Timestamp) {
    let least = buffers.unread / 8 * 7
    for _ in 0..<min(4 * Self.steps, conversations.count) where buffers.unread > least {
      unreadHand = unreadHand + 1 < conversations.count ? unreadHand + 1 : 0
      for direction in [SocketEvent.Direction.egress, .ingress]
      where !conversations[unreadHand][direction].buffer.isEmpty {
        lose(direction, because: .gaveWay, in: &conversations[unreadHand], slot: unreadHand)
        conversations[unreadHand][direction].clear(pool: &buffers)
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What ends without a last byte: a turn, a stream, a stretch of it that was lost.
extension FlowEngine {
  /// The other side speaks, so this side's open message ended with the last byte that was seen.
  mutating func endTurn(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) {
    conversation[direction].untilTurn = false
    conversation[direction].isInBody = false
    endMessage(direction, at: nil, in: &conversation, slot: slot)
  }

  /// No byte will follow in this direction.
  mutating func endStream(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) {
    readBacklog(of: &conversation, slot: slot)
    guard conversation.state == .recognised else { return }
    readRemainder(direction, in: &conversation, slot: slot)
    conversation[direction].skip = 0
    conversation[direction].untilTurn = false
    conversation[direction].isInBody = false
    endMessage(direction, at: nil, in: &conversation, slot: slot)
  }

  /// Bytes of this direction are missing.
  mutating func lose(
    _ direction: SocketEvent.Direction, because reason: LossReason = .streamGap,
    in conversation: inout Conversation, slot: Int
  ) {
    readBacklog(of: &conversation, slot: slot)
    conversation.hasLost = true
    guard conversation.state == .recognised else {
      if !isOfSockets { conversation.doubt.lose() }
      return dropBacklog(of: &conversation)
    }
    askNow(direction.opposite, in: &conversation, slot: slot)
    endStream(direction, in: &conversation, slot: slot)
    guard conversation.state == .recognised else { return }
    tallies.conversations.lose(reason)
    let sender = conversation.sender(direction) ?? .client
    conversation.parser?.bytesWereLost(from: sender)
    conversation[direction].mayBeInside = true
    if sender == .server {
      doubtAnswers(in: &conversation, slot: slot, at: conversation.lastActive)
    }
    doubt(sender, in: &conversation)
  }

  /// Answers may be among bytes that were lost. Where only their order tells whose they are, nobody
  /// can say which come next: those who wait leave without, rather than with another's answer. One that
  /// waits alone, for what its parser knows by its end too, waits until its side asks again.
  mutating func doubtAnswers(
    in conversation: inout Conversation, slot: Int, at time: Timestamp
  ) {
    if isByIdentifier(&conversation) {
      var number = conversation.firstPending
      while number != PendingCalls.none {
        pending.slots[number].isDoubtful = true
        number = pending.slots[number].next
      }
      return
    }
    guard conversation.awaited == 1,
      protocols[conversation.protocolIndex].readsTornAnswers
    else {
      return abandonWaiting(of: &conversation, slot: slot, at: time)
    }
    conversation.mayLackAnswer = true
    if conversation.pendingCount == 1 {
      pending.slots[conversation.firstPending].isDoubtful = true
    }
  }

  /// Lets the parser make the best of an incomplete message.
  mutating func readRemainder(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) {
    let count = conversation[direction].buffer.count
    guard count > 0, var last = conversation[direction].marks.last?.moment else { return }
    let parsed = parseBuffer(
      direction, isFinal: true,
      sequence: conversation[direction].next &- UInt32(truncatingIfNeeded: count), moment: &last,
      in: &conversation, slot: slot)
    if parsed == nil {
      tallies.conversations.lose(.parseFailed)
      noteParseFailure(slot: slot, at: last.exit)
    }
    conversation[direction].clear(pool: &buffers)
    follow(in: &conversation, slot: slot, at: last.exit)
  }
}

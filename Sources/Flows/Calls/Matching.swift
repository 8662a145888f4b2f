// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Joining requests and responses into calls.
extension FlowEngine {
  /// Takes a message; an open one reaches beyond what was seen so far and is ended later.
  mutating func take(
    _ message: Message, first: Moment, last: Moment, isOpen: Bool, sequence: UInt32, captured: Int,
    in conversation: inout Conversation, slot: Int
  ) {
    if message.flags.rawValue & CallRecord.Flags.truncated.rawValue != 0 {
      raisePayloadLimit(&conversation)
    }
    let part = MessagePart(
      message: message, first: first, end: last.end, isOpen: isOpen, sequence: sequence,
      captured: captured)
    switch message.kind {
    case .request: takeRequest(part, in: &conversation, slot: slot)
    case .response: takeResponse(part, in: &conversation, slot: slot)
    case .session: takeSession(part, in: &conversation, slot: slot)
    }
  }

  /// A message, where it began and how much of it was seen.
  struct MessagePart: ~Copyable {
    var message: Message
    var first: Moment
    /// When the last byte that was seen had been moved.
    var end: Timestamp
    var isOpen: Bool
    var sequence: UInt32
    var captured: Int
  }

  private mutating func takeSession(
    _ part: borrowing MessagePart, in conversation: inout Conversation, slot: Int
  ) {
    var record = record(of: part, in: &conversation)
    record.status = part.message.status
    record.responseCode = part.message.code
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: fields.bytes)
    write(record, slot: slot, at: record.end)
  }

  private mutating func takeRequest(
    _ part: borrowing MessagePart, in conversation: inout Conversation, slot: Int
  ) {
    let isByIdentifier = self.isByIdentifier(&conversation)
    if conversation.pendingCount >= limits.pendingCallsPerConversation, isByIdentifier {
      abandon(
        conversation.firstPending, .unknown, in: &conversation, slot: slot, at: part.first.exit)
    }
    guard
      conversation.unheld == 0, conversation.pendingCount < limits.pendingCallsPerConversation
    else { return leaveUnheld(isByIdentifier, &conversation) }
    let timeout =
      protocols[conversation.protocolIndex].timeout
    guard let number = pending.reserve(conversation: slot, bytes: fields.bytes) else {
      return leaveUnheld(isByIdentifier, &conversation)
    }
    pending.slots[number].record = record(of: part, in: &conversation)
    pending.slots[number].deadline = part.first.exit + timeout
    pending.slots[number].mayBlock = part.message.mayBlock
    pending.link(number, in: &conversation)
    if isByIdentifier, let identifier = part.message.requestID {
      index(number, identifier: identifier, slot: slot)
    }
    if conversation.early != PendingCalls.none {
      meetEarly(number, part, in: &conversation, slot: slot)
    } else if part.isOpen {
      conversation[part.first.direction].open = number
    }
  }

  private mutating func takeResponse(
    _ part: borrowing MessagePart, in conversation: inout Conversation, slot: Int
  ) {
    guard let number = request(for: part, in: &conversation, slot: slot) else {
      return keepEarly(part, in: &conversation, slot: slot)
    }
    guard number != PendingCalls.none else { return }
    pending.unlink(number, from: &conversation)
    forgetOpen(number, in: &conversation)
    let offset = pending.slots[number].text.count
    let hasTexts = pending.append(fields.bytes, to: number)
    var message = part.message
    if !hasTexts { message.texts = CallTexts() }
    pending.slots[number].record.answer(
      message, first: part.first, sequence: part.sequence, captured: part.captured,
      textsAt: offset)
    pending.slots[number].record.ends(part.end)
    conversation.failures = 0
    guard part.isOpen else { return complete(number, in: &conversation, slot: slot) }
    pending.slots[number].state = .answering
    pending.slots[number].deadline = part.end + limits.silenceEndsResponse
    conversation[part.first.direction].open = number
  }

  /// The request that a response answers: nil when none was seen, ``PendingCalls/none`` when it was
  /// and has left already.
  private mutating func request(
    for part: borrowing MessagePart, in conversation: inout Conversation, slot: Int
  ) -> Int? {
    if isByIdentifier(&conversation) {
      guard let identifier = part.message.requestID else { return nil }
      return find(identifier, remote: part.first, slot: slot)
    }
    if conversation.answersToDrop > 0 {
      conversation.answersToDrop -= 1
      return PendingCalls.none
    }
    let first = conversation.firstPending
    guard first != PendingCalls.none else {
      guard conversation.unheld > 0 else { return nil }
      conversation.unheld -= 1
      return PendingCalls.none
    }
    // A response that was there before the request was sent answers one that was never seen.
    return pending.slots[first].record.start <= part.first.exit ? first : nil
  }

  @inline(__always)
  func isByIdentifier(_ conversation: inout Conversation) -> Bool {
    protocols[conversation.protocolIndex].isByIdentifier
  }

  private func record(of part: borrowing MessagePart, in conversation: inout Conversation)
    -> CallRecord
  {
    CallRecord(
      part.message, of: &conversation, protocols[conversation.protocolIndex].number,
      first: part.first, sequence: part.sequence, captured: part.captured)
  }

  /// There is no room to wait for this request's answer.
  private mutating func leaveUnheld(_ isByIdentifier: Bool, _ conversation: inout Conversation) {
    tallies.calls.lose(.pendingStoreFull)
    if !isByIdentifier { conversation.unheld += 1 }
  }

  private mutating func raisePayloadLimit(_ conversation: inout Conversation) {
    let next = Int(conversation.payloadStep) + 1
    guard next < limits.payloadLimits.count else { return }
    conversation.payloadStep += 1
    say(SocketVerdict(socket: conversation.socket, payloadLimit: limits.payloadLimits[next]))
  }
}

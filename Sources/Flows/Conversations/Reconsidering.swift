// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Taking back what the first request seemed to be: a client that speaks another protocol than its
/// server gets an answer in the server's.
extension FlowEngine {
  /// Looks at the beginning of the first answer: in a protocol whose responses show what a request
  /// is, it tells that the oldest request was one, and the only one.
  mutating func reconsider(
    _ bytes: Span<UInt8>, _ moment: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    let direction = moment.direction
    guard !protocols[conversation.protocolIndex].responsesShowRequests else { return }
    guard conversation.sender(direction) == .server else {
      if conversation.lastDirection != direction || conversation.lastUnread.nanoseconds == 0 {
        conversation.lastUnread = moment.start
      }
      return
    }
    guard conversation.firstPending != PendingCalls.none || conversation.lastUnread.nanoseconds > 0,
      conversation[direction].buffer.isEmpty, conversation[direction].skip == 0,
      !conversation[direction].isInBody
    else { return }
    let window = bytes.extracting(first: limits.recognitionBytes)
    let context = conversation.context(of: direction, isTruncated: false)
    var rest = recognition.showRequests
    while rest != 0 {
      let number = rest.trailingZeroBitCount
      rest &= rest &- 1
      let answer = protocols[number].recognize(window, context: context, limits.breadcrumb)
      guard answer == .yes(sentBy: .server) else { continue }
      change(&conversation, to: number, direction, slot: slot)
      if conversation.firstPending == PendingCalls.none {
        supposeRequest(before: &moment, in: &conversation, slot: slot)
      }
      return
    }
  }

  /// Makes a request of what was no message of its own in the protocol that it was taken for, as the
  /// beginning of a login.
  private mutating func supposeRequest(
    before answer: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    var moment = answer
    moment.direction = answer.direction.opposite
    moment.enter = conversation.lastUnread
    moment.exit = conversation.lastUnread
    moment.trace = 0
    desk.fields.removeAll()
    desk.message = Message(.request)
    desk.message.needsAnswer = true
    let part = MessagePart(
      end: conversation.lastUnread, isOpen: false,
      sequence: conversation[moment.direction].next &- 1, captured: 0)
    take(part, first: &moment, in: &conversation, slot: slot)
  }

  private mutating func change(
    _ conversation: inout Conversation, to number: Int, _ direction: SocketEvent.Direction,
    slot: Int
  ) {
    let first = conversation.firstPending
    while conversation.lastPending != first, first != PendingCalls.none {
      let last = conversation.lastPending
      pending.unlink(last, from: &conversation)
      forgetOpen(last, in: &conversation)
      if pending.slots[last].state == .waiting { tallies.calls.lose(.parseFailed) }
      pending.release(last)
    }
    if first != PendingCalls.none, pending.slots[first].state == .left {
      pending.unlink(first, from: &conversation)
      pending.release(first)
    } else if first != PendingCalls.none {
      pending.forgetExchange(first)
      pending.slots[first].note = 0
      pending.slots[first].record.becomes(protocols[number].number)
      pending.slots[first].mayBlock = false
      pending.slots[first].deadline =
        pending.slots[first].record.start + protocols[number].timeout
    }
    conversation[direction.opposite].forget(pool: &buffers)
    conversation.protocolIndex = number
    conversation.parser = protocols[number].kind.makeParser(
      conversation.parserContext(privacy: desk.fields.privacy))
    if !isOfSockets { reconsidered.append(slot) }
  }
}

extension CallRecord {
  /// Forgets what another protocol's parser has read of the request.
  fileprivate mutating func becomes(_ number: ApplicationProtocol) {
    applicationProtocol = number
    texts = CallTexts()
    attributes = .empty
    requestID = nil
    requestLength = nil
    affectedRows = nil
  }
}

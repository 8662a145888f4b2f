// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// How calls leave: answered, cut short, given up.
extension FlowEngine {
  /// More bytes of an open message were seen.
  mutating func extend(_ number: Int, by captured: Int, _ moment: inout Moment) {
    let captured = UInt32(clamping: captured)
    switch pending.slots[number].state {
    case .answering where pending.slots[number].direction.index == moment.direction.index:
      // The request goes on while it is answered.
      pending.slots[number].record.capturedRequestBytes &+= captured
    case .answering:
      pending.slots[number].record.capturedResponseBytes &+= captured
      pending.slots[number].record.ends(moment.end)
      pending.slots[number].deadline = moment.end + limits.silenceEndsResponse
    case .early:
      pending.slots[number].record.capturedResponseBytes &+= captured
      pending.slots[number].record.ends(moment.end)
    case .waiting:
      pending.slots[number].record.capturedRequestBytes &+= captured
    case .free, .left: break
    }
  }

  /// More bytes of the message whose body the parser walks over, the last of them moved by `moment`.
  mutating func takeBody(
    _ count: Int, _ isLast: Bool, _ moment: inout Moment, in conversation: inout Conversation,
    slot: Int
  ) {
    let direction = moment.direction
    let open = conversation[direction].open
    if open != PendingCalls.none { extend(open, by: count, &moment) }
    guard isLast else { return }
    conversation[direction].isInBody = false
    endMessage(direction, at: moment.end, in: &conversation, slot: slot)
  }

  /// The last bytes of the open message, whose outcome is the engine's message.
  mutating func takeEnd(
    _ count: Int, _ moment: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    let open = conversation[moment.direction].open
    if open != PendingCalls.none, pending.slots[open].state != .waiting {
      let offset = pending.slots[open].text.count
      if !pending.append(&desk.fields, to: open) { desk.message.forgetTexts() }
      pending.slots[open].record.conclude(&desk.message, textsAt: offset)
      join(desk.message.attributes, textsAt: offset, to: open)
    }
    takeBody(count, true, &moment, in: &conversation, slot: slot)
  }

  /// Bytes of text of one call from which on pieces add none.
  private static let longestText = 16_384

  /// A piece of a message that goes on beside others, whose new facts are the engine's message.
  mutating func takeMore(
    _ count: Int, ends: Bool, _ moment: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    guard let id = desk.message.exchange else { return }
    var found = findUnderWay(id, desk.message.kind, moment.direction, slot: slot)
    if found == nil, ends, desk.message.kind == .response {
      // Who asked may end the answer, too.
      found = findUnderWay(id, .response, moment.direction.opposite, slot: slot)
    }
    guard let number = found else { return }
    let offset = pending.slots[number].text.count
    // It may go on for ever, and say something each time.
    if offset > Self.longestText || !pending.append(&desk.fields, to: number) {
      desk.message.forgetTexts()
    }
    join(desk.message.attributes, textsAt: offset, to: number)
    // Bytes of it that are to come are its own, too.
    if conversation[moment.direction].skip > 0 { conversation[moment.direction].open = number }
    guard desk.message.kind == .response else {
      pending.slots[number].record.capturedRequestBytes &+= UInt32(clamping: count)
      guard ends else { return pending.slots[number].record.add(&desk.message, textsAt: offset) }
      pending.slots[number].record.conclude(&desk.message, textsAt: offset)
      return abandon(
        number, pending.slots[number].record.status, in: &conversation, slot: slot,
        at: moment.end)
    }
    extend(number, by: count, &moment)
    guard ends else { return pending.slots[number].record.add(&desk.message, textsAt: offset) }
    pending.slots[number].record.conclude(&desk.message, textsAt: offset)
    pending.unlink(number, from: &conversation)
    forgetOpen(number, in: &conversation)
    guard conversation[moment.direction].skip == 0 else {
      // Its last bytes are to come, and nothing else.
      pending.forgetExchange(number)
      conversation[moment.direction].open = number
      return
    }
    complete(number, in: &conversation, slot: slot)
  }

  /// The open message of a direction is over.
  mutating func endMessage(
    _ direction: SocketEvent.Direction, at end: Timestamp?, in conversation: inout Conversation,
    slot: Int
  ) {
    let number = conversation[direction].open
    conversation[direction].open = PendingCalls.none
    // One that is still in the list is ended by its id.
    guard number != PendingCalls.none, pending.slots[number].state == .answering,
      !pending.slots[number].isLinked
    else { return }
    if let end { pending.slots[number].record.ends(end) }
    complete(number, in: &conversation, slot: slot)
  }

  /// Writes a call that is in no list any more.
  mutating func complete(_ number: Int, in conversation: inout Conversation, slot: Int) {
    write(number, slot: slot, at: pending.slots[number].record.end)
    pending.release(number)
  }

  /// Lets a waiting request leave without its answer.
  mutating func abandon(
    _ number: Int, _ status: ResponseStatus, in conversation: inout Conversation, slot: Int,
    at time: Timestamp
  ) {
    pending.unlink(number, from: &conversation)
    forgetOpen(number, in: &conversation)
    switch pending.slots[number].state {
    case .answering: return complete(number, in: &conversation, slot: slot)
    case .waiting: writeUnanswered(number, status, slot: slot, at: time)
    case .free, .early, .left: break
    }
    pending.release(number)
  }

  /// Lets every request leave that waits for its answer.
  mutating func abandonWaiting(
    of conversation: inout Conversation, slot: Int, at time: Timestamp
  ) {
    while conversation.firstPending != PendingCalls.none {
      abandon(conversation.firstPending, .unknown, in: &conversation, slot: slot, at: time)
    }
    conversation.answersToDrop = 0
    conversation.unheld = 0
    conversation.mayLackAnswer = false
  }

  /// Writes a request without its answer, but for one that only an answer makes a request.
  mutating func writeUnanswered(
    _ number: Int, _ status: ResponseStatus, slot: Int, at time: Timestamp
  ) {
    guard !pending.slots[number].needsAnswer else { return tallies.calls.lose(.parseFailed) }
    pending.slots[number].record.kind = .request
    pending.slots[number].record.status = pending.slots[number].isToGroup ? .ok : status
    write(number, slot: slot, at: time)
  }

  mutating func forgetOpen(_ number: Int, in conversation: inout Conversation) {
    if conversation[.egress].open == number { conversation[.egress].open = PendingCalls.none }
    if conversation[.ingress].open == number { conversation[.ingress].open = PendingCalls.none }
  }

  /// Ends every call of a conversation whose answers will not come, or not be understood.
  mutating func abandonCalls(of conversation: inout Conversation, slot: Int, at time: Timestamp) {
    endMessage(.egress, at: nil, in: &conversation, slot: slot)
    endMessage(.ingress, at: nil, in: &conversation, slot: slot)
    dropEarly(&conversation)
    abandonWaiting(of: &conversation, slot: slot, at: time)
  }

  // A response can be seen before its request when two threads share a socket: the reader may be
  // done before the writer's call has returned. One such response waits for a little while.

  /// Keeps a response that answers nothing, until its request shows or it is given up.
  mutating func keepEarly(
    _ part: MessagePart, first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    dropEarly(&conversation)
    guard
      let number = pending.reserve(conversation: slot, first.direction, texts: &desk.fields)
    else { return tallies.calls.lose(.unpairedResponse) }
    var request = Message(.response)
    pending.slots[number].record.begin(
      &request, of: &conversation, protocols[conversation.protocolIndex].number, source,
      first: &first, sequence: 0, captured: 0)
    pending.slots[number].record.answer(
      &desk.message, part, first: &first, textsAt: 0, hasTexts: true)
    pending.slots[number].record.attributes = desk.message.attributes
    pending.slots[number].record.start = first.exit
    pending.slots[number].record.end = part.end
    pending.slots[number].state = .early
    pending.slots[number].question = desk.message.question
    pending.slots[number].exchange = desk.message.exchange
    pending.slots[number].deadline = part.end + limits.holdTime
    conversation.early = number
    if part.isOpen { conversation[first.direction].open = number }
  }

  /// Joins a request with the response that came before it, if it is this one's.
  mutating func meetEarly(
    _ number: Int, _ part: MessagePart, first: inout Moment, in conversation: inout Conversation,
    slot: Int
  ) {
    let early = conversation.early
    let response = pending.slots[early].record
    let isAnswer =
      pending.slots[number].record.start <= response.start && conversation.pendingCount == 1
      && pending.slots[early].direction.index != first.direction.index
      && (!isByIdentifier(&conversation) || pending.slots[early].exchange == desk.message.exchange)
      && isSameQuestion(early)
    guard isAnswer else {
      if part.isOpen { conversation[first.direction].open = number }
      return
    }
    conversation.early = PendingCalls.none
    let offset = pending.slots[number].text.count
    scratch.removeAll(keepingCapacity: true)
    pending.text.copy(pending.slots[early].text, into: &scratch)
    let hasTexts = pending.append(scratch, to: number)
    pending.unlink(number, from: &conversation)
    pending.slots[number].record.answer(
      early: hasTexts ? response : response.withoutTexts, textsAt: offset)
    if hasTexts { join(response.attributes, textsAt: offset, to: number) }
    pending.slots[number].record.ends(response.end)
    pending.release(early)
    let direction = first.direction.opposite
    guard conversation[direction].open == early else {
      return complete(number, in: &conversation, slot: slot)
    }
    pending.slots[number].state = .answering
    pending.slots[number].answered = response.end
    pending.slots[number].deadline = response.end + limits.silenceEndsResponse
    conversation[direction].open = number
  }

  private func isSameQuestion(_ early: Int) -> Bool {
    guard let said = pending.slots[early].question, let asked = desk.message.question else {
      return true
    }
    return said.matches(asked)
  }

  mutating func dropEarly(_ conversation: inout Conversation) {
    guard conversation.early != PendingCalls.none else { return }
    forgetOpen(conversation.early, in: &conversation)
    pending.release(conversation.early)
    conversation.early = PendingCalls.none
    tallies.calls.lose(.unpairedResponse)
  }
}

extension CallRecord {
  fileprivate var withoutTexts: CallRecord {
    var copy = self
    copy.texts = CallTexts()
    copy.attributes = .empty
    return copy
  }
}

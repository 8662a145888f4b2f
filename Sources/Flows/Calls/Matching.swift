// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Joining requests and responses into calls.
extension FlowEngine {
  /// How much was seen of the engine's message.
  struct MessagePart {
    /// When the last byte that was seen had been moved.
    var end: Timestamp
    /// Whether it reaches beyond what was seen so far, and is ended later.
    var isOpen: Bool
    /// Whether that is all that its side says until the other speaks.
    var isUntilTurn = false
    var sequence: UInt32
    var captured: Int
  }

  /// Takes the engine's message, which began with bytes of `first`.
  mutating func take(
    _ part: MessagePart, first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    if desk.message.flags.rawValue & CallRecord.Flags.truncated.rawValue != 0 {
      wantMore(first.direction, in: &conversation)
    }
    if conversation[first.direction].open != PendingCalls.none {
      // What begins, ends what was open before it, one that goes on in pieces too.
      endMessage(first.direction, at: nil, in: &conversation, slot: slot)
    }
    if conversation.path != SharedTexts.none { tellPath(of: conversation.path) }
    switch desk.message.kind {
    case .request: takeRequest(part, first: &first, in: &conversation, slot: slot)
    case .response: takeResponse(part, first: &first, in: &conversation, slot: slot)
    case .session: takeSession(part, first: &first, in: &conversation, slot: slot)
    }
  }

  /// A request through a UNIX socket that names no host asks the path.
  private mutating func tellPath(of path: UInt32) {
    guard desk.message.kind != .response, desk.message.texts.requestDomain.isEmpty else { return }
    var bytes: [UInt8] = []
    swap(&bytes, &scratch)
    bytes.removeAll(keepingCapacity: true)
    paths.copy(path, into: &bytes)
    desk.message.texts.requestDomain = desk.fields.append(bytes.span)
    swap(&bytes, &scratch)
  }

  private mutating func takeSession(
    _ part: MessagePart, first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    guard
      let number = pending.reserve(conversation: slot, first.direction, texts: &desk.fields)
    else { return countUnheld(part, first: &first, in: &conversation, slot: slot) }
    begin(number, part, first: &first, in: &conversation)
    pending.slots[number].record.status = desk.message.status
    pending.slots[number].record.responseCode = desk.message.code
    write(number, slot: slot, at: pending.slots[number].record.end)
    pending.release(number)
  }

  private mutating func takeRequest(
    _ part: MessagePart, first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    let isByIdentifier = self.isByIdentifier(&conversation)
    if conversation.mayLackAnswer {
      // Who asks again has got its answer.
      abandonWaiting(of: &conversation, slot: slot, at: first.exit)
    }
    if canDoubt(&conversation) { noteRequest(&first, in: &conversation, slot: slot) }
    if conversation.pendingCount >= limits.pendingCallsPerConversation, isByIdentifier {
      abandon(
        conversation.firstPending, .unknown, in: &conversation, slot: slot, at: first.exit)
    }
    if conversation.pendingCount >= limits.pendingCallsPerConversation,
      pending.slots[conversation.firstPending].state == .left
    {
      abandon(
        conversation.firstPending, .unknown, in: &conversation, slot: slot, at: first.exit)
      conversation.answersToDrop += 1
    }
    guard
      conversation.unheld == 0, conversation.pendingCount < limits.pendingCallsPerConversation
    else { return leaveUnheld(part, first: &first, in: &conversation, slot: slot) }
    guard
      let number = pending.reserve(conversation: slot, first.direction, texts: &desk.fields)
    else { return leaveUnheld(part, first: &first, in: &conversation, slot: slot) }
    begin(number, part, first: &first, in: &conversation)
    var timeout = protocols[conversation.protocolIndex].timeout
    if let speaks = desk.message.speaks {
      timeout = protocols[conversation.protocolIndex].timeout(of: speaks)
    }
    pending.slots[number].wait(
      &desk.message, until: Timestamp(nanoseconds: first.exit.nanoseconds &+ timeout))
    if mayStayUnanswered(&first, in: &conversation) {
      pending.slots[number].isToGroup = true
      // The answers to packets come in flows of their own.
      if !isOfSockets { return leave(number, slot: slot) }
    }
    pending.link(number, in: &conversation)
    if isByIdentifier, let identifier = desk.message.exchange {
      index(number, identifier: identifier, slot: slot)
    }
    if conversation.early != PendingCalls.none {
      meetEarly(number, part, first: &first, in: &conversation, slot: slot)
    } else if part.isOpen {
      conversation[first.direction].open = number
    }
  }

  private mutating func takeResponse(
    _ part: MessagePart, first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    let isToGroup = isToGroup(&first, in: &conversation)
    if canDoubt(&conversation) {
      guard noteResponse(&first, in: &conversation) else {
        passOldest(&first, in: &conversation, slot: slot)
        return tallies.calls.lose(.unpairedResponse)
      }
    }
    let asked = request(
      answeredBy: &first, isToGroup: isToGroup, in: &conversation, slot: slot)
    guard let number = asked else {
      // What is said to a group unasked is no answer.
      if isToGroup { return }
      if !isByIdentifier(&conversation), desk.oldest != .nothing {
        // It came too early for the request that it was read as the answer to, and is to no other.
        return tallies.calls.lose(.unpairedResponse)
      }
      return keepEarly(part, first: &first, in: &conversation, slot: slot)
    }
    guard number != PendingCalls.none else { return }
    conversation.mayLackAnswer = false
    if canDoubt(&conversation), isTooEarly(&first, for: number, in: &conversation) {
      return tallies.calls.lose(.unpairedResponse)
    }
    let goesOn = desk.message.goesOn && pending.slots[number].isIndexed
    if !goesOn { pending.unlink(number, from: &conversation) }
    forgetOpen(number, in: &conversation)
    let offset = pending.slots[number].text.count
    if !pending.append(&desk.fields, to: number) { desk.message.forgetTexts() }
    pending.slots[number].record.answer(
      &desk.message, part, first: &first, textsAt: offset, hasTexts: desk.fields.count > 0)
    join(desk.message.attributes, textsAt: offset, to: number)
    conversation.failures = 0
    if !conversation.isAnswered {
      endpoints.learn(&conversation)
      noteSeen(&conversation, slot: slot)
    }
    conversation.isAnswered = true
    if part.isUntilTurn, !isByIdentifier(&conversation) {
      // Whatever else was asked is answered in it.
      abandonWaiting(of: &conversation, slot: slot, at: part.end)
    }
    guard part.isOpen || goesOn else { return complete(number, in: &conversation, slot: slot) }
    pending.slots[number].state = .answering
    pending.slots[number].answered = part.end
    pending.slots[number].deadline = part.end + limits.silenceEndsResponse
    if !goesOn { conversation[first.direction].open = number }
  }

  /// Nobody knows whose answer came, but it was one that somebody waited for: the oldest leaves.
  private mutating func passOldest(
    _ first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    let oldest = oldest(answeredBy: first.direction, in: &conversation)
    if conversation.answersToDrop > 0 {
      conversation.answersToDrop -= 1
    } else if oldest != PendingCalls.none {
      abandon(oldest, .unknown, in: &conversation, slot: slot, at: first.exit)
    } else if conversation.unheld > 0 {
      conversation.unheld -= 1
    }
  }

  /// Requests of one side that are looked past for one of the other's.
  private static let lookedPast = 64

  /// The oldest request in the list that bytes of `direction` may answer; who asks does not.
  @inline(__always)
  func oldest(
    answeredBy direction: SocketEvent.Direction, in conversation: inout Conversation
  ) -> Int {
    var number = conversation.firstPending
    var seen = 0
    while number != PendingCalls.none, pending.slots[number].direction.index == direction.index {
      seen += 1
      number = seen < Self.lookedPast ? pending.slots[number].next : PendingCalls.none
    }
    return number
  }

  /// The request that a response answers: nil when none was seen, ``PendingCalls/none`` when it was
  /// and has left already.
  private mutating func request(
    answeredBy first: inout Moment, isToGroup: Bool, in conversation: inout Conversation, slot: Int
  ) -> Int? {
    if isByIdentifier(&conversation) {
      guard let identifier = desk.message.exchange else { return nil }
      return find(
        identifier, desk.message.question, answeredBy: &first, isToGroup: isToGroup, slot: slot)
    }
    if conversation.answersToDrop > 0 {
      conversation.answersToDrop -= 1
      return PendingCalls.none
    }
    let oldest = oldest(answeredBy: first.direction, in: &conversation)
    guard oldest != PendingCalls.none else {
      guard conversation.unheld > 0 else { return nil }
      conversation.unheld -= 1
      return PendingCalls.none
    }
    if pending.slots[oldest].state == .left {
      abandon(oldest, .unknown, in: &conversation, slot: slot, at: first.exit)
      return PendingCalls.none
    }
    // A response that was there before the request was sent answers one that was never seen.
    let early = pending.slots[oldest].record.start.nanoseconds &- first.exit.nanoseconds
    // Threads differ by less; a clock that was set does not.
    return early <= 0 || early > limits.longestStepBack ? oldest : nil
  }

  @inline(__always)
  func isByIdentifier(_ conversation: inout Conversation) -> Bool {
    protocols[conversation.protocolIndex].isByIdentifier
  }

  /// Begins the record of the pending call `number` with the engine's message.
  private mutating func begin(
    _ number: Int, _ part: MessagePart, first: inout Moment, in conversation: inout Conversation
  ) {
    pending.slots[number].record.begin(
      &desk.message, of: &conversation, protocols[conversation.protocolIndex].number, source,
      first: &first, sequence: part.sequence, captured: part.captured)
  }

  /// There is no room to wait for this request's answer.
  private mutating func leaveUnheld(
    _ part: MessagePart, first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    if !isByIdentifier(&conversation) { conversation.unheld += 1 }
    countUnheld(part, first: &first, in: &conversation, slot: slot)
  }

  /// The message has no room in the log, but counts.
  private mutating func countUnheld(
    _ part: MessagePart, first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    unheld.begin(
      &desk.message, of: &conversation, protocols[conversation.protocolIndex].number, source,
      first: &first, sequence: part.sequence, captured: part.captured)
    if desk.message.kind == .request {
      unheld.kind = .request
      unheld.status = .unknown
    } else {
      unheld.status = desk.message.status
    }
    rollUpUnheld(slot: slot, at: first.exit)
    tallies.calls.lose(.pendingStoreFull)
  }
}

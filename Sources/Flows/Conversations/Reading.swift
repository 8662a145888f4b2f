// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Reading the messages of a TCP direction out of its chunks, which come in order here.
///
/// Bytes beyond the captured prefix of a chunk are a hole: harmless inside a body, else the parser
/// gets what precedes it as its final view and the stream goes on with the next chunk.
extension FlowEngine {
  /// What became of a chunk.
  enum Outcome {
    case read
    /// It could not be read to its end.
    case lost(LossReason)
    /// It is counted already.
    case counted
  }

  /// Reads one chunk.
  mutating func read(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) -> Outcome {
    let direction = moment.direction
    if conversation[direction.opposite].isUnfinished {
      finishTurn(direction.opposite, in: &conversation, slot: slot)
      guard conversation.state == .recognised else { return .lost(.parseFailed) }
    }
    if recognition.showRequests != 0, !conversation.isAnswered {
      reconsider(payload, &moment, in: &conversation, slot: slot)
    }
    conversation.lastDirection = direction
    var offset = 0
    while offset < payload.count {
      if conversation[direction].untilTurn {
        offset += seekEnd(
          payload.extracting(droppingFirst: offset), &moment, in: &conversation, slot: slot)
      }
      offset += skip(
        length - offset, captured: payload.count - offset, &moment, in: &conversation, slot: slot)
      guard offset < payload.count else { break }
      let rest = payload.extracting(droppingFirst: offset)
      let consumed = readMessages(
        rest, isFinal: payload.count < length,
        sequence: sequence &+ UInt32(truncatingIfNeeded: offset), moment: &moment,
        in: &conversation, slot: slot)
      guard let consumed else {
        giveUp(&conversation, slot: slot, at: moment.exit)
        return .lost(.parseFailed)
      }
      offset += consumed
      if successor != nil {
        return follow(
          payload.extracting(droppingFirst: offset), length: length - offset,
          sequence: sequence &+ UInt32(truncatingIfNeeded: offset), moment: &moment,
          in: &conversation, slot: slot)
      }
    }
    guard offset < length else { return .read }
    offset += skip(length - offset, captured: 0, &moment, in: &conversation, slot: slot)
    guard offset < length else { return .read }
    return takeHole(length - offset, &moment, in: &conversation, slot: slot)
  }

  /// The other side speaks: what this one has said is read as far as it can be.
  private mutating func finishTurn(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) {
    if conversation[direction].isUnasked {
      askNow(direction, in: &conversation, slot: slot)
      guard conversation.state == .recognised else { return }
    }
    if !conversation[direction].buffer.isEmpty {
      finishRequest(direction, in: &conversation, slot: slot)
    }
    if conversation[direction].untilTurn { endTurn(direction, in: &conversation, slot: slot) }
  }

  /// The other side speaks. Where it does so only when it was asked, and has answered everything that
  /// is complete, it answers what is there of the next request; unless requests may have been lost.
  private mutating func finishRequest(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) {
    let answers = direction.opposite
    guard protocols[conversation.protocolIndex].responsesShowRequests, !conversation.hasLost,
      conversation.sender(direction) == .client, conversation.pendingCount == 0,
      conversation.answersToDrop == 0, conversation.unheld == 0,
      conversation[answers].open == PendingCalls.none, conversation[answers].buffer.isEmpty,
      conversation[answers].skip == 0, !conversation[answers].untilTurn,
      !conversation[answers].isInBody
    else { return }
    readRemainder(direction, in: &conversation, slot: slot)
  }

  /// Looks for the end of the open message, of which bytes are missing, in what was captured of a chunk;
  /// how many bytes lie before it, or 0 when it is not there.
  private mutating func seekEnd(
    _ payload: Span<UInt8>, _ moment: inout Moment, in conversation: inout Conversation, slot: Int
  ) -> Int {
    let sender = conversation.sender(moment.direction) ?? .client
    guard conversation.parser?.seeksEnd(from: sender) == true else { return 0 }
    var position = 0
    while position < payload.count {
      let rest = StreamView(payload.extracting(droppingFirst: position), isFinal: true)
      switch step(rest, moment.direction, from: sender, of: &conversation, slot: slot) {
      case .skip(let count):
        position += min(max(1, count), payload.count - position)
      case .end(let count):
        position += min(max(1, count), payload.count - position)
        conversation[moment.direction].untilTurn = false
        takeEnd(position, &moment, in: &conversation, slot: slot)
        return position
      default: return 0
      }
    }
    return 0
  }

  /// Goes on behind bytes that were not captured and that the parser would have had to read.
  private mutating func takeHole(
    _ length: Int, _ moment: inout Moment, in conversation: inout Conversation, slot: Int
  ) -> Outcome {
    let direction = moment.direction
    let sender = conversation.sender(direction) ?? .client
    conversation.hasLost = true
    conversation.parser?.bytesWereLost(from: sender)
    conversation[direction].mayBeInside = true
    if conversation[direction].isInBody {
      // Where the body ends cannot be seen any more, but the other side waits for its end.
      conversation[direction].isInBody = false
      conversation[direction].untilTurn = true
      _ = skip(length, captured: 0, &moment, in: &conversation, slot: slot)
      if sender == .client || conversation.pendingCount == 0 { return .read }
    }
    wantMore(direction, in: &conversation)
    if isOfSockets { tallies.bytes.lose(.streamGap, count: UInt64(length)) }
    if sender == .server { doubtAnswers(in: &conversation, slot: slot, at: moment.exit) }
    doubt(sender, in: &conversation)
    return .lost(.streamGap)
  }

  /// Passes over what belongs to the open message, and ends it with its last byte.
  private mutating func skip(
    _ length: Int, captured: Int, _ moment: inout Moment, in conversation: inout Conversation,
    slot: Int
  ) -> Int {
    let direction = moment.direction
    var count = length
    if !conversation[direction].untilTurn {
      count = min(length, conversation[direction].skip)
      guard count > 0 else { return 0 }
      conversation[direction].skip -= count
    }
    let open = conversation[direction].open
    guard open != PendingCalls.none else { return count }
    extend(open, by: min(count, captured), &moment)
    if conversation[direction].skip == 0, !conversation[direction].untilTurn,
      !conversation[direction].isInBody
    {
      endMessage(direction, at: moment.end, in: &conversation, slot: slot)
    }
    return count
  }

  /// Reads messages at the front of the stream's unread bytes and keeps what is incomplete.
  ///
  /// Returns how many of `bytes` were taken, at least one; nil when they are not the protocol.
  private mutating func readMessages(
    _ bytes: Span<UInt8>, isFinal: Bool, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) -> Int? {
    let direction = moment.direction
    if conversation[direction].buffer.isEmpty, bytes.count < limits.streamBytes {
      let parsed = parse(
        bytes, isFinal: isFinal, marks: [], moment: &moment, sequence: sequence,
        in: &conversation, slot: slot)
      guard let parsed else { return nil }
      if parsed < bytes.count {
        conversation[direction].append(
          bytes.extracting(droppingFirst: parsed), moment: moment, pool: &buffers)
        conversation[direction].waitForMore(needed, limit: limits.streamBytes)
      }
      return bytes.count
    }
    let before = conversation[direction].buffer.count
    let taken = bytes.extracting(first: limits.streamBytes - before)
    conversation[direction].append(taken, moment: moment, pool: &buffers)
    let isLast = isFinal && taken.count == bytes.count
    if !isLast, conversation[direction].buffer.count < conversation[direction].wanted {
      noteUnasked(&conversation, slot: slot)
      return taken.count
    }
    let parsed = parseBuffer(
      direction, isFinal: isLast, sequence: sequence &- UInt32(truncatingIfNeeded: before),
      moment: &moment, in: &conversation, slot: slot)
    return parsed == nil ? nil : taken.count
  }

  /// Parses what is buffered; a full buffer is the parser's final view.
  mutating func parseBuffer(
    _ direction: SocketEvent.Direction, isFinal: Bool, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) -> Int? {
    var (bytes, marks): ([UInt8], [Stream.Mark]) = ([], [])
    swap(&bytes, &conversation[direction].buffer)
    swap(&marks, &conversation[direction].marks)
    var parsed = parse(
      bytes.span, isFinal: isFinal, marks: marks, moment: &moment, sequence: sequence,
      in: &conversation, slot: slot)
    if parsed == 0, bytes.count >= limits.streamBytes {
      parsed = parse(
        bytes.span, isFinal: isFinal, isFull: true, marks: marks, moment: &moment,
        sequence: sequence, in: &conversation, slot: slot)
    }
    swap(&bytes, &conversation[direction].buffer)
    swap(&marks, &conversation[direction].marks)
    guard let parsed else { return nil }
    conversation[direction].consume(parsed, pool: &buffers)
    if !conversation[direction].buffer.isEmpty {
      conversation[direction].waitForMore(needed, limit: limits.streamBytes)
    }
    return parsed
  }

  private mutating func noteUnasked(_ conversation: inout Conversation, slot: Int) {
    guard !conversation.isUnasked else { return }
    conversation.isUnasked = true
    unasked.append(slot)
  }

  /// Asks the parser about all that is there, before something that its messages come before.
  mutating func askNow(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) {
    guard conversation.state == .recognised, conversation[direction].isUnasked,
      var last = conversation[direction].marks.last?.moment
    else { return }
    let count = conversation[direction].buffer.count
    let parsed = parseBuffer(
      direction, isFinal: false,
      sequence: conversation[direction].next &- UInt32(truncatingIfNeeded: count), moment: &last,
      in: &conversation, slot: slot)
    if parsed == nil {
      tallies.conversations.lose(.parseFailed)
      giveUp(&conversation, slot: slot, at: last.exit)
    }
    follow(in: &conversation, slot: slot, at: last.exit)
  }

  /// Asks the parsers about what has come since they were asked, as nothing more may come.
  mutating func askNow(_ conversations: inout [Conversation]) {
    for slot in unasked {
      conversations[slot].isUnasked = false
      for direction in [SocketEvent.Direction.egress, .ingress] {
        askNow(direction, in: &conversations[slot], slot: slot)
      }
    }
    unasked.removeAll(keepingCapacity: true)
  }
}

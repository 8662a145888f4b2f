// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// Keeping what nobody could tell the protocol of, and reading it once somebody can.
extension FlowEngine {
  /// Adds a chunk to the backlog.
  mutating func keep(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation
  ) {
    let before = conversation.backlog.count
    let isKnown = conversation.state == .adopted
    let isNew =
      isKnown
      ? conversation.backlog.turns.last?.direction != moment.direction
      : conversation.turn == .fresh
    if isNew {
      if !isKnown { makeRoom(in: &conversation) }
      conversation.backlog.begin(moment.direction, sequence: sequence)
    }
    // What decided must not be cut.
    let limit = conversation.keepsRefusedTurn ? limits.refusedBytes : limits.recognitionBytes
    conversation.backlog.append(
      payload, length: length, moment: moment, limit: isKnown ? .max : limit)
    backlogBytes += conversation.backlog.count - before
  }

  /// Keeps the beginning of a turn that every protocol has refused, and nothing that came before it,
  /// as the answer may tell: of a client, and while there is room. Whether it is kept.
  mutating func keepRefused(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation
  ) -> Bool {
    let isWaiting = conversation.turn == .waiting
    while conversation.backlog.turns.count > (isWaiting ? 1 : 0) {
      dropFirstTurn(of: &conversation)
    }
    guard conversation.sender(moment.direction) != .server, length > 0,
      backlogBytes < limits.backlogBytesOfAll / 2, recognition.showRequests != 0
    else {
      dropBacklog(of: &conversation)
      return false
    }
    keep(payload, length: length, sequence: sequence, moment: &moment, in: &conversation)
    refuseLast(of: &conversation)
    return true
  }

  private mutating func refuseLast(of conversation: inout Conversation) {
    let before = conversation.backlog.count
    conversation.backlog.refuse(limit: limits.refusedBytes)
    backlogBytes += conversation.backlog.count - before
  }

  /// The turn that was kept until it is decided is over, and nobody's: only the answer may tell.
  mutating func refuseWaiting(in conversation: inout Conversation) {
    guard recognition.showRequests != 0, let turn = conversation.backlog.turns.last,
      conversation.sender(turn.direction) != .server
    else { return dropBacklog(of: &conversation) }
    while conversation.backlog.turns.count > 1 { dropFirstTurn(of: &conversation) }
    refuseLast(of: &conversation)
  }

  /// Forgets the oldest turns, or all when too much is kept in spite of all that was forgotten.
  private mutating func makeRoom(in conversation: inout Conversation) {
    if backlogBytes > 2 * limits.backlogBytesOfAll { dropBacklog(of: &conversation) }
    while conversation.backlog.count > limits.backlogBytes { dropFirstTurn(of: &conversation) }
  }

  private mutating func dropFirstTurn(of conversation: inout Conversation) {
    let turn = conversation.backlog.takeFirst()
    backlogBytes -= turn.bytes.count
    tallies.conversations.lose(conversation.unreadReason, count: turn.events)
  }

  mutating func dropBacklog(of conversation: inout Conversation) {
    while !conversation.backlog.isEmpty { dropFirstTurn(of: &conversation) }
    if conversation.turn != .refused { conversation.turn = .fresh }
  }

  /// The protocol was recognised by the last turn of the backlog, or by what follows it: those before
  /// that are to be read that might be its own, from the first request on.
  mutating func adopt(in conversation: inout Conversation) {
    let count = conversation.backlog.turns.count
    let deciding = conversation.turn == .fresh ? count : count - 1
    var first = deciding
    let known = protocols[conversation.protocolIndex]
    var isResponse = false
    if let direction = conversation.lastDirection {
      isResponse = conversation.sender(direction) == .server
    }
    for (index, turn) in conversation.backlog.turns.enumerated().reversed() {
      if index == deciding - 1, isResponse, known.responsesShowRequests, !conversation.hasLost,
        conversation.sender(turn.direction) == .client
      {
        conversation.backlog.noteAnswer(to: index)
      } else if index < deciding {
        guard !turn.isRefused else { break }
        let context = conversation.context(of: turn.direction, isTruncated: turn.isCut)
        let answer = known.recognize(turn.bytes.span, context: context, limits.breadcrumb)
        guard answer != .no else { break }
      }
      if conversation.sender(turn.direction) == .client { first = index }
    }
    for _ in 0..<first { dropFirstTurn(of: &conversation) }
    conversation.state = .adopted
  }

  /// Takes a chunk behind a backlog that is to be read: at once if nobody else needs to learn of the
  /// protocol first, as the flow does whose packets these are.
  mutating func take(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    guard isOfSockets else {
      return keep(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation)
    }
    readBacklog(of: &conversation, slot: slot)
    handOver(
      payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
  }

  /// Reads the backlog of a conversation whose protocol was recognised.
  mutating func readBacklog(of conversation: inout Conversation, slot: Int) {
    guard conversation.state == .adopted else { return }
    conversation.state = .recognised
    while !conversation.backlog.isEmpty {
      let turn = conversation.backlog.takeFirst()
      backlogBytes -= turn.bytes.count
      if turn.isAnswered { conversation.parser?.expectRequest() }
      var offset = 0
      for piece in turn.pieces {
        guard conversation.state == .recognised else {
          tallies.conversations.lose(.parseFailed, count: piece.events)
          continue
        }
        var moment = piece.moment
        let bytes = turn.bytes.span.clipped(from: piece.start, to: piece.start + piece.captured)
        count(
          read(
            bytes, length: piece.length,
            sequence: turn.sequence &+ UInt32(truncatingIfNeeded: offset), moment: &moment,
            in: &conversation, slot: slot))
        tallies.conversations.pass(piece.events - 1)
        offset += piece.length
      }
    }
  }
}

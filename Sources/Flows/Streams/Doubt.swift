// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Where only their order pairs messages, a hole in a stream of packets hides how many there were.
///
/// The requests from before a hole may still be answered; whose answers come after those, nobody can
/// say until the client waits for none. That is so when it begins a turn, a request that
/// acknowledges all the server has sent, if it is one that takes turns: it was seen to ask, be
/// answered as often, and only then ask again. Of a client of which that is not known, only a while of
/// silence says that it waits for nothing.
struct Doubt {
  /// Whether answers cannot be told apart.
  var isUnsure = false
  /// Answers that are still sure: those of requests from before the hole.
  var sureAnswers = 0
  /// Turns up to this one, in a row, with as many answers as requests. Those with a hole say nothing.
  var calmTurns: UInt8 = 0
  /// Of the current turn.
  var requests = 0
  var responses = 0
  var hasClientHole = false
  var hasServerHole = false
  /// When the last message began.
  var lastMessage = Timestamp(nanoseconds: 0)

  /// Calm turns after which a client is taken to wait for its answers.
  static let calm: UInt8 = 2
  /// Silence after which both sides are at rest, nanoseconds.
  static let rest: Int64 = 100_000_000

  /// Whether the server has spoken since the turn's requests. Of two holes nobody knows which was first.
  var mayTurn: Bool { responses > 0 || (hasServerHole && !hasClientHole) }

  /// Requests of this turn that are certainly not answered.
  var isOverlapped: Bool { !hasServerHole && responses < requests }

  /// Whether every request of this turn was seen, and its answer.
  var isCalm: Bool {
    responses > 0 && responses == requests && !hasClientHole && !hasServerHole
  }

  mutating func endTurn() {
    if isCalm {
      calmTurns = min(calmTurns + 1, Self.calm)
    } else if isOverlapped || !(hasClientHole || hasServerHole) {
      calmTurns = 0
    }
    (requests, responses) = (0, 0)
    (hasClientHole, hasServerHole) = (false, false)
  }
}

extension FlowEngine {
  @inline(__always)
  func canDoubt(_ conversation: inout Conversation) -> Bool {
    !isOfSockets && protocols[conversation.protocolIndex].isByOrder
  }

  /// Bytes of `direction` are missing; its parser was told.
  mutating func doubt(_ sender: Side, in conversation: inout Conversation) {
    guard canDoubt(&conversation) else { return }
    switch sender {
    case .server:
      conversation.doubt.sureAnswers = 0
      conversation.doubt.hasServerHole = true
    case .client:
      // The next turn may have begun in it.
      if conversation.doubt.mayTurn { conversation.doubt.endTurn() }
      conversation.doubt.hasClientHole = true
      guard !conversation.doubt.isUnsure else { return }
      conversation.doubt.sureAnswers =
        conversation.answersToDrop + conversation.pendingCount + conversation.unheld
    }
    conversation.doubt.isUnsure = true
  }

  /// A request came: perhaps it begins a turn, and doubts are over.
  @inline(__always)
  mutating func noteRequest(
    _ first: Moment, in conversation: inout Conversation, slot: Int
  ) {
    if conversation.doubt.mayTurn {
      let sent = conversation[first.direction.opposite].next
      if Int32(bitPattern: first.acknowledgement &- sent) >= 0 {
        beginTurn(first, in: &conversation, slot: slot)
      }
    }
    conversation.doubt.requests += 1
    conversation.doubt.lastMessage = first.exit
  }

  private mutating func beginTurn(
    _ first: Moment, in conversation: inout Conversation, slot: Int
  ) {
    let isOverlapped = conversation.doubt.isOverlapped
    conversation.doubt.endTurn()
    let silence = first.exit.nanoseconds &- conversation.doubt.lastMessage.nanoseconds
    guard conversation.doubt.isUnsure, conversation.doubt.sureAnswers == 0, !isOverlapped,
      conversation.doubt.calmTurns == Doubt.calm || silence >= Doubt.rest
    else { return }
    conversation.doubt.isUnsure = false
    while conversation.firstPending != PendingCalls.none {
      abandon(
        conversation.firstPending, .unknown, in: &conversation, slot: slot, at: first.exit)
    }
    conversation.answersToDrop = 0
    conversation.unheld = 0
    // What the server has begun to say is the end of something whose beginning was lost.
    conversation[first.direction.opposite].forget(pool: &buffers)
    conversation.parser?.earlierRequestsAreOver()
  }

  /// A response came; whether it is sure whose it is.
  @inline(__always)
  func noteResponse(_ first: Moment, in conversation: inout Conversation) -> Bool {
    conversation.doubt.responses += 1
    conversation.doubt.lastMessage = first.exit
    guard conversation.doubt.isUnsure else { return true }
    guard conversation.doubt.sureAnswers > 0 else { return false }
    conversation.doubt.sureAnswers -= 1
    return true
  }

  /// Whether the server sent a response before it had anything of the request that is next in turn: then
  /// it answers one that was not seen, and whose the next ones are cannot be told.
  @inline(__always)
  func isTooEarly(_ first: Moment, for number: Int, in conversation: inout Conversation) -> Bool {
    let asked = pending.slots[number].record.requestSequence
    guard conversation.transport.rawValue == TransportProtocol.tcp.rawValue,
      Int32(bitPattern: first.acknowledgement &- asked) <= 0
    else { return false }
    conversation.doubt.isUnsure = true
    conversation.doubt.sureAnswers = 0
    conversation.doubt.calmTurns = 0
    return true
  }
}

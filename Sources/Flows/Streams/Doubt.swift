// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Where only their order pairs messages, a hole in a stream of packets hides how many there were.
///
/// The requests from before a hole may still be answered; whose answers come after those, nobody can
/// say until the client waits for none. That is so when it begins a turn, a request that
/// acknowledges all the server has sent, if it is one that takes turns: it was seen to ask, be
/// answered as often, and only then ask again. Of a client of which that is not known, or that was seen
/// to ask on while it waited, only a while of silence says that it waits for nothing.
///
/// One that always has two requests under way, and one of the first two was lost, looks like one that
/// takes turns: it alone is misread.
struct Doubt {
  /// Whether answers cannot be told apart.
  var isUnsure = false
  /// Answers that are still sure: those of requests from before the hole.
  var sureAnswers: UInt32 = 0
  /// Turns up to this one, in a row, with as many answers as requests. Those with a hole say nothing.
  private(set) var calmTurns: UInt8 = 0
  /// Whether the client was seen to ask on while it waited for an answer.
  private var hasOverlapped = false
  /// Whether the client was seen to ask several things at a time.
  private var hasPipelined = false
  /// Of the current turn, with the requests that earlier ones left open.
  var requests: UInt32 = 0
  var responses: UInt32 = 0
  var hasClientHole = false
  var hasServerHole = false
  /// When the last message began.
  var lastMessage = Timestamp(nanoseconds: 0)

  /// Calm turns after which a client is taken to wait for its answers, and those after which it is again
  /// though it did not once.
  static let calm: UInt8 = 2
  static let calmAgain: UInt8 = 8
  /// Silence after which both sides are at rest, nanoseconds.
  static let rest: Int64 = 100_000_000

  var takesTurns: Bool { calmTurns >= Self.calm && !hasOverlapped }

  /// Whether the server has spoken since the turn's requests. Of two holes nobody knows which was first.
  var mayTurn: Bool { responses > 0 || (hasServerHole && !hasClientHole) }

  /// Requests of this turn that are certainly not answered.
  var isOverlapped: Bool { !hasServerHole && responses < requests }

  /// Whether every request of this turn was seen, and its answer.
  private var isCalm: Bool {
    responses > 0 && responses == requests && !hasClientHole && !hasServerHole
  }

  mutating func ask() {
    if requests > responses { hasPipelined = true }
    requests &+= 1
  }

  mutating func endTurn() {
    if isOverlapped {
      calmTurns = 0
      hasOverlapped = true
    } else if !isCalm {
      if !hasClientHole, !hasServerHole { calmTurns = 0 }
    } else if !isUnsure {
      calmTurns = min(calmTurns + 1, Self.calmAgain)
      if calmTurns == Self.calmAgain { hasOverlapped = false }
    } else if !hasOverlapped, requests > 1 || !hasPipelined {
      // A single request may be the next of several that are always under way.
      calmTurns = min(calmTurns + 1, Self.calm)
    }
    (requests, responses) = (isOverlapped ? requests - responses : 0, 0)
    (hasClientHole, hasServerHole) = (false, false)
  }

  /// Whose the next answers are is not known.
  mutating func lose() {
    isUnsure = true
    sureAnswers = 0
    calmTurns = 0
  }
}

extension FlowEngine {
  @inline(__always)
  func canDoubt(_ conversation: inout Conversation) -> Bool {
    !isOfSockets && !protocols[conversation.protocolIndex].isByIdentifier
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
      conversation.doubt.sureAnswers = UInt32(
        clamping: conversation.awaited)
    }
    conversation.doubt.isUnsure = true
  }

  /// A request came: perhaps it begins a turn, and doubts are over.
  @inline(__always)
  mutating func noteRequest(
    _ first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    if conversation.doubt.mayTurn {
      let sent = conversation[first.direction.opposite].next
      if Int32(bitPattern: first.acknowledgement &- sent) >= 0 {
        beginTurn(&first, in: &conversation, slot: slot)
      }
    }
    conversation.doubt.ask()
    conversation.doubt.lastMessage = first.exit
  }

  private mutating func beginTurn(
    _ first: inout Moment, in conversation: inout Conversation, slot: Int
  ) {
    let isOverlapped = conversation.doubt.isOverlapped
    conversation.doubt.endTurn()
    let silence = first.exit.nanoseconds &- conversation.doubt.lastMessage.nanoseconds
    guard conversation.doubt.isUnsure, conversation.doubt.sureAnswers == 0, !isOverlapped,
      conversation.doubt.takesTurns || silence >= Doubt.rest
    else { return }
    conversation.doubt.isUnsure = false
    abandonWaiting(of: &conversation, slot: slot, at: first.exit)
    // What the server has begun to say is the end of something whose beginning was lost.
    endMessage(first.direction.opposite, at: nil, in: &conversation, slot: slot)
    conversation[first.direction.opposite].forget(pool: &buffers)
  }

  /// A response came; whether it is sure whose it is.
  @inline(__always)
  func noteResponse(_ first: inout Moment, in conversation: inout Conversation) -> Bool {
    conversation.doubt.responses &+= 1
    conversation.doubt.lastMessage = first.exit
    guard conversation.doubt.isUnsure else { return true }
    guard conversation.doubt.sureAnswers > 0 else { return false }
    conversation.doubt.sureAnswers -= 1
    return true
  }

  /// Whether the server sent a response before it had anything of the request that is next in turn: then
  /// it answers one that was not seen, and whose the next ones are cannot be told.
  @inline(__always)
  func isTooEarly(_ first: inout Moment, for number: Int, in conversation: inout Conversation)
    -> Bool
  {
    let asked = pending.slots[number].record.requestSequence
    guard conversation.transport.rawValue == TransportProtocol.tcp.rawValue,
      Int32(bitPattern: first.acknowledgement &- asked) <= 0
    else { return false }
    conversation.doubt.lose()
    return true
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Where only their order pairs messages, a hole in a stream of packets hides how many there were.
///
/// The requests from before a hole may still be answered; whose answers come after those, nobody can
/// say until both sides have come to rest: an answer was seen, and then the client asks again. A client
/// that was seen to ask without waiting for answers is at rest only after a while of silence.
struct Doubt {
  /// Whether answers cannot be told apart.
  var isUnsure = false
  /// Answers that are still sure: those of requests from before the hole.
  var sureAnswers = 0
  /// Whether requests were seen to overtake answers.
  var hasPipelined = false
  /// Whether an answer came after the last request.
  var isAnswered = false
  /// When the last message began.
  var lastMessage = Timestamp(nanoseconds: 0)

  /// Silence after which both sides are at rest, nanoseconds.
  static let rest: Int64 = 100_000_000
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
    case .server: conversation.doubt.sureAnswers = 0
    case .client where conversation.doubt.isUnsure: break
    case .client:
      conversation.doubt.sureAnswers =
        conversation.answersToDrop + conversation.pendingCount + conversation.unheld
    }
    conversation.doubt.isUnsure = true
    conversation.doubt.isAnswered = false
  }

  /// A request came: perhaps both sides were at rest, and doubts are over.
  @inline(__always)
  mutating func noteRequest(
    _ first: Moment, in conversation: inout Conversation, slot: Int
  ) {
    if conversation.doubt.isUnsure { settle(first, in: &conversation, slot: slot) }
    if conversation.pendingCount > 0 { conversation.doubt.hasPipelined = true }
    conversation.doubt.isAnswered = false
    conversation.doubt.lastMessage = first.exit
  }

  private mutating func settle(
    _ first: Moment, in conversation: inout Conversation, slot: Int
  ) {
    let silence = first.exit.nanoseconds &- conversation.doubt.lastMessage.nanoseconds
    guard conversation.doubt.isAnswered, conversation.doubt.sureAnswers == 0,
      !conversation.doubt.hasPipelined || silence >= Doubt.rest
    else { return }
    conversation.doubt.isUnsure = false
    while conversation.firstPending != PendingCalls.none {
      abandon(
        conversation.firstPending, .unknown, in: &conversation, slot: slot, at: first.exit)
    }
    conversation.answersToDrop = 0
    conversation.unheld = 0
  }

  /// A response came; whether it is sure whose it is.
  @inline(__always)
  func noteResponse(_ first: Moment, in conversation: inout Conversation) -> Bool {
    conversation.doubt.isAnswered = true
    conversation.doubt.lastMessage = first.exit
    guard conversation.doubt.isUnsure else { return true }
    guard conversation.doubt.sureAnswers > 0 else { return false }
    conversation.doubt.sureAnswers -= 1
    return true
  }
}

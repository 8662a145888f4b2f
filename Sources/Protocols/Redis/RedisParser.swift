// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads RESP2 and RESP3, and the commands that people type: each command is a request, each reply a
/// response.
///
/// The resource is the command as sent with the values hidden (`SET key ?`); the type and the
/// endpoint are its name in upper case. An error reply is a server error, as in DeepFlow: the server
/// says what failed, not whose fault it was. What the server sends without being asked (messages of
/// channels, MONITOR's lines, RESP3 pushes) is no response. Requests and responses carry a running
/// number, so an answer that was not captured shifts nothing.
struct RedisParser: CountingParser {
  /// Commands that wait for their first confirmation, by ``RedisConfirmation``.
  var expectedConfirmations: [6 of UInt32] = InlineArray(repeating: 0)
  /// Whether arrays that look like a channel's messages are such.
  var isSubscribed = false
  var isMonitoring = false
  /// Whether nothing but the name of the command that is being read is shown.
  var hidesAll = false
  /// A replication request waits for its answer; what follows that is a snapshot and commands from the
  /// server, which nobody answers.
  var awaitsSync = false
  var isReplicating = false
  /// By ``Side``: an array whose front was told and whose rest is walked over, and whether nobody asked
  /// for the server's.
  var walks: [2 of RedisWalk] = InlineArray(repeating: RedisWalk())
  var walkIsUnasked = false
  /// Whether the server's is EXEC's answer, and the first error that was walked over.
  var walkIsExecution = false
  var walkError: [UInt8] = []
  /// The numbers of the latest EXECs.
  private var executions: [4 of UInt64] = InlineArray(repeating: 0)
  private var nextExecution = 0
  /// After CLIENT REPLY OFF; and commands that CLIENT REPLY SKIP silences, itself included.
  var repliesAreOff = false
  var repliesToSkip = 0
  /// The numbers of the last request, and of the last that was answered.
  var number: UInt64 = 0
  var answered: UInt64 = 0
  var gaps = StreamGaps()

  mutating func step(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    if isReplicating && side == .server { return .skip(bytes.count) }
    if walks[Int(side.rawValue)].isInside {
      return try walk(bytes, isFinal: isFinal, side, into: &message, &fields)
    }
    let step =
      side == .client
      ? try nextRequest(bytes, isFinal: isFinal, into: &message, &fields)
      : try nextReply(bytes, isFinal: isFinal, into: &message, &fields)
    guard case .message(let length) = step else { return step }
    if isReplicating && side == .client {
      // Nothing that a replica says is answered.
      message.kind = .session
    }
    return count(&message, length, seen: bytes.count)
  }

  /// Goes on in an array whose front was told.
  private mutating func walk(
    _ bytes: Span<UInt8>, isFinal: Bool, _ side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let index = Int(side.rawValue)
    let skips = side == .server && walkIsUnasked
    guard case .by(let moved) = walks[index].advance(bytes) else {
      walks[index] = RedisWalk()
      throw ParseError(at: 0, expected: "a value of an array")
    }
    guard moved > 0 else {
      guard isFinal else { return .needMore }
      walks[index] = RedisWalk()
      return skips ? .skip(bytes.count) : .body(bytes.count, isLast: false)
    }
    if skips { return .skip(moved) }
    guard side == .server, walkIsExecution else {
      return .body(moved, isLast: !walks[index].isInside)
    }
    if let error = walks[index].errorPlace { keep(error: bytes, at: error) }
    guard !walks[index].isInside else { return .body(moved, isLast: false) }
    message = Message(.response)
    if !walkError.isEmpty { describe(walkError.span, walkError.count, &message, into: &fields) }
    return .end(moved)
  }

  /// Whether the next response is EXEC's, and so holds the outcomes of others.
  var isAnsweringExecution: Bool {
    for index in 0..<4 where executions[index] == answered &+ 1 { return true }
    return false
  }

  mutating func noteExecution() {
    executions[nextExecution] = number &+ 1
    nextExecution = (nextExecution + 1) % 4
  }

  /// Gives a message its number. A reply to a command that was not seen is passed over.
  private mutating func count(
    _ message: inout Message, _ length: MessageLength, seen: Int
  ) -> ParseStep {
    switch message.kind {
    case .session: break
    case .request:
      if gaps.answersAreLost { answered = number }
      gaps.answersAreLost = false
      number += 1
      message.requestID = number
    case .response:
      guard answered < number else {
        if case .bytes(let count) = length { return .skip(count) }
        return .skip(seen)
      }
      answered += 1
      message.requestID = answered
      // Until the turn, whatever else was asked is answered unseen.
      if length == .untilTurn { answered = number }
    }
    return .message(length)
  }

  package mutating func bytesWereLost(from side: Side) {
    gaps[side] = true
    walks[Int(side.rawValue)] = RedisWalk()
    guard side == .server else { return }
    gaps.answersAreLost = true
    // Which of several were answered cannot be told.
    if number &- answered > 1 { answered = number }
  }

  package mutating func earlierRequestsAreOver() {
    answered = max(answered, number &- min(number, 1))
    gaps.answersAreLost = false
  }
}

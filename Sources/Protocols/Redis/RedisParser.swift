// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads RESP2 and RESP3, and the commands that people type: each command is a request, each reply a
/// response.
///
/// The resource is the command as sent with the values hidden (`SET key ?`); the type and the
/// endpoint are its name in upper case. An error reply is a server error, as in DeepFlow: the server
/// says what failed, not whose fault it was. What the server sends without being asked (messages of
/// channels, MONITOR's lines, RESP3 pushes) is no response.
struct RedisParser: ProtocolParser {
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
  /// After CLIENT REPLY OFF; and commands that CLIENT REPLY SKIP silences, itself included.
  var repliesAreOff = false
  var repliesToSkip = 0

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if isReplicating && side == .server {
      desk.wantsNothing = true
      return .skip(bytes.count)
    }
    if walks[Int(side.rawValue)].isInside {
      return try walk(bytes, isFinal: view.isFinal, side, on: &desk)
    }
    if side == .server { return try nextReply(bytes, isFinal: view.isFinal, on: &desk) }
    let step = try nextRequest(bytes, isFinal: view.isFinal, on: &desk)
    // Nothing that a replica says is answered.
    if isReplicating, case .message = step { desk.message.kind = .session }
    return step
  }

  /// Goes on in an array whose front was told.
  private mutating func walk(
    _ bytes: Span<UInt8>, isFinal: Bool, _ side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let index = Int(side.rawValue)
    let skips = side == .server && walkIsUnasked
    guard case .by(let moved) = walks[index].advance(bytes) else {
      walks[index] = RedisWalk()
      throw ParseError(at: 0, expected: "a value of an array")
    }
    guard moved > 0 else {
      guard isFinal else { return .needMore() }
      walks[index] = RedisWalk()
      return skips ? .skip(bytes.count) : .body(bytes.count, isLast: false)
    }
    if skips { return .skip(moved) }
    guard side == .server, walkIsExecution else {
      return .body(moved, isLast: !walks[index].isInside)
    }
    if let error = walks[index].errorPlace { keep(error: bytes, at: error) }
    guard !walks[index].isInside else { return .body(moved, isLast: false) }
    desk.message = Message(.response)
    if !walkError.isEmpty { describe(walkError.span, walkError.count, on: &desk) }
    return .end(moved)
  }

  /// What an EXEC leaves for its answer, which holds the outcomes of others.
  static let execution: UInt64 = 1

  package mutating func bytesWereLost(from side: Side) { walks[Int(side.rawValue)] = RedisWalk() }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension PostgreSQLParser {
  /// Bytes of an answer that its texts are made of; what goes on behind them is walked over.
  private static let answerReach = 4_096

  mutating func nextResponse(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if walk != nil { return try walk(bytes, isFinal: isFinal, on: &desk) }
    if seeksEnd { return findEnd(bytes, on: &desk) }
    if awaitsTLSAnswer {
      awaitsTLSAnswer = false
      // S or G: encrypted from here on. N: no. Older servers answer with an error message.
      if bytes[0] == 0x53 || bytes[0] == 0x47 { return .handOver(after: 1, to: .encrypted) }
      if bytes[0] != 0x45 { return .skip(1) }
    }
    if desk.mayBeInside, desk.waiting == 1,
      let end = PostgreSQLTail.outcome(bytes)
    {
      return answer(end, bytes, bytes.count, isSeen: true, on: &desk)
    }
    guard Self.isBackendType(bytes[0]) else {
      throw ParseError(at: 0, expected: "a message type of the server")
    }
    guard bytes.count >= 5 else {
      guard isFinal else { return .needMore() }
      return desk.oldest == .nothing
        ? .skip(bytes.count) : giveUp(PostgreSQLOutcome(), bytes, on: &desk)
    }
    let length = Int(bytes.bigEndian32(at: 1)) + 1
    guard length >= 5, length <= Self.longestMessage else {
      throw ParseError(at: 1, expected: "the length of a message")
    }
    switch bytes[0] {
    case 0x5a:  // Z
      return ready(length, on: &desk)
    case 0x53:  // S
      if bytes.count < min(length, 64) && !isFinal { return .needMore() }
      var outcome = PostgreSQLOutcome()
      outcome.readSetting(bytes, 5..<max(5, min(length, bytes.count)))
      learn(outcome)
      return .skip(length)
    case 0x4e, 0x41, 0x4b, 0x52, 0x76, 0x47:
      // N A K R v: not caused by a statement. G: the client copies in, the answer comes after.
      return .skip(length)
    default: break
    }
    let note = desk.oldest.note.map { Note($0) }
    // What comes before ReadyForQuery belongs to the batch that it ends.
    guard desk.oldest != .nothing, (note?.batch ?? 0) <= batchesOver else {
      return try unasked(bytes, length, isFinal: isFinal, on: &desk)
    }
    var outcome = PostgreSQLOutcome(note ?? Note())
    switch outcome.advance(bytes.extracting(first: Self.answerReach)) {
    case .malformed(let offset):
      throw ParseError(at: offset, expected: "a message of the server")
    case .end(let end):
      return answer(outcome, bytes, end, isSeen: true, on: &desk)
    case .unseen(let place):
      let isCut = bytes.count < Self.answerReach
      if isCut && !isFinal { return .needMore() }
      guard !isCut, place > 0 else { return giveUp(outcome, bytes, on: &desk) }
      walk = outcome
      return answer(outcome, bytes, place, isSeen: false, on: &desk)
    }
  }

  /// The answer to the oldest request, of which `end` bytes, or the first so many of more, are in view.
  private mutating func answer(
    _ outcome: PostgreSQLOutcome, _ bytes: Span<UInt8>, _ end: Int, isSeen: Bool,
    on desk: inout Desk
  ) -> ParseStep {
    desk.message = Message(.response)
    guard isSeen else {
      desk.message.isEndSeen = false
      return .message(.head(end))
    }
    desk.message.length = Int64(end)
    outcome.describe(&desk.message, from: bytes, into: &desk.fields)
    conclude(outcome)
    return .message(.bytes(end))
  }

  /// Notes what the end of an answer says of the group that it belongs to.
  private mutating func conclude(_ outcome: PostgreSQLOutcome) {
    learn(outcome)
    if outcome.status != .ok { failure = outcome.status }
    if outcome.endsGroup { endBatch() }
  }

  private mutating func endBatch() {
    batchesOver = min(batchesOver + 1, batches)
    failure = nil
  }

  private mutating func learn(_ outcome: PostgreSQLOutcome) {
    if let isPlain = outcome.hasPlainStrings { backslash = isPlain ? .byte : .escape }
  }

  /// Goes on in an answer whose front was told.
  private mutating func walk(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard var outcome = walk else { return .skip(bytes.count) }
    switch outcome.advance(bytes) {
    case .malformed(let offset):
      walk = nil
      throw ParseError(at: offset, expected: "a message of the server")
    case .unseen(0):
      guard isFinal else { return .needMore() }
      walk = nil
      seeksEnd = true
      return .body(bytes.count, isLast: false)
    case .unseen(let place):
      walk = outcome
      return .body(place, isLast: false)
    case .end(let end):
      walk = nil
      desk.message = Message(.response)
      outcome.describe(&desk.message, from: bytes, into: &desk.fields)
      conclude(outcome)
      unread = max(0, end - bytes.count)
      return .end(min(end, bytes.count))
    }
  }

  /// Looks for the end of an answer, of which bytes are missing, at the end of `bytes`.
  private mutating func findEnd(
    _ bytes: Span<UInt8>, on desk: inout Desk
  ) -> ParseStep {
    guard let outcome = PostgreSQLTail.outcome(bytes) else { return .skip(bytes.count) }
    seeksEnd = false
    desk.message = Message(.response)
    outcome.describe(&desk.message, from: bytes, into: &desk.fields)
    endBatch()
    return .end(bytes.count)
  }

  /// 1 2 3 A C D E G H I K N R S T V W Z c d n s t v.
  static func isBackendType(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x31, 0x32, 0x33, 0x41, 0x43, 0x44, 0x45, 0x47, 0x48, 0x49, 0x4b: true
    case 0x4e, 0x52, 0x53, 0x54, 0x56, 0x57, 0x5a: true
    case 0x63, 0x64, 0x6e, 0x73, 0x74, 0x76: true
    default: false
    }
  }

  /// What answers no request that was seen. A failed start is a record of its own.
  private mutating func unasked(
    _ bytes: Span<UInt8>, _ length: Int, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard bytes[0] == 0x45, isStarting else {
      return .skip(desk.mayBeInside && length > bytes.count ? bytes.count : length)
    }
    if bytes.count < length && !isFinal { return .needMore() }
    isStarting = false
    var outcome = PostgreSQLOutcome()
    outcome.readError(bytes, 5..<min(length, bytes.count))
    desk.message = Message(.session)
    desk.message.texts.requestType = desk.fields.append("startup")
    desk.message.texts.endpoint = desk.message.texts.requestType
    outcome.describe(&desk.message, from: bytes, into: &desk.fields)
    return .message(.bytes(length))
  }

  /// ReadyForQuery: the batch is answered. Requests of it that were not are those behind a failed one,
  /// however many: each gets its response before these bytes are passed.
  private mutating func ready(
    _ length: Int, on desk: inout Desk
  ) -> ParseStep {
    isStarting = false
    guard let note = desk.oldest.note.map({ Note($0) }), note.batch <= batchesOver else {
      endBatch()
      return .skip(length)
    }
    desk.message = Message(.response)
    desk.message.status = failure ?? .unknown
    if failure != nil {
      desk.message.texts.responseException = desk.fields.append(
        "not executed: the batch failed before")
    }
    return .message(.bytes(0))
  }

  /// The end is not in view, and no byte will follow: all that comes until the turn answers.
  private mutating func giveUp(
    _ outcome: PostgreSQLOutcome, _ bytes: Span<UInt8>, on desk: inout Desk
  ) -> ParseStep {
    guard desk.oldest != .nothing else { return .skip(bytes.count) }
    desk.message = Message(.response)
    desk.message.flags.insert(.truncated)
    desk.message.isEndSeen = outcome.status != .ok
    seeksEnd = !desk.message.isEndSeen
    outcome.describe(&desk.message, from: bytes, into: &desk.fields)
    batchesOver = batches
    return .message(.untilTurn)
  }
}

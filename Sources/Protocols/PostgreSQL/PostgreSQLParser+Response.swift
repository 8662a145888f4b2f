// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension PostgreSQLParser {
  mutating func nextResponse(
    _ bytes: Span<UInt8>, isFinal: Bool, into message: inout Message, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    if abortedTail > 0 { return aborted(into: &message, &fields) }
    if awaitsTLSAnswer {
      awaitsTLSAnswer = false
      // S or G: encrypted from here on. N: no. Older servers answer with an error message.
      if bytes[0] == 0x53 || bytes[0] == 0x47 { isEncrypted = true }
      if bytes[0] != 0x45 { return .skip(1) }
    }
    guard Self.isBackendType(bytes[0]) else {
      throw ParseError(at: 0, expected: "a message type of the server")
    }
    guard bytes.count >= 5 else {
      guard isFinal else { return .needMore }
      return groups.isEmpty
        ? .skip(bytes.count) : giveUp(PostgreSQLOutcome(), bytes, into: &message, &fields)
    }
    let length = Int(bytes.bigEndian32(at: 1)) + 1
    guard length >= 5, length <= Self.longestMessage else {
      throw ParseError(at: 1, expected: "the length of a message")
    }
    switch bytes[0] {
    case 0x5a:  // Z
      return ready(length, into: &message, &fields)
    case 0x4e, 0x41, 0x53, 0x4b, 0x52, 0x76, 0x47, 0x57:
      // N A S K R v: not caused by a statement. G W: the client copies in, the answer comes after.
      return .skip(length)
    default: break
    }
    guard let first = groups.firstIndex(where: { $0.remaining > 0 }), first == 0 else {
      return try unasked(bytes, length, isFinal: isFinal, into: &message, &fields)
    }
    var outcome = PostgreSQLOutcome()
    switch outcome.read(bytes, of: groups[0]) {
    case .malformed(let offset):
      throw ParseError(at: offset, expected: "a message of the server")
    case .unseen:
      guard isFinal else { return .needMore }
      return giveUp(outcome, bytes, into: &message, &fields)
    case .end(let end):
      message = Message(.response)
      message.requestID = groups[0].firstNumber
      message.length = Int64(end)
      outcome.describe(&message, from: bytes, into: &fields)
      groups[0].firstNumber += 1
      groups[0].remaining -= 1
      if outcome.status != .ok { groups[0].failure = outcome.status }
      if groups[0].isParseOnly && !groups[0].isComplete && groups[0].remaining == 0 {
        groups.removeFirst()
      } else if outcome.endsGroup {
        groups.removeFirst()
      }
      return .message(.bytes(end - reserveTail(end, outcome, bytes.count)))
    }
  }

  /// Keeps bytes at the end of an error for the requests that it aborts and for which the six of
  /// ReadyForQuery are too few; how many.
  private mutating func reserveTail(_ end: Int, _ outcome: PostgreSQLOutcome, _ seen: Int) -> Int {
    guard outcome.status != .ok, end <= seen, let group = groups.first, group.remaining > 6,
      !group.isSimple
    else { return 0 }
    abortedTail = min(Int(group.remaining) - 6, end - 1)
    tailEndsGroup = false
    return abortedTail
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
    _ bytes: Span<UInt8>, _ length: Int, isFinal: Bool, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    guard bytes[0] == 0x45, isStarting else {
      return .skip(gaps[.server] && length > bytes.count ? bytes.count : length)
    }
    if bytes.count < length && !isFinal { return .needMore }
    isStarting = false
    var outcome = PostgreSQLOutcome()
    outcome.readError(bytes, 5..<min(length, bytes.count))
    message = Message(.session)
    message.texts.requestType = fields.append("startup")
    message.texts.endpoint = message.texts.requestType
    outcome.describe(&message, from: bytes, into: &fields)
    return .message(.bytes(length))
  }

  /// ReadyForQuery: the group is answered. Requests of it that were not are those behind a failed one.
  private mutating func ready(
    _ length: Int, into message: inout Message, _ fields: inout FieldBuffer
  ) -> ParseStep {
    isStarting = false
    guard let group = groups.first else { return .skip(length) }
    guard group.remaining > 0 else {
      if group.isComplete { groups.removeFirst() }
      return .skip(length)
    }
    // Each byte can carry one response; requests beyond that end without an answer.
    abortedTail = min(length, 6)
    tailEndsGroup = true
    return aborted(into: &message, &fields)
  }

  private mutating func aborted(into message: inout Message, _ fields: inout FieldBuffer)
    -> ParseStep
  {
    guard let group = groups.first, group.remaining > 0 else {
      let rest = abortedTail
      abortedTail = 0
      return .skip(rest)
    }
    message = Message(.response)
    message.requestID = group.firstNumber
    message.status = group.failure ?? .unknown
    if group.failure != nil {
      message.texts.responseException = fields.append("not executed: the batch failed before")
    }
    groups[0].firstNumber += 1
    groups[0].remaining -= 1
    let isLast = groups[0].remaining == 0 || abortedTail == 1
    let length = isLast ? abortedTail : 1
    abortedTail -= length
    if isLast && tailEndsGroup { groups.removeFirst() }
    return .message(.bytes(length))
  }

  /// The end is not in view, and no byte will follow: all that comes until the turn answers.
  private mutating func giveUp(
    _ outcome: PostgreSQLOutcome, _ bytes: Span<UInt8>, into message: inout Message,
    _ fields: inout FieldBuffer
  ) -> ParseStep {
    guard let group = groups.first, group.remaining > 0 else { return .skip(bytes.count) }
    message = Message(.response)
    message.requestID = group.firstNumber
    message.flags.insert(.truncated)
    outcome.describe(&message, from: bytes, into: &fields)
    groups.removeAll()
    return .message(.untilTurn)
  }
}

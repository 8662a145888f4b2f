// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension PostgreSQLParser {
  /// What the messages of one response told.
  private struct Outcome {
    var status = ResponseStatus.ok
    var rows: UInt64?
    var sqlState: Range<Int>?
    var text: Range<Int>?
    /// The response holds ReadyForQuery.
    var endsGroup = false
  }

  private enum Extent {
    case end(Int)
    case unseen
    case malformed(Int)
  }

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
      return groups.isEmpty ? .skip(bytes.count) : giveUp(Outcome(), bytes, into: &message, &fields)
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
    var outcome = Outcome()
    switch walk(bytes, groups[0], &outcome) {
    case .malformed(let offset):
      throw ParseError(at: offset, expected: "a message of the server")
    case .unseen:
      guard isFinal else { return .needMore }
      return giveUp(outcome, bytes, into: &message, &fields)
    case .end(let end):
      message = Message(.response)
      message.requestID = groups[0].firstNumber
      message.length = Int64(end)
      describe(outcome, bytes, &message, into: &fields)
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
  private mutating func reserveTail(_ end: Int, _ outcome: Outcome, _ seen: Int) -> Int {
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
    var outcome = Outcome()
    readError(bytes, 5..<min(length, bytes.count), &outcome)
    message = Message(.session)
    message.texts.requestType = fields.append("startup")
    message.texts.endpoint = message.texts.requestType
    describe(outcome, bytes, &message, into: &fields)
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
    _ outcome: Outcome, _ bytes: Span<UInt8>, into message: inout Message,
    _ fields: inout FieldBuffer
  ) -> ParseStep {
    guard let group = groups.first, group.remaining > 0 else { return .skip(bytes.count) }
    message = Message(.response)
    message.requestID = group.firstNumber
    message.flags.insert(.truncated)
    describe(outcome, bytes, &message, into: &fields)
    groups.removeAll()
    return .message(.untilTurn)
  }

  /// Hops over messages to the one that ends the response of the group's next request.
  private func walk(
    _ bytes: Span<UInt8>, _ group: Group, _ outcome: inout Outcome
  ) -> Extent {
    var index = 0
    while index + 5 <= bytes.count {
      let type = bytes[index]
      let size = Int(bytes.bigEndian32(at: index + 1)) + 1
      guard size >= 5, size <= Self.longestMessage, Self.isBackendType(type) else {
        return .malformed(index)
      }
      let end = index + size
      let isInView = end <= bytes.count
      switch type {
      case 0x43:  // C
        guard isInView else { return .unseen }
        outcome.rows = rows(bytes, (index + 5)..<end) ?? outcome.rows
        if !group.isSimple && !group.isWhole { return .end(end) }
      case 0x45:  // E
        readError(bytes, (index + 5)..<min(end, bytes.count), &outcome)
        return isInView ? .end(end) : .unseen
      case 0x49, 0x73:  // I, s
        if !group.isSimple && !group.isWhole { return .end(end) }
      case 0x31 where group.isParseOnly: return .end(end)
      case 0x56 where !group.isSimple: return .end(end)
      case 0x5a:
        outcome.endsGroup = group.isSimple || group.isWhole
        return .end(outcome.endsGroup ? end : index)
      default: break
      }
      index = end
    }
    return .unseen
  }

  /// The number at the end of a command tag: `INSERT 0 5`, `SELECT 3`.
  private func rows(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
    var end = range.upperBound
    while end > range.lowerBound, bytes[end - 1] == 0 { end -= 1 }
    var start = end
    while start > range.lowerBound, bytes[start - 1] >= 0x30, bytes[start - 1] <= 0x39 {
      start -= 1
    }
    guard start < end, start > range.lowerBound, end - start <= 18 else { return nil }
    var value: UInt64 = 0
    for index in start..<end { value = value * 10 + UInt64(bytes[index] - 0x30) }
    return value
  }

  /// ErrorResponse: fields of a letter and a string. C is the SQLSTATE, M the text.
  private func readError(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ outcome: inout Outcome
  ) {
    outcome.status = .serverError
    var index = range.lowerBound
    while index < range.upperBound, bytes[index] != 0 {
      let end = min(bytes.position(of: 0, from: index + 1) ?? range.upperBound, range.upperBound)
      let value = (index + 1)..<max(index + 1, end)
      if bytes[index] == 0x43 { outcome.sqlState = value }
      if bytes[index] == 0x4d { outcome.text = value }
      index = end + 1
    }
    if let state = outcome.sqlState, state.count == 5 {
      let isClients = Self.isClientClass(bytes[state.lowerBound], bytes[state.lowerBound + 1])
      outcome.status = isClients ? .clientError : .serverError
    }
  }

  /// Whose fault a class of SQLSTATE is (https://www.postgresql.org/docs/current/errcodes-appendix.html).
  static func isClientClass(_ first: UInt8, _ second: UInt8) -> Bool {
    let classes: StaticString = "030A0B0F0L0P202223262F343D3F42"
    return classes.withUTF8Buffer { buffer in
      var index = 0
      while index < buffer.count {
        if unsafe buffer[index] == first && buffer[index + 1] == second { return true }
        index += 2
      }
      return false
    }
  }

  private func describe(
    _ outcome: Outcome, _ bytes: Span<UInt8>, _ message: inout Message,
    into fields: inout FieldBuffer
  ) {
    message.status = outcome.status
    message.affectedRows = outcome.rows
    if let state = outcome.sqlState {
      message.texts.responseResult = fields.append(bytes.extracting(state))
    }
    if let text = outcome.text {
      message.texts.responseException = fields.append(bytes.extracting(text))
    }
  }
}

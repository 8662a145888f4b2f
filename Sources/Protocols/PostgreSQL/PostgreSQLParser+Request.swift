// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension PostgreSQLParser {
  /// Bytes of a message that its texts are made of, at most.
  private static let textReach = 8_192
  static let longestMessage = 1 << 30

  static let cancelCode: UInt32 = 80_877_102
  static let tlsCode: UInt32 = 80_877_103
  static let gssCode: UInt32 = 80_877_104

  mutating func nextRequest(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    // Only the messages before authentication have no type; they begin with their length.
    if bytes[0] == 0 { return try nextStartup(bytes, isFinal: isFinal, on: &desk) }
    guard Self.isFrontendType(bytes[0]) else {
      throw ParseError(at: 0, expected: "a message type of the client")
    }
    guard bytes.count >= 5 else {
      guard isFinal else { return .needMore() }
      return finishCutBatch(bytes.count, on: &desk)
    }
    let length = Int(bytes.bigEndian32(at: 1)) + 1
    guard length >= 5, length <= Self.longestMessage else {
      throw ParseError(at: 1, expected: "the length of a message")
    }
    let wanted = min(length, Self.textReach)
    if bytes.count < wanted && !isFinal { return .needMore(atLeast: wanted) }
    let isCut = bytes.count < wanted
    let body = bytes.clipped(from: 5, to: min(length, bytes.count, Self.textReach))
    switch bytes[0] {
    case 0x51:  // Q
      return simpleQuery(body, length, isCut: isCut, on: &desk)
    case 0x46:  // F, a function call by number
      desk.message = Message(.request)
      leave(Note(isSimple: true), on: &desk)
      desk.message.texts.requestType = desk.fields.append("function call")
      desk.message.texts.endpoint = desk.message.texts.requestType
      desk.message.length = Int64(length)
      return .message(.bytes(length))
    case 0x50:  // P
      parse(body, into: &desk.fields)
      return skipOrCut(bytes, length, isFinal: isFinal, on: &desk)
    case 0x42:  // B
      bind(body)
      return skipOrCut(bytes, length, isFinal: isFinal, on: &desk)
    case 0x45:  // E
      return execute(body, length, on: &desk)
    case 0x53, 0x48:  // S, H
      return endBatch(isSync: bytes[0] == 0x53, length, on: &desk)
    default:
      return .skip(length)
    }
  }

  static func isFrontendType(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x42, 0x43, 0x44, 0x45, 0x46, 0x48, 0x50, 0x51, 0x53, 0x58: true  // B C D E F H P Q S X
    case 0x63, 0x64, 0x66, 0x70: true  // c d f p
    default: false
    }
  }

  private mutating func nextStartup(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard bytes.count >= 8 else { return isFinal ? .skip(bytes.count) : .needMore() }
    let length = Int(bytes.bigEndian32(at: 0))
    guard length >= 8, length <= 10_000 else {
      throw ParseError(at: 0, expected: "the length of a start-up message")
    }
    switch bytes.bigEndian32(at: 4) {
    case Self.tlsCode, Self.gssCode: awaitsTLSAnswer = true
    case Self.cancelCode:
      desk.message = Message(.session)
      desk.message.texts.requestType = desk.fields.append("cancel")
      desk.message.texts.endpoint = desk.message.texts.requestType
      desk.message.length = Int64(length)
      return .message(.bytes(length))
    case let version where version >> 16 == 3: isStarting = true
    default: throw ParseError(at: 4, expected: "a version of the protocol")
    }
    return .skip(length)
  }

  private mutating func simpleQuery(
    _ body: Span<UInt8>, _ length: Int, isCut: Bool, on desk: inout Desk
  ) -> ParseStep {
    desk.message = Message(.request)
    leave(Note(isSimple: true), on: &desk)
    desk.message.texts.requestType = desk.fields.append("simple query")
    describe(body, on: &desk)
    desk.message.length = Int64(length)
    if isCut { desk.message.flags.insert(.truncated) }
    return .message(.bytes(length))
  }

  private func describe(
    _ body: Span<UInt8>, on desk: inout Desk
  ) {
    let end = body.position(of: 0, from: 0) ?? body.count
    SQLText(body.clipped(from: 0, to: end), dialect: dialect, into: &desk.fields)
      .write(to: &desk.message.texts)
  }

  /// Parse: the statement's name, then its SQL.
  private mutating func parse(_ body: Span<UInt8>, into fields: inout FieldBuffer) {
    let nameEnd = body.position(of: 0, from: 0) ?? body.count
    let start = min(nameEnd + 1, body.count)
    let end = body.position(of: 0, from: start) ?? body.count
    let sql = SQLText(body.clipped(from: start, to: end), dialect: dialect, into: &fields)
    let key = nameHash(body, 0..<nameEnd)
    statements.remember(PreparedStatement(sql, in: &fields), as: key)
    fields.removeAll()
    openParse = key
  }

  /// Bind: the portal's name, then the statement's.
  private mutating func bind(_ body: Span<UInt8>) {
    let portalEnd = body.position(of: 0, from: 0) ?? body.count
    let start = min(portalEnd + 1, body.count)
    let end = body.position(of: 0, from: start) ?? body.count
    let key = nameHash(body, start..<end)
    portals.bind(nameHash(body, 0..<portalEnd), to: key)
    openBind = key
    openParse = nil
  }

  private mutating func execute(
    _ body: Span<UInt8>, _ length: Int, on desk: inout Desk
  ) -> ParseStep {
    let end = body.position(of: 0, from: 0) ?? body.count
    let statement = portals.statement(of: nameHash(body, 0..<end)) ?? openBind
    desk.message = Message(.request)
    leave(Note(), on: &desk)
    desk.message.texts.requestType = desk.fields.append("execute")
    if let statement {
      statements.recall(statement)?.describe(&desk.message.texts, into: &desk.fields)
    }
    desk.message.length = Int64(length)
    openParse = nil
    openBind = nil
    batchHasExecute = true
    return .message(.bytes(length))
  }

  /// Sync or Flush. What was parsed and is not executed is reported here.
  private mutating func endBatch(
    isSync: Bool, _ length: Int, on desk: inout Desk
  ) -> ParseStep {
    var hasRequest = false
    if let key = openParse, !batchHasExecute {
      desk.message = Message(.request)
      leave(Note(isParseOnly: true), on: &desk)
      desk.message.texts.requestType = desk.fields.append("parse")
      statements.recall(key)?.describe(&desk.message.texts, into: &desk.fields)
      desk.message.length = Int64(length)
      hasRequest = true
    }
    openParse = nil
    if isSync {
      openBind = nil
      batchHasExecute = false
      batches += 1
    }
    return hasRequest ? .message(.bytes(length)) : .skip(length)
  }

  private mutating func skipOrCut(
    _ bytes: Span<UInt8>, _ length: Int, isFinal: Bool, on desk: inout Desk
  ) -> ParseStep {
    guard isFinal, length > bytes.count else { return .skip(length) }
    return finishCutBatch(bytes.count, on: &desk)
  }

  /// The capture ends inside of a batch, before its Execute: that one is taken for granted.
  private mutating func finishCutBatch(
    _ count: Int, on desk: inout Desk
  ) -> ParseStep {
    guard let key = openBind ?? openParse else { return .skip(max(1, count)) }
    desk.message = Message(.request)
    leave(Note(isWhole: true), on: &desk)
    desk.message.texts.requestType = desk.fields.append("execute")
    statements.recall(key)?.describe(&desk.message.texts, into: &desk.fields)
    desk.message.flags.insert(.truncated)
    openParse = nil
    openBind = nil
    batchHasExecute = false
    return .message(.untilTurn)
  }

  /// Makes the desk's message a request that leaves `note`.
  private mutating func leave(_ note: Note, on desk: inout Desk) {
    if desk.waiting == 0, mayMissBatches {
      mayMissBatches = false
      batchesOver = batches
      failure = nil
    }
    var note = note
    note.batch = batches
    desk.message.note = note.bits
    if note.isSimple || note.isWhole { batches += 1 }
  }
}

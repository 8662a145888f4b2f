// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What the messages of one response told.
struct PostgreSQLOutcome {
  /// How far a response reaches.
  enum Extent {
    case end(Int)
    case unseen
    case malformed(Int)
  }

  private(set) var status = ResponseStatus.ok
  private var rows: UInt64?
  private var sqlState: Range<Int>?
  private var text: Range<Int>?
  /// The response holds ReadyForQuery.
  private(set) var endsGroup = false

  /// Hops over messages to the one that ends the response of the group's next request.
  mutating func read(_ bytes: Span<UInt8>, of group: PostgreSQLParser.Group) -> Extent {
    var index = 0
    while index + 5 <= bytes.count {
      let type = bytes[index]
      let size = Int(bytes.bigEndian32(at: index + 1)) + 1
      guard size >= 5, size <= PostgreSQLParser.longestMessage,
        PostgreSQLParser.isBackendType(type)
      else {
        return .malformed(index)
      }
      let end = index + size
      let isInView = end <= bytes.count
      switch type {
      case 0x43:  // C
        guard isInView else { return .unseen }
        rows = Self.count(in: bytes, (index + 5)..<end) ?? rows
        if !group.isSimple && !group.isWhole { return .end(end) }
      case 0x45:  // E
        readError(bytes, (index + 5)..<min(end, bytes.count))
        return isInView ? .end(end) : .unseen
      case 0x49, 0x73:  // I, s
        if !group.isSimple && !group.isWhole { return .end(end) }
      case 0x31 where group.isParseOnly: return .end(end)
      case 0x56 where !group.isSimple: return .end(end)
      case 0x5a:
        endsGroup = group.isSimple || group.isWhole
        return .end(endsGroup ? end : index)
      default: break
      }
      index = end
    }
    return .unseen
  }

  /// The number at the end of a command tag: `INSERT 0 5`, `SELECT 3`.
  private static func count(in bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
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
  mutating func readError(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    status = .serverError
    var index = range.lowerBound
    while index < range.upperBound, bytes[index] != 0 {
      let end = min(bytes.position(of: 0, from: index + 1) ?? range.upperBound, range.upperBound)
      let value = (index + 1)..<max(index + 1, end)
      if bytes[index] == 0x43 { sqlState = value }
      if bytes[index] == 0x4d { text = value }
      index = end + 1
    }
    if let state = sqlState, state.count == 5 {
      let isClients = Self.isClientClass(bytes[state.lowerBound], bytes[state.lowerBound + 1])
      status = isClients ? .clientError : .serverError
    }
  }

  /// Whose fault a class of SQLSTATE is (https://www.postgresql.org/docs/current/errcodes-appendix.html).
  private static func isClientClass(_ first: UInt8, _ second: UInt8) -> Bool {
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

  func describe(
    _ message: inout Message, from bytes: Span<UInt8>, into fields: inout FieldBuffer
  ) {
    message.status = status
    message.affectedRows = rows
    if let sqlState { message.texts.responseResult = fields.append(bytes.clipped(sqlState)) }
    if let text { message.texts.responseException = fields.append(bytes.clipped(text)) }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What the messages of one response told, walked over in as many pieces as they come.
struct PostgreSQLOutcome: Sendable {
  /// How far a response reaches.
  enum Extent: Equatable {
    case end(Int)
    /// The messages go on; those before this place are passed.
    case unseen(Int)
    case malformed(Int)
  }

  /// Bytes of an error that are looked at: a text is shorter than this.
  static let errorReach = 1_536

  private(set) var status = ResponseStatus.ok
  private var rows: UInt64?
  /// In the bytes that were walked over last.
  private var sqlState: Range<Int>?
  private var text: Range<Int>?
  private var textIsCut = false
  /// The response holds ReadyForQuery.
  private(set) var endsGroup = false
  /// Whether a statement's end was seen.
  private(set) var isDecided = false
  /// What the server said of `standard_conforming_strings`.
  private(set) var hasPlainStrings: Bool?
  /// Whether only ReadyForQuery ends the response.
  private let endsWithGroup: Bool
  private let isSimple: Bool
  private let isParseOnly: Bool
  /// Bytes of a message that are still to be passed.
  private var left = 0

  init(_ note: PostgreSQLParser.Note = PostgreSQLParser.Note()) {
    endsWithGroup = note.isSimple || note.isWhole
    isSimple = note.isSimple
    isParseOnly = note.isParseOnly
  }

  /// Hops over messages to the one that ends the response of the request; `bytes` begin
  /// where the last ones were passed.
  mutating func advance(_ bytes: Span<UInt8>) -> Extent {
    sqlState = nil
    text = nil
    var index = min(left, bytes.count)
    left -= index
    while left == 0, index + 5 <= bytes.count {
      let type = bytes[index]
      let size = Int(bytes.bigEndian32(at: index + 1)) + 1
      guard size >= 5, size <= PostgreSQLParser.longestMessage,
        PostgreSQLParser.isBackendType(type)
      else { return .malformed(index) }
      let end = index + size
      let isInView = end <= bytes.count
      switch type {
      case 0x43:  // C
        guard isInView else { return .unseen(index) }
        isDecided = true
        rows = Self.count(in: bytes, (index + 5)..<end) ?? rows
        if !endsWithGroup { return .end(end) }
      case 0x45:  // E
        readError(bytes, (index + 5)..<min(end, bytes.count))
        isDecided = true
        return isInView || index + Self.errorReach <= bytes.count ? .end(end) : .unseen(index)
      case 0x49, 0x73:  // I, s
        isDecided = true
        if !endsWithGroup { return isInView ? .end(end) : .unseen(index) }
      case 0x31 where isParseOnly: return isInView ? .end(end) : .unseen(index)
      case 0x56 where !isSimple: return .end(end)
      case 0x57: return isInView ? .end(end) : .unseen(index)  // W
      case 0x5a:
        guard isInView else { return .unseen(index) }
        endsGroup = endsWithGroup || index == 0
        return .end(endsGroup ? end : index)
      case 0x53 where end - index < 64:
        guard isInView else { return .unseen(index) }
        readSetting(bytes, (index + 5)..<end)
      default: break
      }
      index = min(end, bytes.count)
      left = end - index
    }
    return .unseen(index)
  }

  /// Reads messages up to ReadyForQuery, which ends `bytes`; whether they say how the statement ended.
  mutating func readTail(_ bytes: Span<UInt8>, from start: Int) -> Bool {
    left = start
    guard case .end = advance(bytes) else { return false }
    endsGroup = true
    return isDecided
  }

  /// ParameterStatus: a name and a value, each with a zero.
  mutating func readSetting(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard range.count >= 30, bytes.hasPrefix("standard_conforming_strings\0", at: range.lowerBound)
    else { return }
    hasPlainStrings = bytes[range.lowerBound + 28] == 0x6f && bytes[range.lowerBound + 29] == 0x6e
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
      if bytes[index] == 0x4d {
        text = value
        textIsCut = end == bytes.count
      }
      index = end + 1
    }
    if let state = sqlState, state.count == 5 {
      let isClients = Self.isClientClass(bytes[state.lowerBound], bytes[state.lowerBound + 1])
      status = isClients ? .clientError : .serverError
    }
  }

  /// Whose fault a class of SQLSTATE is (https://www.postgresql.org/docs/current/errcodes-appendix.html).
  private static func isClientClass(_ first: UInt8, _ second: UInt8) -> Bool {
    isClass(first, second, of: "030A0B0F0L0P202223262F343D3F42")
  }

  /// All but P0, what PL/pgSQL raises, and those that are the users' own.
  private static let knownClasses: StaticString =
    "0001020308090A0B0F0L0P0Z202122232425262728292B2D2F3438393B3D3F4042445354555758F0HVXX"

  private static func isClass(_ first: UInt8, _ second: UInt8, of classes: StaticString) -> Bool {
    classes.withUTF8Buffer { buffer in
      var index = 0
      while index < buffer.count {
        if unsafe buffer[index] == first && buffer[index + 1] == second { return true }
        index += 2
      }
      return false
    }
  }

  /// What the error's text quotes. Names of tables and the like are shown; its classes 22 (data) and
  /// 42601 (syntax) quote values, and P0 is what the users' own code raises.
  private func content(_ bytes: Span<UInt8>) -> ErrorTextContent {
    guard let state = sqlState, state.count == 5 else { return .values }
    let (first, second) = (bytes[state.lowerBound], bytes[state.lowerBound + 1])
    if Self.isClass(first, second, of: "08202325282D3B3D3F40535557") {
      return .names
    }
    if first == 0x34, second == 0x32 {
      return bytes.hasPrefix("42601", at: state.lowerBound) ? .values : .names
    }
    return Self.isClass(first, second, of: Self.knownClasses) ? .values : .anything
  }

  func describe(
    _ message: inout Message, from bytes: Span<UInt8>, into fields: inout FieldBuffer
  ) {
    message.status = status
    message.affectedRows = rows
    if let sqlState { message.texts.responseResult = fields.append(bytes.clipped(sqlState)) }
    guard let text else { return }
    message.texts.responseException =
      fields.privacy.hidesSQLLiterals
      ? fields.append(errorText: bytes, at: text, content(bytes), isCut: textIsCut)
      : fields.append(bytes.clipped(text))
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension MySQLParser {
  /// Bytes of a packet that its texts are made of, at most.
  private static let textReach = 8_192

  mutating func nextRequest(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let length = bytes.littleEndian24(at: 0)
    let sequence = bytes[3]
    if continuesPacket {
      continuesPacket = length == 0xff_ffff
      return .skip(4 + length)
    }
    if sequence == 1 && (awaitsLogin || (!hasAsked && length >= 32)) {
      return try nextLogin(bytes, length, isFinal: isFinal, on: &desk)
    }
    // Answers of an authentication method, or the content of a local file.
    if sequence != 0 || length == 0 {
      if desk.mayBeInside && sequence != 0 { return .skip(bytes.count) }
      return .skip(4 + length)
    }
    guard bytes.count > 4 else { return isFinal ? .skip(4 + length) : .needMore() }
    let command = MySQLCommand(rawValue: bytes[4])
    guard command != .login, let name = command.name, command.allows(length: length) else {
      if !hasAsked, MySQL.isCompressedQuery(bytes) {
        isCompressed = true
        return try nextCompressed(bytes, isFinal: isFinal, .client, on: &desk)
      }
      throw ParseError(at: 4, expected: "a command of the client")
    }
    let wanted = min(4 + length, Self.textReach)
    if bytes.count < wanted && !isFinal { return .needMore(atLeast: wanted) }
    awaitsLogin = false
    continuesPacket = length == 0xff_ffff
    if command == .statementSendLongData { return .skip(4 + length) }
    desk.message = Message(command.isOneWay ? .session : .request)
    desk.message.texts.requestType = desk.fields.append(name)
    desk.message.length = Int64(4 + length)
    if bytes.count < wanted { desk.message.flags.insert(.truncated) }
    let body = bytes.clipped(from: 5, to: max(5, min(4 + length, bytes.count, Self.textReach)))
    var note = Note(command)
    describe(command, body, &note, on: &desk)
    if command == .binlogDump || command == .binlogDumpGTID {
      desk.message.kind = .session
      isReplicating = true
    }
    guard desk.message.kind == .request else { return .message(.bytes(4 + length)) }
    leave(note, on: &desk)
    return .message(.bytes(4 + length))
  }

  /// Makes the desk's message a request that leaves `note`.
  mutating func leave(_ note: Note, on desk: inout Desk) {
    desk.message.note = note.bits
    hasAsked = true
    if desk.waiting == 0 { isInterrupted = false }
  }

  private mutating func describe(
    _ command: MySQLCommand, _ body: Span<UInt8>, _ note: inout Note, on desk: inout Desk
  ) {
    switch command {
    case .query, .statementPrepare:
      let start = command == .query ? Self.textStart(body) : 0
      let text = body.clipped(from: start, to: body.count)
      let sql = SQLText(text, dialect: dialect, into: &desk.fields)
      sql.write(to: &desk.message.texts)
      if command == .statementPrepare {
        prepared &+= 1
        note.statement = prepared
        statements.remember(
          PreparedStatement(sql, in: &desk.fields), as: Self.unnamed(prepared))
      }
      if desk.fields.bytes(sql.endpoint).elementsEqual("SET".utf8) { learn(setting: text, &note) }
    case .statementExecute, .statementFetch, .statementClose, .statementBulkExecute:
      guard body.count >= 4 else { return }
      let id = body.littleEndian32(at: 0)
      // MariaDB: all ones is the statement that was prepared last, perhaps not answered yet.
      let known = statements.recall(id == .max ? Self.unnamed(prepared) : UInt64(id))
      known?.describe(&desk.message.texts, into: &desk.fields)
      if command == .statementClose { statements.forget(UInt64(id)) }
    case .initDB, .createDB, .dropDB:
      guard !desk.mayBeInside, Self.isName(body) else { break }
      desk.message.texts.requestResource = desk.fields.append(body)
      desk.message.texts.requestDomain = desk.message.texts.requestResource
    case .fieldList:
      // The table's name, and behind a zero a pattern for columns.
      let table = body.clipped(from: 0, to: body.position(of: 0, from: 0) ?? body.count)
      if !desk.mayBeInside, Self.isName(table) {
        desk.message.texts.requestResource = desk.fields.append(table)
      }
    default: break
    }
    if desk.message.texts.endpoint.isEmpty, command != .query, command != .statementPrepare {
      desk.message.texts.endpoint = desk.message.texts.requestType
    }
  }

  /// Where the text of a COM_QUERY begins; the end of `body` when that is not in view.
  ///
  /// Behind the query attributes, if there are any: their number, then that of their sets, which is 1.
  /// No text has such a byte in its second place, so a login need not have been seen.
  static func textStart(_ body: Span<UInt8>) -> Int {
    guard let count = MySQLResponse.lengthEncoded(body, 0), count.next < body.count,
      body[count.next] == 1
    else { return 0 }
    return count.value == 0
      ? count.next + 1 : MySQLAttributes.end(body, count.value, from: count.next + 1)
  }

  /// HandshakeResponse41, or the SSLRequest that stands before it.
  private mutating func nextLogin(
    _ bytes: Span<UInt8>, _ length: Int, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let wanted = min(4 + length, Self.textReach)
    if bytes.count < wanted && !isFinal { return .needMore() }
    guard bytes.count >= 36, length >= 32 else {
      if isFinal && length >= 32 { return .skip(4 + length) }
      throw ParseError(at: 0, expected: "a login")
    }
    let client = bytes.littleEndian32(at: 4)
    guard client & Self.protocol41 != 0 else { throw ParseError(at: 4, expected: "a login") }
    if length == 32 {
      guard client & Self.tls != 0 else { throw ParseError(at: 4, expected: "a login") }
      return .handOver(after: 36, to: .encrypted)
    }
    awaitsLogin = false
    capabilities = client
    hasWideCharacters = Self.isWide(collation: bytes[12])
    desk.message = Message(.request)
    leave(Note(.login), on: &desk)
    desk.message.length = Int64(4 + length)
    desk.message.texts.requestType = desk.fields.append("Login")
    describeLogin(
      bytes.clipped(from: 36, to: min(bytes.count, 4 + length)), client, on: &desk)
    return .message(.bytes(4 + length))
  }

  /// Of big5, cp932, gbk, sjis and gb18030.
  private static func isWide(collation: UInt8) -> Bool {
    switch collation {
    case 1, 13, 28, 84, 87, 88, 95, 96, 248, 249, 250: true
    default: false
    }
  }

  /// Whether the bytes may be a name; behind lost bytes they may be anything.
  private static func isName(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 0, bytes.count <= 256 else { return false }
    for index in bytes.indices where bytes[index] < 0x20 { return false }
    return true
  }

  /// The key of a statement whose id is not known yet.
  static func unnamed(_ number: UInt32) -> UInt64 { 1 << 32 | UInt64(number) }

  /// Notes what a SET does to strings.
  private mutating func learn(setting text: Span<UInt8>, _ note: inout Note) {
    let head = text.extracting(first: 512)
    if head.contains(word: "NAMES") || head.contains(word: "CHARACTER") {
      hasWideCharacters = false
      for name in ["BIG", "CP", "GB", "SJIS"] as [StaticString]
      where head.contains(word: name) {
        hasWideCharacters = true
      }
    }
    guard head.contains(word: "SQL_MODE"), !head.contains(word: "GLOBAL") else { return }
    note.setsQuotedNames = head.contains(word: "ANSI") || head.contains(word: "ANSI_QUOTES")
  }

  private func describeLogin(
    _ body: Span<UInt8>, _ client: UInt32, on desk: inout Desk
  ) {
    let userEnd = body.position(of: 0, from: 0) ?? body.count
    var database = body.count..<body.count
    if userEnd < body.count, client & Self.connectWithDB != 0 {
      var start = userEnd + 1
      if client & (Self.lengthEncodedAuth | Self.secureConnection) != 0 {
        let secret = MySQLResponse.lengthEncoded(body, start)
        start = secret.map { $0.next + Int(min($0.value, 1 << 16)) } ?? body.count
      } else {
        start = (body.position(of: 0, from: start) ?? body.count) + 1
      }
      start = min(start, body.count)
      database = start..<(body.position(of: 0, from: start) ?? body.count)
    }
    desk.message.texts.requestDomain = desk.fields.append(body.clipped(database))
    let mark = desk.fields.mark
    desk.fields.push("Login username: ")
    desk.fields.push(body.clipped(from: 0, to: userEnd))
    desk.fields.push(" db: ")
    desk.fields.push(body.clipped(database))
    desk.message.texts.requestResource = desk.fields.finish(from: mark)
    desk.message.texts.endpoint = desk.message.texts.requestResource
  }
}

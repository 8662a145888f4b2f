// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What tells SMTP and FTP apart, whose conversations are made alike.
protocol ReplyDialect: Sendable {
  /// The command of a word; nil of one that is not known.
  static func name(_ word: UInt64) -> StaticString?

  /// What a code says.
  static func meaning(_ code: Int) -> StaticString

  /// The command that asks for TLS, and the code that grants it.
  static var startTLS: (word: UInt64, code: Int) { get }

  /// Writes what is told of a command's argument.
  static func describe(_ command: CommandLine, _ bytes: Span<UInt8>, on desk: inout Desk)

  /// Bytes that follow the line of a command.
  static func payload(_ command: CommandLine, _ bytes: Span<UInt8>) -> Int

  /// Whether what follows a 354 ends with a line of a dot.
  static var sendsLines: Bool { get }
}

/// Reads commands in lines and replies of three digits: each command is a request, its last reply the response.
struct ReplyParser<Dialect: ReplyDialect>: ProtocolParser {
  private static var longestLine: Int { 4_096 }
  private static var longestName: Int { 64 }

  /// The code of a reply of several lines that goes on.
  private var open = 0
  /// The client sends a mail, or something that proves who it is.
  private var isSending = false
  private var isInLongLine = false
  private var provesItself = false
  private var isOver = false
  private var hasAsked = false
  private var serverName: [UInt8] = []

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if isOver { return .handOver(after: 0, to: .unknown) }
    guard let line = TextLine(bytes, from: 0) else {
      if side == .client, isSending, bytes.count >= 1_024 || view.isFinal {
        isInLongLine = true
        return .skip(bytes.count)
      }
      guard bytes.count < Self.longestLine else { throw ParseError(at: 0, expected: "a line") }
      if side == .client, isSending, isInLongLine { return .skip(bytes.count) }
      return view.isFinal ? .skip(bytes.count) : .needMore()
    }
    return side == .client
      ? try readCommand(line, bytes, on: &desk) : try readReply(line, bytes, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) {
    if side == .server { open = 0 }
  }

  private mutating func readCommand(
    _ line: TextLine, _ bytes: Span<UInt8>, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if isSending {
      let isEnd = line.text.count == 1 && bytes[line.text.lowerBound] == UInt8(ascii: ".")
      if isEnd, !isInLongLine { isSending = false }
      isInLongLine = false
      return .skip(line.end)
    }
    if provesItself {
      provesItself = false
      return .skip(line.end)
    }
    if line.text.isEmpty { return .skip(line.end) }
    guard let command = CommandLine(bytes, line.text) else {
      throw ParseError(at: 0, expected: "a command")
    }
    let name = Dialect.name(command.word)
    if desk.mayBeInside, name == nil { throw ParseError(at: 0, expected: "a command") }
    hasAsked = true
    desk.message = Message(.request)
    desk.message.note = command.word
    desk.message.texts.requestType = desk.fields.append(name ?? "unknown")
    desk.message.texts.endpoint = desk.message.texts.requestType
    desk.message.texts.requestDomain = desk.fields.append(serverName.span)
    if name != nil { Dialect.describe(command, bytes, on: &desk) }
    let payload = Dialect.payload(command, bytes)
    if payload > 0 { desk.message.length = Int64(payload) }
    return .message(.bytes(line.end + payload))
  }

  private mutating func readReply(
    _ line: TextLine, _ bytes: Span<UInt8>, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard let reply = ReplyLine(bytes, line.text) else {
      // Lines between the first and the last may be anything.
      if open != 0 { return .skip(line.end) }
      throw ParseError(at: 0, expected: "a reply")
    }
    if open != 0, reply.code != open { return .skip(line.end) }
    open = reply.goesOn ? reply.code : 0
    // The last line says it, and what is preliminary says nothing.
    if reply.goesOn || reply.code < 200 { return .skip(line.end) }
    if reply.code == 334 || (reply.code == 354 && Dialect.sendsLines) {
      if reply.code == 354 { isSending = true } else { provesItself = true }
      return .skip(line.end)
    }
    // Behind lost bytes an answer may be of a command that nobody waits for.
    if desk.waiting == 0, !hasAsked || reply.code == 421 {
      return unasked(reply, line.end, bytes, on: &desk)
    }
    desk.message = Message(.response)
    provesItself = false
    isSending = false
    let asked = desk.oldest.note
    if let asked, asked == Dialect.startTLS.word, reply.code == Dialect.startTLS.code {
      isOver = true
    }
    write(reply, on: &desk)
    return .message(.bytes(line.end))
  }

  private func write(_ reply: ReplyLine, on desk: inout Desk) {
    desk.message.code = Int32(reply.code)
    guard reply.code >= 400 else { return }
    desk.message.status = reply.code < 500 ? .serverError : .clientError
    desk.message.texts.responseException = desk.fields.append(Dialect.meaning(reply.code))
  }

  /// What a server says first, or when it goes.
  private mutating func unasked(
    _ reply: ReplyLine, _ length: Int, _ bytes: Span<UInt8>, on desk: inout Desk
  ) -> ParseStep {
    var words = TextWords(reply.text)
    if reply.code == 220, let name = words.next(in: bytes),
      bytes.firstIndex(of: UInt8(ascii: "."), from: name.lowerBound, to: name.upperBound) != nil
    {
      serverName = name.prefix(Self.longestName).map { bytes[$0] }
    }
    // Others are answers to what came before the first bytes that were seen.
    guard reply.code == 421 || reply.code == 554 else { return .skip(length) }
    desk.message = Message(.session)
    desk.message.isPush = true
    desk.message.texts.requestType = desk.fields.append("greeting")
    desk.message.texts.endpoint = desk.message.texts.requestType
    write(reply, on: &desk)
    return .message(.bytes(length))
  }
}

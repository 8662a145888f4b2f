// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension MySQLParser {
  /// Bytes of an answer that its texts are made of; what goes on behind them is walked over.
  private static let answerReach = 4_096

  mutating func nextResponse(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if isReplicating {
      desk.wantsNothing = true
      return .skip(desk.mayBeInside ? bytes.count : 4 + bytes.littleEndian24(at: 0))
    }
    let length = bytes.littleEndian24(at: 0)
    let sequence = bytes[3]
    guard desk.oldest != .nothing else {
      if !hasAsked, length > 0 {
        if bytes.count < min(4 + length, 600) && !isFinal { return .needMore() }
        if bytes.count > 4, bytes[4] == 0xff {
          return refusal(bytes, length, on: &desk)
        }
        if sequence == 0 { takeGreeting(bytes, length) }
      }
      // The end of an answer whose beginning, or whose request, was not seen.
      return .skip(desk.mayBeInside ? bytes.count : 4 + length)
    }
    let first = Note(desk.oldest.note)
    if desk.mayBeInside && !isInterrupted && first.command != .login && sequence != 1 {
      // An answer was begun and its beginning lost: it is over when the client speaks again, if these
      // are not its last bytes.
      desk.message = Message(.response)
      if let end = MySQLTail(bytes) {
        describe(end.failure, nil, bytes, on: &desk)
        return finish(.bytes(bytes.count), desk.message.isEndSeen)
      }
      desk.message.isEndSeen = false
      desk.message.status = .parseFailed
      return finish(.untilTurn, desk.message.isEndSeen)
    }
    let isLogin = first.command == .login || first.command == .changeUser
    // A first packet has the number behind its command's. Others are left over from an answer that
    // was thought to be over; a login and a local file have more turns.
    let isExpected = sequence == 1 || isLogin || isInterrupted
    guard isExpected || first.command == .query else { return .skip(4 + length) }
    var response = MySQLResponse(to: first.command, hasLegacyEOF: hasLegacyEOF)
    desk.message = Message(.response)
    switch response.advance(bytes.extracting(first: Self.answerReach)) {
    case .malformed(let offset):
      throw ParseError(at: min(offset, bytes.count), expected: "an answer of the server")
    case .interruption(let end):
      isInterrupted = true
      return .skip(end)
    case .end(let end):
      desk.message.length = Int64(end)
      describe(response, bytes, on: &desk)
      learn(response, first)
      return finish(.bytes(end), desk.message.isEndSeen)
    case .unseen(let place):
      let isCut = bytes.count < Self.answerReach
      if isCut && !isFinal { return .needMore() }
      desk.message.isEndSeen = response.failure != nil
      if isCut { desk.message.flags.insert(.truncated) }
      describe(response, bytes, on: &desk)
      learn(response, first)
      guard !isCut, place > 0 else { return finish(.untilTurn, desk.message.isEndSeen) }
      desk.message.affectedRows = nil
      walk = response
      return finish(.head(place), desk.message.isEndSeen)
    }
  }

  /// Goes on in an answer whose front was told.
  mutating func walk(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard var response = walk else { return .skip(bytes.count) }
    switch response.advance(bytes) {
    case .malformed(let offset):
      walk = nil
      throw ParseError(at: min(offset, bytes.count), expected: "an answer of the server")
    case .unseen(0), .interruption:
      guard isFinal else { return .needMore() }
      walk = nil
      seeksEnd = true
      return .body(bytes.count, isLast: false)
    case .unseen(let place):
      walk = response
      return .body(place, isLast: false)
    case .end(let end):
      walk = nil
      desk.message = Message(.response)
      describe(response, bytes, on: &desk)
      learn(response, nil)
      unread = max(0, end - bytes.count)
      return .end(min(end, bytes.count))
    }
  }

  /// Looks for the end of an answer, of which bytes are missing, at the end of `bytes`.
  mutating func findEnd(
    _ bytes: Span<UInt8>, on desk: inout Desk
  ) -> ParseStep {
    guard let end = MySQLTail(bytes) else { return .skip(bytes.count) }
    seeksEnd = false
    desk.message = Message(.response)
    describe(end.failure, nil, bytes, on: &desk)
    return .end(bytes.count)
  }

  mutating func finish(_ length: MessageLength, _ isEndSeen: Bool) -> ParseStep {
    isInterrupted = false
    seeksEnd = length == .untilTurn && !isEndSeen
    return .message(length)
  }

  func describe(_ response: MySQLResponse, _ bytes: Span<UInt8>, on desk: inout Desk) {
    describe(response.failure, response.affectedRows, bytes, on: &desk)
  }

  private func describe(
    _ failure: MySQLResponse.Failure?, _ affectedRows: UInt64?, _ bytes: Span<UInt8>,
    on desk: inout Desk
  ) {
    desk.message.affectedRows = affectedRows
    guard let failure else { return }
    desk.message.code = Int32(failure.code)
    desk.message.status = (2_000..<3_000).contains(failure.code) ? .clientError : .serverError
    desk.message.texts.responseException =
      desk.fields.privacy.hidesSQLLiterals
      ? desk.fields.append(
        errorText: bytes, at: failure.message, MySQLErrorCode.content(failure),
        isCut: desk.message.flags.contains(.truncated))
      : desk.fields.append(bytes.clipped(failure.message))
  }

  mutating func learn(_ response: MySQLResponse, _ first: Note?) {
    if let status = response.serverStatus { learn(status: status) }
    guard let first else { return }
    if let id = response.statementID, first.statement > 0 {
      statements.name(Self.unnamed(first.statement), UInt64(id))
    }
    guard response.failure == nil else { return statements.forget(Self.unnamed(first.statement)) }
    if let names = first.setsQuotedNames { hasQuotedNames = names }
    switch first.command {
    case .login:
      guard let capabilities else { return }
      let agreed = capabilities & serverCapabilities
      isCompressed = agreed & (Self.compress | Self.zstdCompression) != 0
    case .changeUser, .resetConnection: hasQuotedNames = false
    default: break
    }
  }

  /// NO_BACKSLASH_ESCAPES is a flag of the server's status.
  private mutating func learn(status: UInt16) {
    backslash = status & 0x0200 != 0 ? .byte : .escape
  }

  /// An error in place of the greeting, or of the answer to a login that never came: too many
  /// connections, a host that is blocked.
  private func refusal(
    _ bytes: Span<UInt8>, _ length: Int, on desk: inout Desk
  ) -> ParseStep {
    guard length >= 3, bytes.count >= 7 else { return .skip(4 + length) }
    desk.message = Message(.session)
    desk.message.texts.requestType = desk.fields.append("Login")
    desk.message.texts.endpoint = desk.message.texts.requestType
    if bytes.count < 4 + length { desk.message.flags.insert(.truncated) }
    describe(
      MySQLResponse.failure(bytes, 4, length), nil, bytes, on: &desk)
    return .message(.bytes(4 + length))
  }

  /// HandshakeV10.
  private mutating func takeGreeting(_ bytes: Span<UInt8>, _ length: Int) {
    guard bytes.count > 5, bytes[4] == 10 else { return }
    awaitsLogin = true
    guard let end = bytes.position(of: 0, from: 5), end + 21 <= bytes.count else { return }
    let low = UInt32(bytes.littleEndian16(at: end + 14))
    learn(status: bytes.littleEndian16(at: end + 17))
    serverCapabilities = low | UInt32(bytes.littleEndian16(at: end + 19)) << 16
  }
}

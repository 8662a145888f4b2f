// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension MySQLParser {
  /// Bytes of an answer that its texts are made of; what goes on behind them is walked over.
  private static let answerReach = 4_096

  mutating func nextResponse(
    _ bytes: Span<UInt8>, isFinal: Bool, into message: inout Message, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    if isReplicating { return .skip(gaps[.server] ? bytes.count : 4 + bytes.littleEndian24(at: 0)) }
    let length = bytes.littleEndian24(at: 0)
    let sequence = bytes[3]
    guard let first = pending.first else {
      if number == 0, length > 0 {
        if bytes.count < min(4 + length, 600) && !isFinal { return .needMore }
        if bytes.count > 4, bytes[4] == 0xff {
          return refusal(bytes, length, into: &message, &fields)
        }
        if sequence == 0 { takeGreeting(bytes, length) }
      }
      // The end of an answer whose beginning, or whose request, was not seen.
      return .skip(gaps[.server] ? bytes.count : 4 + length)
    }
    if gaps[.server] && !first.isInterrupted && first.command != .login && sequence != 1 {
      // An answer was begun and its beginning lost: it is over when the client speaks again, if these
      // are not its last bytes.
      message = Message(.response)
      if let end = MySQLTail(bytes) {
        describe(end.failure, nil, bytes, &message, into: &fields)
        return finish(first, &message, .bytes(bytes.count))
      }
      message.isEndSeen = false
      message.status = .parseFailed
      return finish(first, &message, .untilTurn)
    }
    let isLogin = first.command == .login || first.command == .changeUser
    // A first packet has the number behind its command's. Others are left over from an answer that
    // was thought to be over; a login and a local file have more turns.
    let isExpected = sequence == 1 || isLogin || first.isInterrupted
    guard isExpected || first.command == .query else { return .skip(4 + length) }
    var response = MySQLResponse(to: first.command, hasLegacyEOF: hasLegacyEOF)
    message = Message(.response)
    switch response.advance(bytes.extracting(first: Self.answerReach)) {
    case .malformed(let offset):
      throw ParseError(at: min(offset, bytes.count), expected: "an answer of the server")
    case .interruption(let end):
      pending[0].isInterrupted = true
      return .skip(end)
    case .end(let end):
      message.length = Int64(end)
      describe(response, bytes, &message, into: &fields)
      learn(response, first)
      return finish(first, &message, .bytes(end))
    case .unseen(let place):
      let isCut = bytes.count < Self.answerReach
      if isCut && !isFinal { return .needMore }
      message.isEndSeen = response.failure != nil
      if isCut { message.flags.insert(.truncated) }
      describe(response, bytes, &message, into: &fields)
      learn(response, first)
      guard !isCut, place > 0 else { return finish(first, &message, .untilTurn) }
      message.affectedRows = nil
      walk = response
      return finish(first, &message, .head(place))
    }
  }

  /// Goes on in an answer whose front was told.
  mutating func walk(
    _ bytes: Span<UInt8>, isFinal: Bool, into message: inout Message, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    guard var response = walk else { return .skip(bytes.count) }
    switch response.advance(bytes) {
    case .malformed(let offset):
      walk = nil
      throw ParseError(at: min(offset, bytes.count), expected: "an answer of the server")
    case .unseen(0), .interruption:
      guard isFinal else { return .needMore }
      walk = nil
      seeksEnd = true
      return .body(bytes.count, isLast: false)
    case .unseen(let place):
      walk = response
      return .body(place, isLast: false)
    case .end(let end):
      walk = nil
      message = Message(.response)
      describe(response, bytes, &message, into: &fields)
      learn(response, nil)
      unread = max(0, end - bytes.count)
      return .end(min(end, bytes.count))
    }
  }

  /// Looks for the end of an answer, of which bytes are missing, at the end of `bytes`.
  mutating func findEnd(
    _ bytes: Span<UInt8>, into message: inout Message, _ fields: inout FieldBuffer
  ) -> ParseStep {
    guard let end = MySQLTail(bytes) else { return .skip(bytes.count) }
    seeksEnd = false
    message = Message(.response)
    describe(end.failure, nil, bytes, &message, into: &fields)
    return .end(bytes.count)
  }

  private mutating func finish(
    _ first: Pending, _ message: inout Message, _ length: MessageLength
  ) -> ParseStep {
    message.requestID = first.number
    // Until the turn, whatever else was asked is answered unseen.
    if length == .untilTurn { pending.removeAll() } else { pending.removeFirst() }
    seeksEnd = length == .untilTurn && !message.isEndSeen
    return .message(length)
  }

  private func describe(
    _ response: MySQLResponse, _ bytes: Span<UInt8>, _ message: inout Message,
    into fields: inout FieldBuffer
  ) {
    describe(response.failure, response.affectedRows, bytes, &message, into: &fields)
  }

  private func describe(
    _ failure: MySQLResponse.Failure?, _ affectedRows: UInt64?, _ bytes: Span<UInt8>,
    _ message: inout Message, into fields: inout FieldBuffer
  ) {
    message.affectedRows = affectedRows
    guard let failure else { return }
    message.code = Int32(failure.code)
    message.status = (2_000..<3_000).contains(failure.code) ? .clientError : .serverError
    message.texts.responseException =
      fields.privacy.hidesSQLLiterals
      ? fields.append(
        errorText: bytes, at: failure.message, MySQLErrorCode.content(failure),
        isCut: message.flags.contains(.truncated))
      : fields.append(bytes.clipped(failure.message))
  }

  private mutating func learn(_ response: MySQLResponse, _ first: Pending?) {
    if let status = response.serverStatus { learn(status: status) }
    guard let first else { return }
    if let id = response.statementID, let statement = first.statement {
      statements.remember(statement, as: UInt64(id))
    }
    guard response.failure == nil else { return }
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
    _ bytes: Span<UInt8>, _ length: Int, into message: inout Message, _ fields: inout FieldBuffer
  ) -> ParseStep {
    guard length >= 3, bytes.count >= 7 else { return .skip(4 + length) }
    message = Message(.session)
    message.texts.requestType = fields.append("Login")
    message.texts.endpoint = message.texts.requestType
    if bytes.count < 4 + length { message.flags.insert(.truncated) }
    describe(
      MySQLResponse.failure(bytes, 4, length), nil, bytes, &message, into: &fields)
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

  /// Bytes that are inflated of one frame.
  private static let inflatedBytes = 65_536

  /// One frame of the compressed protocol: length, number, length before compression (0: sent as it
  /// is). Each frame is inflated by itself, as far as it was captured. A command that spans frames is
  /// what its first one shows, and so is an answer.
  mutating func nextCompressed(
    _ bytes: Span<UInt8>, isFinal: Bool, _ side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    guard bytes.count >= 7 else { return isFinal ? .skip(bytes.count) : .needMore }
    let length = bytes.littleEndian24(at: 0)
    let isPlain = bytes.littleEndian24(at: 4) == 0
    if seeksEnd(from: side) {
      // The last frame of these bytes, if it is whole, may hold the end of the answer.
      guard 7 + length == bytes.count else { return .skip(min(7 + length, bytes.count)) }
      let body = bytes.extracting(droppingFirst: 7)
      let inflated = isPlain ? [] : ZlibPrefix.inflate(body, limit: Self.inflatedBytes)
      let step = findEnd(isPlain ? body : inflated.span, into: &message, &fields)
      if case .end = step { return .end(bytes.count) }
      return .skip(bytes.count)
    }
    if bytes.count < min(7 + length, 8_192) && !isFinal { return .needMore }
    let frame = bytes.clipped(from: 7, to: max(7, min(7 + length, bytes.count)))
    // Only a command's first frame, and an answer that is waited for, are worth it.
    let isNeeded = side == .client ? bytes[3] == 0 : !pending.isEmpty
    guard isNeeded else { return .skip(7 + length) }
    if isPlain {
      return try nextInFrame(frame, 7 + length, side, into: &message, &fields)
    }
    let inflated = ZlibPrefix.inflate(frame, limit: Self.inflatedBytes)
    return try nextInFrame(inflated.span, 7 + length, side, into: &message, &fields)
  }

  /// The message that a frame of `length` bytes holds; `inner` is empty when it cannot be read.
  private mutating func nextInFrame(
    _ inner: Span<UInt8>, _ length: Int, _ side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    if side == .client {
      guard inner.count > 4 else {
        message = Message(.request)
        message.requestID = try expect(.query)
        message.flags.insert(.truncated)
        return .message(.bytes(length))
      }
      let step = try nextRequest(inner, isFinal: true, into: &message, &fields)
      continuesPacket = false
      if case .message = step { return .message(.bytes(length)) }
      return .skip(length)
    }
    guard let first = pending.first else { return .skip(length) }
    message = Message(.response)
    guard inner.count > 4 else {
      message.flags.insert(.truncated)
      message.isEndSeen = false
      message.status = .parseFailed
      return finish(first, &message, .untilTurn)
    }
    var response = MySQLResponse(to: first.command, hasLegacyEOF: hasLegacyEOF)
    let extent = response.advance(inner)
    if case .interruption = extent {
      pending[0].isInterrupted = true
      return .skip(length)
    }
    describe(response, inner, &message, into: &fields)
    learn(response, first)
    if extent == .end(inner.count) { return finish(first, &message, .bytes(length)) }
    if case .end = extent {} else { message.isEndSeen = response.failure != nil }
    return finish(first, &message, .untilTurn)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension MySQLParser {
  /// Bytes of an error that are waited for, at most: its text is shorter.
  private static let errorReach = 4_096

  mutating func nextResponse(
    _ bytes: Span<UInt8>, isFinal: Bool, into message: inout Message, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let length = bytes.littleEndian24(at: 0)
    let sequence = bytes[3]
    if isReplicating { return .skip(gaps[.server] ? bytes.count : 4 + length) }
    guard let first = pending.first else {
      if sequence == 0 && number == 0 {
        if bytes.count < min(4 + length, 64) && !isFinal { return .needMore }
        takeGreeting(bytes, length)
      }
      // The end of an answer whose beginning, or whose request, was not seen.
      return .skip(gaps[.server] ? bytes.count : 4 + length)
    }
    if gaps[.server] && !first.isInterrupted && first.command != .login && sequence != 1 {
      // An answer was begun and its beginning lost: it is over when the client speaks again.
      message = Message(.response)
      return finish(first, &message, .untilTurn, isSeen: false)
    }
    let isLogin = first.command == .login || first.command == .changeUser
    // A first packet has the number behind its command's. Others are left over from an answer that
    // was thought to be over; a login and a local file have more turns.
    let isExpected = sequence == 1 || isLogin || first.isInterrupted
    guard isExpected || first.command == .query else { return .skip(4 + length) }
    var response = MySQLResponse()
    let legacy = capabilities.map { $0 & Self.deprecateEOF == 0 }
    message = Message(.response)
    switch response.read(bytes, to: first.command, hasLegacyEOF: legacy) {
    case .malformed(let offset):
      throw ParseError(at: min(offset, bytes.count), expected: "an answer of the server")
    case .localFile(let end):
      pending[0].isInterrupted = true
      return .skip(end)
    case .unseen:
      guard isFinal else { return .needMore }
      message.flags.insert(.truncated)
      describe(response, bytes, &message, into: &fields)
      learn(response, first)
      return finish(first, &message, .untilTurn, isSeen: true)
    case .end(let end):
      // An error is told by the same bytes of it, whatever the view.
      let isCut =
        end > bytes.count
        && response.failure.map { $0.message.upperBound < min(end, Self.errorReach) } == true
      if isCut && !isFinal { return .needMore }
      message.length = Int64(end)
      if isCut { message.flags.insert(.truncated) }
      describe(response, bytes, &message, into: &fields)
      learn(response, first)
      return finish(first, &message, .bytes(end), isSeen: true)
    }
  }

  private mutating func finish(
    _ first: Pending, _ message: inout Message, _ length: MessageLength, isSeen: Bool
  ) -> ParseStep {
    message.requestID = first.number
    if !isSeen { message.status = .parseFailed }
    // Until the turn, whatever else was asked is answered unseen.
    if length == .untilTurn { pending.removeAll() } else { pending.removeFirst() }
    return .message(length)
  }

  private func describe(
    _ response: MySQLResponse, _ bytes: Span<UInt8>, _ message: inout Message,
    into fields: inout FieldBuffer
  ) {
    message.affectedRows = response.affectedRows
    guard let failure = response.failure else { return }
    message.code = Int32(failure.code)
    message.status = (2_000..<3_000).contains(failure.code) ? .clientError : .serverError
    message.texts.responseException = fields.append(bytes.clipped(failure.message))
  }

  private mutating func learn(_ response: MySQLResponse, _ first: Pending) {
    if let id = response.statementID, let statement = first.statement {
      statements.remember(statement, as: UInt64(id))
    }
    if first.command == .login, response.failure == nil, let capabilities {
      let agreed = capabilities & serverCapabilities
      isCompressed = agreed & (Self.compress | Self.zstdCompression) != 0
    }
  }

  /// HandshakeV10. An error in its place (too many connections) is passed over.
  private mutating func takeGreeting(_ bytes: Span<UInt8>, _ length: Int) {
    guard bytes.count > 5, bytes[4] == 10 else { return }
    awaitsLogin = true
    guard let end = bytes.position(of: 0, from: 5), end + 21 <= bytes.count else { return }
    let low = UInt32(bytes.littleEndian16(at: end + 14))
    serverCapabilities = low | UInt32(bytes.littleEndian16(at: end + 19)) << 16
  }

  /// Bytes that are inflated of one frame.
  private static let inflatedBytes = 16_384

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
      return finish(first, &message, .untilTurn, isSeen: false)
    }
    var response = MySQLResponse()
    let legacy = capabilities.map { $0 & Self.deprecateEOF == 0 }
    let extent = response.read(inner, to: first.command, hasLegacyEOF: legacy)
    describe(response, inner, &message, into: &fields)
    learn(response, first)
    if extent == .end(inner.count) {
      return finish(first, &message, .bytes(length), isSeen: true)
    }
    return finish(first, &message, .untilTurn, isSeen: true)
  }
}

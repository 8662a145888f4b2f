// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads TDS: each batch of statements, call of a procedure and login is a request, what comes back its
/// response. Messages are in packets, the last of which says so.
///
/// The resource is the statement, with literals hidden, or the procedure.
struct TDSParser: ProtocolParser {
  /// Whether the first packet of a message was read, and more come.
  private var isInRequest = false
  private var isInAnswer = false
  /// The last bytes of an answer so far: the token that ends it may lie in two packets.
  private var tail: [13 of UInt8] = InlineArray(repeating: 0)
  /// Whether the server demands that all is encrypted, and not the login alone.
  private var isEncrypted = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if 20...23 ~= bytes[0] {
      return try skipEncrypted(bytes, isFinal: view.isFinal)
    }
    guard bytes.count >= TDSPacket.head else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: TDSPacket.head)
    }
    guard let packet = TDSPacket(bytes), packet.length > 0 else {
      throw ParseError(at: 0, expected: "the head of a packet")
    }
    if desk.mayBeInside, !TDSRecognition.isBeginning(bytes, packet) {
      throw ParseError(at: 2, expected: "the beginning of a message")
    }
    if bytes.count < packet.length, !view.isFinal { return .needMore(atLeast: packet.length) }
    let contents = bytes.clipped(from: TDSPacket.head, to: packet.length)
    if side == .client {
      defer { isInRequest = !packet.isLast && packet.type != TDSPacket.attention }
      return nextRequest(packet, contents, on: &desk)
    }
    guard packet.type == TDSPacket.result else {
      throw ParseError(at: 0, expected: "a packet of a server")
    }
    return nextAnswer(packet, contents, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) {
    if side == .client { isInRequest = false } else { isInAnswer = false }
  }

  /// The login is encrypted in any case, and put into records that are in no packet.
  private func skipEncrypted(
    _ bytes: Span<UInt8>, isFinal: Bool
  ) throws(ParseError) -> ParseStep {
    guard bytes.count >= TLSRecord.head else {
      return isFinal ? .skip(bytes.count) : .needMore(atLeast: TLSRecord.head)
    }
    guard let record = TLSRecord(bytes) else { throw ParseError(at: 0, expected: "a record") }
    return isEncrypted ? .handOver(after: 0, to: .encrypted) : .skip(record.end)
  }

  private func nextRequest(
    _ packet: TDSPacket, _ contents: Span<UInt8>, on desk: inout Desk
  ) -> ParseStep {
    guard !isInRequest else { return .skip(packet.length) }
    desk.message = Message(.request)
    if contents.count < packet.length - TDSPacket.head { desk.message.flags.insert(.truncated) }
    switch packet.type {
    case TDSPacket.batch, TDSPacket.call, TDSPacket.transaction:
      TDSRequest(contents, packet.type).describe(contents, packet.type, on: &desk)
    case TDSPacket.login: describeLogin(contents, on: &desk)
    default: return .skip(packet.length)
    }
    return .message(.bytes(packet.length))
  }

  /// The database, and who asks ([MS-TDS] 2.2.6.4): places and lengths, and behind them the texts.
  private func describeLogin(_ contents: Span<UInt8>, on desk: inout Desk) {
    func text(_ place: Int) -> TDSText {
      guard place + 4 <= contents.count else { return TDSText(contents, at: 0..<0) }
      let start = Int(contents.littleEndian16(at: place))
      let count = Int(contents.littleEndian16(at: place + 2))
      return TDSText(contents, at: start..<(start + min(count, 128) * 2))
    }
    desk.message.texts.requestType = desk.fields.append("LOGIN")
    desk.message.texts.endpoint = desk.message.texts.requestType
    desk.message.texts.requestDomain = desk.fields.append(text(68).bytes)
    desk.fields.append(
      attribute: "sqlserver.application", text(48).bytes, to: &desk.message.attributes)
  }

  private mutating func nextAnswer(
    _ packet: TDSPacket, _ contents: Span<UInt8>, on desk: inout Desk
  ) -> ParseStep {
    let isCut = contents.count < packet.length - TDSPacket.head
    if !isInAnswer, packet.isLast, contents.count > 5, contents[0] == 0,
      TDSRecognition.isPrelogin(contents, packet, isWhole: true) == true
    {
      isEncrypted = Self.demandsEncryption(contents)
      return .skip(packet.length)
    }
    var answer = TDSAnswer(contents, isLast: packet.isLast && !isCut)
    keepTail(of: contents)
    if isInAnswer, packet.isLast, contents.count < TDSAnswer.doneSize {
      answer.read(end: tail.span)
    }
    desk.message = Message(.response)
    answer.describe(contents, on: &desk)
    if isInAnswer {
      isInAnswer = !packet.isLast
      return packet.isLast
        ? .end(contents.count + TDSPacket.head) : .body(packet.length, isLast: false)
    }
    if isCut {
      desk.message.flags.insert(.truncated)
      desk.message.isEndSeen = false
      return .message(.untilTurn)
    }
    guard !packet.isLast else { return .message(.bytes(packet.length)) }
    isInAnswer = true
    desk.message.isEndSeen = false
    return .message(.head(packet.length))
  }

  private mutating func keepTail(of contents: Span<UInt8>) {
    let new = min(contents.count, TDSAnswer.doneSize)
    for index in 0..<(TDSAnswer.doneSize - new) { tail[index] = tail[index + new] }
    for index in 0..<new {
      tail[TDSAnswer.doneSize - new + index] = contents[contents.count - new + index]
    }
  }

  /// The option `ENCRYPTION` of what the server says before a login (2.2.6.5).
  private static func demandsEncryption(_ contents: Span<UInt8>) -> Bool {
    var place = 0
    while place + 5 <= contents.count, contents[place] != 0xff {
      let offset = Int(contents[place + 1]) << 8 | Int(contents[place + 2])
      if contents[place] == 1, offset < contents.count {
        return contents[offset] & 0x7f == 1 || contents[offset] & 0x7f == 3
      }
      place += 5
    }
    return false
  }
}

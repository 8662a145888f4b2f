// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The head of a record in a datagram: RFC 6347 section 4.1; and, of a handshake's, of the part of a message
/// that it holds (section 4.2.2).
struct DTLSRecord {
  static let head = 13

  let type: UInt8
  /// Whether it is encrypted.
  let isProtected: Bool
  let length: Int
  /// Of the message: its type, its length, and which part this is.
  private(set) var message: UInt8 = 0
  private(set) var messageLength = 0
  private(set) var offset = 0
  private(set) var partLength = 0

  /// Nil for what is no record, or not there as a whole.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count > Self.head else { return nil }
    type = bytes[0]
    isProtected = bytes[3] != 0 || bytes[4] != 0
    length = Int(bytes[11]) << 8 | Int(bytes[12])
    let version = (bytes[1], bytes[2])
    guard 20...23 ~= type, length > 0, Self.head + length <= bytes.count,
      version.0 == 0xfe && version.1 >= 0xfc && version.1 != 0xfe || version == (1, 0)
    else { return nil }
    guard type == TLSContent.handshake, !isProtected else { return }
    guard length >= 12 else { return nil }
    message = bytes[Self.head]
    messageLength = bytes.handshakeLength(at: Self.head)
    offset = bytes.handshakeLength(at: Self.head + 5)
    partLength = bytes.handshakeLength(at: Self.head + 8)
    guard partLength <= length - 12, offset + partLength <= messageLength else { return nil }
  }

  var end: Int { Self.head + length }

  /// Where what is there of the message begins, and ends.
  var body: Range<Int> { (Self.head + 12)..<(Self.head + 12 + partLength) }

  static func recognize(_ bytes: Span<UInt8>) -> Recognition {
    guard let record = DTLSRecord(bytes) else { return .no }
    guard !record.isProtected else {
      // Without its first record nobody can tell more of it than its head.
      return record.length >= 16 ? .yes(sentBy: nil) : .no
    }
    switch (record.type, record.message) {
    case (TLSContent.handshake, TLSClientHello.type): return .yes(sentBy: .client)
    case (TLSContent.handshake, TLSServerHello.type), (TLSContent.handshake, 3):
      return .yes(sentBy: .server)
    case (TLSContent.handshake, 11...20): return .yes(sentBy: nil)
    case (TLSContent.changeCipherSpec, _): return record.length == 1 ? .yes(sentBy: nil) : .no
    case (TLSContent.alert, _):
      let isAlert = record.length == 2 && TLSAlert(level: bytes[13], number: bytes[14]) != nil
      return isAlert ? .yes(sentBy: nil) : .no
    default: return .no
    }
  }
}

/// Reads the handshake of TLS in datagrams, as ``TLSParser`` does that in a stream. What is sent again, or
/// asked again with a cookie (RFC 6347 section 4.2.1), is the same call.
struct DTLSParser: ProtocolParser {
  private var stage = TLSParser.Stage.new
  /// Whether the server showed who it is, or how it does without.
  private var isShown = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if stage == .over { return .handOver(after: 0, to: .encrypted) }
    guard let record = DTLSRecord(bytes) else {
      // From version 1.3 on heads of encrypted records are others (RFC 9147 section 4).
      if stage != .new, bytes[0] >> 5 == 1 { return .skip(bytes.count) }
      throw ParseError(at: 0, expected: "a record")
    }
    desk.message = Message(.response)
    desk.message.exchange = TLSParser.exchange
    if record.isProtected { return takeProtected(record, from: side) }
    switch record.type {
    case TLSContent.handshake:
      return try takeHandshake(record, bytes, from: side, on: &desk)
    case TLSContent.changeCipherSpec where side == .server && stage == .answered:
      stage = .finishing
      guard !isShown else { return .skip(record.end) }
      desk.fields.append(attribute: "tls.resumed", "true", to: &desk.message.attributes)
      return .more(record.end, ends: false)
    case TLSContent.alert where record.length == 2:
      let alert = TLSAlert(level: bytes[13], number: bytes[14])
      return takeAlert(alert, record, from: side, on: &desk)
    default: return .skip(record.end)
    }
  }

  private mutating func takeProtected(_ record: DTLSRecord, from side: Side) -> ParseStep {
    if stage == .new {
      stage = .over
      return .handOver(after: 0, to: .encrypted)
    }
    guard stage == .finishing, side == .server else { return .skip(record.end) }
    stage = .over
    return .more(record.end, ends: true)
  }

  private mutating func takeHandshake(
    _ record: DTLSRecord, _ bytes: Span<UInt8>, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    switch (record.message, side, stage) {
    case (TLSClientHello.type, .client, .new) where record.offset == 0:
      let hello = TLSClientHello(
        bytes, at: record.body.lowerBound, to: record.body.upperBound, isDatagram: true)
      stage = .asked
      desk.message = Message(.request)
      desk.message.exchange = TLSParser.exchange
      TLSText.describe(hello, bytes, isDatagram: true, on: &desk)
      return .message(.bytes(record.end))
    case (TLSServerHello.type, .server, .new), (TLSServerHello.type, .server, .asked):
      guard record.offset == 0,
        let hello = TLSServerHello(
          bytes, at: record.body.lowerBound, to: record.body.upperBound)
      else { return .skip(record.end) }
      return answer(hello, record, bytes, on: &desk)
    case (TLSCertificate.type, .server, .answered) where record.offset == 0 && !isShown:
      isShown = true
      // The lengths of the chain and of its first.
      TLSCertificate(bytes, at: record.body.lowerBound + 6, to: record.body.upperBound)?
        .describe(bytes, of: .server, on: &desk)
      return .more(record.end, ends: false)
    case (12...14, .server, .answered): isShown = true
    default: break
    }
    return .skip(record.end)
  }

  private mutating func answer(
    _ hello: TLSServerHello, _ record: DTLSRecord, _ bytes: Span<UInt8>, on desk: inout Desk
  ) -> ParseStep {
    if hello.isRetry { return .skip(record.end) }
    guard let asked = desk.asked(TLSParser.exchange) else { return .lookUp(TLSParser.exchange) }
    if asked == .nothing { desk.message.kind = .session }
    TLSText.describe(
      hello, bytes, isResumed: hello.hidesRest && hello.hasKey, on: &desk)
    stage = hello.hidesRest || asked == .nothing ? .over : .answered
    if stage == .answered {
      desk.message.goesOn = true
      desk.message.isEndSeen = false
    }
    return .message(.bytes(record.end))
  }

  private mutating func takeAlert(
    _ alert: TLSAlert?, _ record: DTLSRecord, from side: Side, on desk: inout Desk
  ) -> ParseStep {
    guard let alert, alert.isFatal, stage != .new, stage == .answered || side == .server else {
      return .skip(record.end)
    }
    TLSText.describe(alert, saidBy: side, on: &desk)
    let before = stage
    stage = .over
    return before == .asked ? .message(.bytes(record.end)) : .more(record.end, ends: true)
  }
}

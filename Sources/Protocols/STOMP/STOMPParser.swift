// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads STOMP: what asks for a receipt, and what connects, is a request; all else is one-way.
///
/// The resource is the destination, the domain the virtual host. Of messages nothing is told but their ids,
/// those of traces and their size.
struct STOMPParser: ProtocolParser {
  /// Bytes of a frame's head that are looked at, at most.
  private static let reach = 16_384
  /// What pairs the beginning of a session; a receipt has a hash.
  private static let session: UInt64 = 1

  /// By side: whether a body is passed over that ends with a zero.
  private var isInBody = (client: false, server: false)

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if side == .client ? isInBody.client : isInBody.server {
      guard let end = bytes.firstIndex(of: 0, from: 0, to: bytes.count) else {
        return .body(bytes.count, isLast: false)
      }
      setInBody(side, false)
      return .body(end + 1, isLast: true)
    }
    // Section "Heart-beating".
    if bytes[0] == 0x0a { return .skip(1) }
    if bytes[0] == 0x0d {
      guard bytes.count > 1 else { return view.isFinal ? .skip(1) : .needMore(atLeast: 2) }
      guard bytes[1] == 0x0a else { throw ParseError(at: 1, expected: "the end of a line") }
      return .skip(2)
    }
    let head = bytes.clipped(from: 0, to: Self.reach)
    guard let line = TextLine(head, from: 0) else {
      return try incomplete(bytes, view.isFinal, isKnown: STOMPCommand.mayBegin(with: bytes))
    }
    guard let command = STOMPCommand(bytes, line.text), command.sender == side else {
      throw ParseError(at: 0, expected: "a command")
    }
    let headers = STOMPHeaders(head, from: line.end)
    if let fault = headers.fault { throw ParseError(at: fault, expected: "a header") }
    guard let end = headers.end else {
      return try incomplete(bytes, view.isFinal, isKnown: bytes.count < Self.reach)
    }
    let step = describe(command, headers, bytes, on: &desk)
    if let step { return step }
    if let length = headers.length {
      desk.message.length = Int64(length)
      return .message(.bytes(end + length + 1))
    }
    setInBody(side, true)
    return .message(.head(end))
  }

  package mutating func bytesWereLost(from side: Side) { setInBody(side, false) }

  private mutating func setInBody(_ side: Side, _ value: Bool) {
    if side == .client { isInBody.client = value } else { isInBody.server = value }
  }

  private func incomplete(
    _ bytes: Span<UInt8>, _ isFinal: Bool, isKnown: Bool
  ) throws(ParseError) -> ParseStep {
    // The carriage return of a line that does not end here belongs to no command.
    let mayEnd = bytes.count <= 12 && bytes[bytes.count - 1] == 0x0d
    guard isKnown || mayEnd else { throw ParseError(at: 0, expected: "a frame") }
    return isFinal ? .skip(bytes.count) : .needMore()
  }

  /// Writes what a frame says; a step when it has to be asked what was asked.
  private func describe(
    _ command: STOMPCommand, _ headers: STOMPHeaders, _ bytes: Span<UInt8>, on desk: inout Desk
  ) -> ParseStep? {
    desk.message = Message(.session)
    switch command {
    case .connect, .stomp:
      desk.message.kind = .request
      desk.message.exchange = Self.session
    case .connected:
      desk.message.kind = .response
      desk.message.exchange = Self.session
      desk.message.texts.version = desk.fields.append(bytes, at: headers.version)
      return nil
    case .receipt:
      desk.message.kind = .response
      desk.message.exchange = Self.key(bytes, headers.receiptID)
      return nil
    case .error:
      // It answers what asked for a receipt, or who wants to connect, or nobody.
      let key = headers.receiptID.isEmpty ? Self.session : Self.key(bytes, headers.receiptID)
      guard let asked = desk.asked(key) else { return .lookUp(key) }
      if asked != .nothing || !headers.receiptID.isEmpty {
        desk.message.kind = .response
        desk.message.exchange = key
      } else {
        describeRequest(command, headers, bytes, on: &desk)
      }
      desk.message.status = .clientError
      desk.message.texts.responseException = desk.fields.append(
        errorText: bytes, at: headers.text, .values)
      return nil
    default:
      if !headers.receipt.isEmpty {
        desk.message.kind = .request
        desk.message.exchange = Self.key(bytes, headers.receipt)
      }
    }
    describeRequest(command, headers, bytes, on: &desk)
    return nil
  }

  private static func key(_ bytes: Span<UInt8>, _ receipt: Range<Int>) -> UInt64 {
    nameHash(bytes, receipt) | 1 << 63
  }

  private func describeRequest(
    _ command: STOMPCommand, _ headers: STOMPHeaders, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    if command.sender == .server { desk.message.isPush = true }
    desk.message.texts.requestType = desk.fields.append(command.name)
    desk.message.texts.requestDomain = desk.fields.append(bytes, at: headers.host)
    desk.message.texts.requestResource = desk.fields.append(bytes, at: headers.destination)
    let mark = desk.fields.mark
    desk.fields.push(command.name)
    if !headers.destination.isEmpty {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: bytes.clipped(headers.destination))
    }
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
    func append(_ name: StaticString, _ range: Range<Int>) {
      desk.fields.append(attribute: name, bytes.clipped(range), to: &desk.message.attributes)
    }
    append("stomp.destination", headers.destination)
    append("stomp.message_id", headers.messageID)
    let isSubscription = command == .subscribe || command == .unsubscribe
    append("stomp.subscription", isSubscription ? headers.id : headers.subscription)
    append("stomp.transaction", headers.transaction)
    append("stomp.correlation_id", headers.correlationID)
    append("stomp.reply_to", headers.replyTo)
    headers.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads AMQP 1.0: connections, sessions and links are opened and closed by requests, a message that is not
/// settled is one, too, and its outcome is the response; what is settled when it is sent is one-way.
///
/// The resource is the address of the link. Of messages nothing is told but ids, those of traces and their size.
struct AMQP10Parser: ProtocolParser {
  /// Bytes of a frame that are looked at, at most.
  private static let reach = 8_192
  /// Deliveries that one outcome is said of, at most; of more the last.
  static let deliveries: UInt64 = 256

  var links = AMQP10Links()
  /// By side: the delivery whose message goes on in frames to come.
  private var current: (client: UInt64?, server: UInt64?)
  /// Deliveries of an outcome that are not told yet.
  var outcome: AMQP10Outcome?
  private var isEncrypted = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if isEncrypted { return .handOver(after: 0, to: .unknown) }
    guard bytes.count >= AMQP10Frame.headSize else {
      if desk.mayBeInside { throw ParseError(at: 0, expected: "a frame") }
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: AMQP10Frame.headSize)
    }
    if bytes[0] == UInt8(ascii: "A") {
      guard AMQP10Frame.isProtocolHeader(bytes) else {
        throw ParseError(at: 0, expected: "the protocol's name")
      }
      isEncrypted = bytes[4] == 2 && side == .server
      return .skip(AMQP10Frame.protocolHeaderSize)
    }
    guard let frame = AMQP10Frame(bytes) else { throw ParseError(at: 0, expected: "a frame") }
    guard frame.length > AMQP10Frame.headSize else { return .skip(frame.length) }
    let wanted = min(frame.length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    guard let said = AMQP10Performative(window, frame) else {
      guard window.count >= wanted else { return .skip(frame.length) }
      throw ParseError(at: AMQP10Frame.headSize, expected: "a performative")
    }
    guard said.kind.sender ?? side == side else {
      throw ParseError(at: AMQP10Frame.headSize, expected: "a performative of this side")
    }
    desk.message = Message(.session)
    desk.message.length = Int64(frame.length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    return read(said, frame, window, side, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) {
    outcome = nil
    if side == .client { current.client = nil } else { current.server = nil }
  }

  package var heldBytes: Int { 512 + links.heldBytes }

  private mutating func read(
    _ said: AMQP10Performative, _ frame: AMQP10Frame, _ bytes: Span<UInt8>, _ side: Side,
    on desk: inout Desk
  ) -> ParseStep {
    let all = ParseStep.message(.bytes(frame.length))
    switch said.kind {
    case .mechanisms, .challenge, .response, .flow: return .skip(frame.length)
    case .initial:
      var fields = said.fields
      let mechanism = (try? fields.next(in: bytes)).map(AMQP10Cursor.text) ?? 0..<0
      desk.message.kind = .request
      desk.message.exchange = Self.key(.initial, 0)
      describe(said.kind, 0..<0, bytes, side, on: &desk)
      append("amqp.sasl_mechanism", mechanism, bytes, on: &desk)
      return all
    case .outcome:
      var fields = said.fields
      let code = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) }
      desk.message.kind = .response
      desk.message.exchange = Self.key(.initial, 0)
      desk.message.code = code.map { Int32(truncatingIfNeeded: $0) }
      // Part 5, section 5.3.3.6: it is the login, or the server.
      desk.message.status = code == 0 ? .ok : code == 1 ? .clientError : .serverError
      return all
    case .open, .begin, .attach, .detach, .end, .close:
      return readOpening(said, frame, bytes, side, on: &desk)
    case .disposition: return readOutcome(said, frame, bytes, side, on: &desk)
    case .transfer: return readTransfer(said, frame, bytes, side, on: &desk)
    }
  }

  /// What requests and answers find each other by.
  static func key(_ kind: AMQP10Kind, _ number: UInt64) -> UInt64 {
    UInt64(kind.rawValue) << 56 | number & 0xff_ffff_ffff_ffff
  }

  /// A message, or a piece of one (part 2, section 2.7.5).
  private mutating func readTransfer(
    _ said: AMQP10Performative, _ frame: AMQP10Frame, _ bytes: Span<UInt8>, _ side: Side,
    on desk: inout Desk
  ) -> ParseStep {
    var fields = said.fields
    let handle = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) }
    let id = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) }
    _ = try? fields.next(in: bytes)
    _ = try? fields.next(in: bytes)
    let settled = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) }
    let goesOn = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) } == 1
    let known = side == .client ? current.client : current.server
    let next = goesOn ? id ?? known : nil
    if side == .client { current.client = next } else { current.server = next }
    guard let handle, let id, id != known else { return .skip(frame.length) }
    let link = links.link(side, frame.channel, handle)
    let isSettled = settled == 1 || link?.isSettled ?? false
    if !isSettled {
      desk.message.kind = .request
      desk.message.exchange = Self.key(.transfer, UInt64(frame.channel) << 32 | id)
      desk.message.requestID = id
    }
    if let link {
      describe(.transfer, address: link.address.span, side, on: &desk)
    } else {
      describe(.transfer, 0..<0, bytes, side, on: &desk)
    }
    let properties = AMQP10Properties(bytes, from: said.rest, to: min(frame.length, bytes.count))
    if let number = properties.messageNumber {
      desk.fields.append(
        attribute: "amqp.message_id", number: Int64(truncatingIfNeeded: number),
        to: &desk.message.attributes)
    }
    append("amqp.message_id", properties.messageID, bytes, on: &desk)
    if let number = properties.correlationNumber {
      desk.fields.append(
        attribute: "amqp.correlation_id", number: Int64(truncatingIfNeeded: number),
        to: &desk.message.attributes)
    }
    append("amqp.correlation_id", properties.correlationID, bytes, on: &desk)
    append("amqp.reply_to", properties.replyTo, bytes, on: &desk)
    append("amqp.group_id", properties.group, bytes, on: &desk)
    properties.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
    return .message(.bytes(frame.length))
  }

  func append(
    _ name: StaticString, _ range: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.fields.append(attribute: name, bytes.clipped(range), to: &desk.message.attributes)
  }

  func describe(
    _ kind: AMQP10Kind, _ address: Range<Int>, _ bytes: Span<UInt8>, _ side: Side,
    on desk: inout Desk
  ) {
    describe(kind, address: bytes.clipped(address), side, on: &desk)
  }

  private func describe(
    _ kind: AMQP10Kind, address: Span<UInt8>, _ side: Side, on desk: inout Desk
  ) {
    if side == .server { desk.message.isPush = true }
    desk.message.texts.version = desk.fields.append("1.0")
    desk.message.texts.requestType = desk.fields.append(kind.name)
    desk.message.texts.requestResource = desk.fields.append(address)
    let mark = desk.fields.mark
    desk.fields.push(kind.name)
    if address.count > 0 {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: address)
    }
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
    desk.fields.append(attribute: "amqp.address", address, to: &desk.message.attributes)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads Thrift: each call is a request, each answer a response. Where nothing says how long a message is,
/// it lasts until the other side speaks.
///
/// The type is the method; behind a multiplexer (`Service:method`) the domain is the service.
struct ThriftParser: ProtocolParser {
  private static let reach = 8_192

  /// Whether messages come in frames: then none is bare.
  private var isFramed = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if desk.mayBeInside {
      guard let start = beginning(in: bytes) else {
        throw ParseError(at: 0, expected: "the head of a message")
      }
      if start > 0 { return .skip(start) }
    }
    guard let envelope = ThriftEnvelope(bytes) else {
      let isPossible = ThriftEnvelope.isPossible(bytes)
      if isPossible, !view.isFinal, bytes.count < Self.reach { return .needMore() }
      guard isPossible else { throw ParseError(at: 0, expected: "the head of a message") }
      return .skip(bytes.count)
    }
    if envelope.isTransformed { return .skip(envelope.length ?? bytes.count) }
    let window = bytes.clipped(from: 0, to: min(Self.reach, envelope.length ?? Self.reach))
    switch ThriftMessage.read(window, envelope, isStrict: false) {
    case .no: throw ParseError(at: envelope.start, expected: "a message")
    case .cut:
      if !view.isFinal, window.count < Self.reach { return .needMore() }
      return envelope.length.map { .skip($0) } ?? .skip(bytes.count)
    case .message(let message):
      if desk.mayBeInside,
        case .no = ThriftMessage.read(window, envelope, isStrict: true)
      {
        throw ParseError(at: envelope.start, expected: "a message")
      }
      describe(message, envelope, window, on: &desk)
      isFramed = envelope.length != nil
      guard let length = envelope.length else { return .message(.untilTurn) }
      return .message(.bytes(length))
    }
  }

  /// Where in bytes that may begin inside of a message the next one begins, or may begin; nil when none does.
  private func beginning(in bytes: Span<UInt8>) -> Int? {
    for start in 0..<min(bytes.count, Self.reach) {
      if isFramed, bytes[start] >= 0x80 { continue }
      let rest = bytes.clipped(from: start, to: bytes.count)
      guard ThriftEnvelope.isPossible(rest) else { continue }
      guard let envelope = ThriftEnvelope(rest), !envelope.isTransformed else { return start }
      if case .no = ThriftMessage.read(rest, envelope, isStrict: true) { continue }
      return start
    }
    return nil
  }

  private func describe(
    _ message: ThriftMessage, _ envelope: ThriftEnvelope, _ bytes: Span<UInt8>,
    on desk: inout Desk
  ) {
    let number = envelope.sequence ?? message.sequence
    desk.message = Message(
      message.type == 1 ? .request : message.type == 4 ? .session : .response)
    desk.message.exchange = number
    desk.message.requestID = number
    if let length = envelope.length { desk.message.length = Int64(length) }
    guard message.isCall else { return describe(message.outcome, bytes, on: &desk) }
    let colon = bytes.firstIndex(
      of: UInt8(ascii: ":"), from: message.name.lowerBound, to: message.name.upperBound)
    let method = (colon.map { $0 + 1 } ?? message.name.lowerBound)..<message.name.upperBound
    desk.message.texts.requestResource = desk.fields.append(bytes.clipped(message.name))
    desk.message.texts.endpoint = desk.message.texts.requestResource
    desk.message.texts.requestType = desk.fields.append(bytes.clipped(method))
    if let colon {
      desk.message.texts.requestDomain = desk.fields.append(
        bytes.clipped(from: message.name.lowerBound, to: colon))
    }
    envelope.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
    desk.fields.append(
      attribute: "thrift.protocol", message.isCompact ? "compact" : "binary",
      to: &desk.message.attributes)
    let transport: StaticString =
      envelope.sequence != nil ? "header" : envelope.length != nil ? "framed" : "buffered"
    desk.fields.append(attribute: "thrift.transport", transport, to: &desk.message.attributes)
  }

  private func describe(
    _ outcome: ThriftMessage.Outcome, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    switch outcome {
    case .result: break
    case .declared(let number):
      desk.message.status = .serverError
      let mark = desk.fields.mark
      desk.fields.push("exception ")
      desk.fields.push(decimal: UInt64(clamping: number))
      desk.message.texts.responseException = desk.fields.finish(from: mark)
    case .failed(let code, let text):
      desk.message.code = Int32(truncatingIfNeeded: code)
      // Unknown, without a result and internal are the server's; the others say what was wrong with the call.
      desk.message.status = [0, 5, 6].contains(code) ? .serverError : .clientError
      desk.message.texts.responseException = desk.fields.append(
        errorText: bytes, at: text, .values)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads bRPC: each request is one, each response too. What goes on in streams that a call opened is
/// passed over.
///
/// The type is the method, the domain and the resource the service, the endpoint both.
struct BRPCParser: ProtocolParser {
  private static let reach = 8_192

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard bytes.hasPrefix("PRPC", at: 0) || bytes.hasPrefix("STRM", at: 0) else {
      throw ParseError(at: 0, expected: "the magic word")
    }
    guard bytes.count >= BRPCFrame.head else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: BRPCFrame.head)
    }
    guard let frame = BRPCFrame(bytes) else {
      throw ParseError(at: 4, expected: "the lengths of a message")
    }
    if frame.isStream { return .skip(frame.length) }
    let wanted = min(frame.meta.upperBound, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    let meta = BRPCMeta(window, at: frame.meta)
    desk.message = Message(meta.isRequest ? .request : .response)
    desk.message.exchange = meta.correlation
    desk.message.requestID = meta.correlation
    desk.message.length = Int64(frame.length - frame.meta.upperBound)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    meta.describe(window, on: &desk)
    return .message(.bytes(frame.length))
  }
}

/// `RpcMeta` of `baidu_rpc_meta.proto`.
struct BRPCMeta {
  private(set) var isRequest = false
  private(set) var correlation: UInt64 = 0
  private var service = 0..<0
  private var method = 0..<0
  private var log: UInt64?
  private var requestID = 0..<0
  private var trace: UInt64 = 0
  private var span: UInt64 = 0
  private var parentSpan: UInt64 = 0
  private var error: Int32 = 0
  private var errorText = 0..<0
  private var headers = TraceHeaders()

  init(_ bytes: Span<UInt8>, at range: Range<Int>) {
    var fields = ProtobufCursor(range)
    while fields.next(in: bytes) {
      switch fields.field {
      case 1: readRequest(bytes, at: fields.range)
      case 2: readResponse(bytes, at: fields.range)
      case 4: correlation = fields.value
      case 9: readUserField(bytes, at: fields.range)
      default: break
      }
    }
  }

  private mutating func readRequest(_ bytes: Span<UInt8>, at range: Range<Int>) {
    isRequest = true
    var fields = ProtobufCursor(range)
    while fields.next(in: bytes) {
      switch fields.field {
      case 1: service = fields.range
      case 2: method = fields.range
      case 3: log = fields.value
      case 4: trace = fields.value
      case 5: span = fields.value
      case 6: parentSpan = fields.value
      case 7: requestID = fields.range
      default: break
      }
    }
  }

  private mutating func readResponse(_ bytes: Span<UInt8>, at range: Range<Int>) {
    var fields = ProtobufCursor(range)
    while fields.next(in: bytes) {
      switch fields.field {
      case 1: error = Int32(truncatingIfNeeded: fields.value)
      case 2: errorText = fields.range
      default: break
      }
    }
  }

  /// A name and a value that the users' code put there.
  private mutating func readUserField(_ bytes: Span<UInt8>, at range: Range<Int>) {
    var fields = ProtobufCursor(range)
    var name = 0..<0
    var value = 0..<0
    while fields.next(in: bytes) {
      if fields.field == 1 { name = fields.range }
      if fields.field == 2 { value = fields.range }
    }
    if let known = HeaderName(bytes.clipped(name)), let header = TraceHeader(known) {
      headers.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
    }
  }

  func describe(_ bytes: Span<UInt8>, on desk: inout Desk) {
    guard isRequest else {
      desk.message.code = error
      guard error != 0 else { return }
      desk.message.status = (1_001...1_004).contains(error) ? .clientError : .serverError
      desk.message.texts.responseException = desk.fields.append(
        errorText: bytes, at: errorText, .values)
      return
    }
    desk.message.texts.requestType = desk.fields.append(bytes.clipped(method))
    desk.message.texts.requestDomain = desk.fields.append(bytes.clipped(service))
    desk.message.texts.requestResource = desk.message.texts.requestDomain
    let endpoint = desk.fields.mark
    desk.fields.push(bytes.clipped(service))
    if !method.isEmpty, !service.isEmpty { desk.fields.push(UInt8(ascii: "/")) }
    desk.fields.push(bytes.clipped(method))
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    if !requestID.isEmpty {
      desk.message.texts.requestXRequestID = desk.fields.append(freeText: bytes, at: requestID)
    } else if let log {
      let mark = desk.fields.mark
      desk.fields.push(decimal: log)
      desk.message.texts.requestXRequestID = desk.fields.finish(from: mark)
    }
    headers.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
    guard desk.message.texts.traceID.isEmpty, trace != 0 else { return }
    desk.message.texts.traceID = desk.fields.append(hexadecimal: trace)
    desk.message.texts.spanID = desk.fields.append(hexadecimal: span)
    desk.message.texts.parentSpanID = desk.fields.append(hexadecimal: parentSpan)
  }
}

extension FieldBuffer {
  /// A number in hexadecimal digits, as many as it has; nothing for 0.
  mutating func append(hexadecimal number: UInt64) -> Text {
    let mark = self.mark
    var shift = 64 - number.leadingZeroBitCount
    shift = (shift + 3) / 4 * 4
    while shift > 0 {
      shift -= 4
      let digit = UInt8(number >> UInt64(shift) & 15)
      push(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
    return finish(from: mark)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads SOFARPC: each request is one, each response too. Heartbeats are none.
///
/// The type is the method, the domain and the resource the service, the endpoint both. They stand in the
/// headers; of the body nothing is looked at but whether it is an error.
struct SofaRPCParser: ProtocolParser {
  private static let reach = 8_192

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard BoltHeader.isPossible(bytes) else {
      throw ParseError(at: 0, expected: "the head of a command")
    }
    guard let header = BoltHeader(bytes) else {
      return view.isFinal ? .skip(bytes.count) : .needMore()
    }
    guard header.isPlausible else { throw ParseError(at: 0, expected: "the head of a command") }
    if header.isHeartbeat { return .skip(header.length) }
    let needed = header.kind == 0 ? header.content.lowerBound + 512 : header.content.lowerBound
    let wanted = min(header.length, needed, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    desk.message = Message(
      header.kind == 0 ? .response : header.kind == 1 ? .request : .session)
    desk.message.exchange = header.id
    desk.message.requestID = header.id
    desk.message.length = Int64(header.bodyLength)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    if header.kind == 0 {
      describe(answer: header, window, on: &desk)
    } else {
      SofaHeaders(window, at: header.headers).describe(header, window, on: &desk)
    }
    return .message(.bytes(header.length))
  }

  private func describe(answer header: BoltHeader, _ bytes: Span<UInt8>, on desk: inout Desk) {
    desk.message.code = Int32(header.status)
    if let name = header.statusName {
      desk.message.status = header.status == 8 ? .clientError : .serverError
      desk.message.texts.responseException = desk.fields.append(name)
    } else if header.codec == 1, let thrown = SofaResponse(bytes, at: header.content)?.thrown {
      desk.message.status = .serverError
      desk.message.texts.responseException =
        thrown.isEmpty ? desk.fields.append("error") : desk.fields.append(bytes.clipped(thrown))
    }
  }
}

/// The names and values before a request's body.
struct SofaHeaders {
  private var service = 0..<0
  private var method = 0..<0
  private var application = 0..<0
  private var trace = TraceHeaders()

  init(_ bytes: Span<UInt8>, at range: Range<Int>) {
    var cursor = ByteCursor(at: range.lowerBound, to: range.upperBound)
    while let name = Self.text(at: &cursor, in: bytes),
      let value = Self.text(at: &cursor, in: bytes)
    {
      take(name, value, bytes)
    }
  }

  /// Bytes behind their length, -1 for null.
  private static func text(at cursor: inout ByteCursor, in bytes: Span<UInt8>) -> Range<Int>? {
    guard let count = try? cursor.number(of: 4, in: bytes) else { return nil }
    return try? cursor.range(of: count == 0xffff_ffff ? 0 : Int(count), in: bytes)
  }

  private mutating func take(_ name: Range<Int>, _ value: Range<Int>, _ bytes: Span<UInt8>) {
    let place = Place(start: value.lowerBound, end: value.upperBound)
    if bytes.isText("sofa_head_target_service", at: name) {
      service = value
    } else if bytes.isText("service", at: name), service.isEmpty {
      service = value
    } else if bytes.isText("sofa_head_method_name", at: name) {
      method = value
    } else if bytes.isText("app", at: name) || bytes.isText("sofa_head_caller_app", at: name) {
      application = value
    } else if bytes.isText("rpc_trace_context.sofaTraceId", at: name) {
      trace.note(.sofaTraceID, at: place)
    } else if bytes.isText("rpc_trace_context.sofaRpcId", at: name) {
      trace.note(.sofaRPCID, at: place)
    } else if let known = HeaderName(bytes.clipped(name)), let header = TraceHeader(known) {
      trace.note(header, at: place)
    }
  }

  func describe(_ header: BoltHeader, _ bytes: Span<UInt8>, on desk: inout Desk) {
    desk.message.texts.version = desk.fields.append(header.version == 2 ? "2" : "1")
    desk.message.texts.requestType = desk.fields.append(bytes.clipped(method))
    desk.message.texts.requestDomain = desk.fields.append(bytes.clipped(service))
    desk.message.texts.requestResource = desk.message.texts.requestDomain
    if !service.isEmpty {
      let mark = desk.fields.mark
      desk.fields.push(bytes.clipped(service))
      if !method.isEmpty {
        desk.fields.push(UInt8(ascii: "/"))
        desk.fields.push(bytes.clipped(method))
      }
      desk.message.texts.endpoint = desk.fields.finish(from: mark)
    }
    trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
    desk.fields.append(
      attribute: "sofarpc.application", bytes.clipped(application), to: &desk.message.attributes)
    if let codec = header.codecName {
      desk.fields.append(attribute: "sofarpc.codec", codec, to: &desk.message.attributes)
    }
  }
}

/// The object that an answer is, `SofaResponse`, in Hessian: whether it is an error of the framework, or
/// holds what was thrown.
struct SofaResponse {
  /// The class of what was thrown, empty when it has none; nil for a result.
  private(set) var thrown: Range<Int>?

  /// Bolt's Hessian has an older form of objects: `O`, the length of the class' name, the name, the count
  /// of fields, their names; then `o`, the number of the class, the values.
  init?(_ bytes: Span<UInt8>, at range: Range<Int>) {
    var hessian = HessianCursor(at: range.lowerBound, to: range.upperBound)
    do throws(EndOfBytes) {
      guard let name = try Self.definition(&hessian, in: bytes),
        bytes.isText("com.alipay.sofa.rpc.core.response.SofaResponse", at: name),
        try hessian.cursor.byte(in: bytes) == UInt8(ascii: "o"),
        try hessian.integer(in: bytes) != nil
      else { return nil }
      // Whether it is an error, its text, the result.
      if try hessian.cursor.byte(in: bytes) == UInt8(ascii: "T") {
        thrown = 0..<0
        return
      }
      try hessian.skip(in: bytes)
      guard let result = try Self.definition(&hessian, in: bytes) else { return }
      let tail = result.suffix(9)
      if bytes.isText("Exception", at: tail) || bytes.isText("Error", at: result.suffix(5)) {
        thrown = result
      }
    } catch {
      return nil
    }
  }

  /// The name of the class that is defined next; nil when none is.
  private static func definition(
    _ hessian: inout HessianCursor, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int>? {
    guard hessian.next(in: bytes) == UInt8(ascii: "O") else { return nil }
    try hessian.cursor.skip(1, in: bytes)
    guard let length = try hessian.integer(in: bytes) else { return nil }
    let name = try hessian.cursor.range(of: length, in: bytes)
    guard let count = try hessian.integer(in: bytes), (0...256).contains(count) else { return nil }
    for _ in 0..<count { guard try hessian.text(in: bytes) != nil else { return nil } }
    return name
  }
}

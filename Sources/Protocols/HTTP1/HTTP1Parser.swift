// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// HTTP/1.0 and HTTP/1.1, RFC 9112.
///
/// A message is reported when its head is complete. A body of declared length belongs to it; a
/// chunked one is walked over after it, so that neither is kept.
package struct HTTP1Parser: ProtocolParser {
  package static let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 20), name: "HTTP", pairing: .order,
    defaultPorts: [80, 8_080])

  /// A head that is longer is read as if the capture had ended here.
  package static let headLimit = 32_768

  /// What is known of one direction between messages.
  private struct Direction {
    var chunks = HTTP1Chunks()
    /// Whether the next bytes may lie inside a body that began unseen.
    var isUnsynchronized = true
  }

  private var client = Direction()
  private var server = Direction()
  private var outstanding = HTTP1Outstanding()
  /// Whether the connection was handed to another protocol (101, CONNECT).
  private var isTunnel = false

  package init() {}

  package static func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    HTTP1Recognition.recognize(bytes, context: context)
  }

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, into fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard bytes.count > 0 else { throw ParseError(at: 0, expected: "a byte") }
    if isTunnel { return .skip(bytes.count) }
    if let step = try walkBody(bytes, isFinal: view.isFinal, from: side) { return step }
    // Empty lines before a message are to be ignored, RFC 9112 section 2.2.
    if bytes[0] == HTTP1Headers.lineFeed || bytes[0] == HTTP1Headers.carriageReturn {
      return .skip(1)
    }
    let limit = min(bytes.count, Self.headLimit)
    let isFinal = view.isFinal || limit == Self.headLimit
    return side == .client
      ? try request(bytes, limit, isFinal: isFinal, &fields)
      : try response(bytes, limit, isFinal: isFinal, &fields)
  }

  package mutating func bytesWereLost(from side: Side) {
    // Requests that are waiting are still waiting when later ones were lost, but answers that were
    // lost no longer come.
    if side == .server { outstanding.removeAll() }
    change(side) { direction in
      direction.chunks.reset()
      direction.isUnsynchronized = true
    }
  }

  /// The step over a body at the front of `bytes`; nil when a head is there.
  private mutating func walkBody(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side
  ) throws(ParseError) -> ParseStep? {
    var direction = side == .client ? client : server
    if direction.chunks.isInside {
      let count = try direction.chunks.advance(bytes)
      if count == 0, !isFinal { return .needMore }
      if count == 0 {
        direction.chunks.reset()
        direction.isUnsynchronized = true
      }
      change(side) { $0 = direction }
      return .skip(count == 0 ? bytes.count : count)
    }
    guard direction.isUnsynchronized else { return nil }
    let context = RecognitionContext(transport: .tcp, side: side, serverPort: 0)
    switch HTTP1Recognition.recognize(bytes, context: context) {
    case .no: return .skip(bytes.count)
    case .undecided where !isFinal && bytes.count < Self.headLimit: return .needMore
    case .undecided, .yes:
      change(side) { $0.isUnsynchronized = false }
      return nil
    }
  }

  private mutating func request(
    _ bytes: Span<UInt8>, _ limit: Int, isFinal: Bool, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let line = try HTTP1RequestLine(bytes, to: limit)
    if line.end == nil, !isFinal { return .needMore }
    let headers = HTTP1Headers(bytes, from: line.end ?? limit, to: limit)
    if headers.end == nil, !isFinal { return .needMore }

    var message = Message(.request)
    let method = Self.methodClass(bytes, line.method)
    let target = HTTP1Target(bytes, line.target, isConnect: method == .connect)
    message.texts.requestType = fields.append(bytes, at: line.method)
    message.texts.version = fields.append(bytes, at: line.version)
    message.texts.requestResource = fields.append(bytes, at: target.resource)
    message.texts.endpoint = HTTP1Target.endpoint(
      bytes, target.resource, copiedTo: message.texts.requestResource, into: &fields)
    message.texts.requestDomain =
      headers.host.isEmpty
      ? fields.append(bytes, at: target.authority) : fields.copy(headers.host, of: bytes)
    message.texts.userAgent = fields.copy(headers.userAgent, of: bytes)
    message.texts.referer = fields.copy(headers.referer, of: bytes)
    message.texts.proxyClient = fields.copy(headers.forwardedFor, of: bytes)
    message.texts.requestXRequestID = fields.copy(headers.requestID, of: bytes)
    headers.trace.write(from: bytes, to: &message.texts, into: &fields)
    message.length = headers.contentLength
    outstanding.push(method)
    guard let end = headers.end else {
      message.flags = .truncated
      client.isUnsynchronized = true
      return .message(message, length: .untilTurn)
    }
    return .message(message, length: bodyEnd(headers, end, &client, withoutLength: .bytes(end)))
  }

  private mutating func response(
    _ bytes: Span<UInt8>, _ limit: Int, isFinal: Bool, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let line = try HTTP1StatusLine(bytes, to: limit)
    if line.end == nil, !isFinal { return .needMore }
    let headers = HTTP1Headers(bytes, from: line.end ?? limit, to: limit)
    if headers.end == nil, !isFinal { return .needMore }
    let code = line.code ?? 0
    if (100..<200).contains(code), code != 101 {
      // An interim response: the real one is yet to come.
      return .skip(headers.end ?? bytes.count)
    }

    var message = Message(.response)
    message.code = line.code
    message.status = line.code.map(Self.status) ?? .parseFailed
    message.texts.version = fields.append(bytes, at: line.version)
    if message.status.isError {
      message.texts.responseException = fields.append(bytes, at: line.reason)
    }
    message.texts.responseXRequestID = fields.copy(headers.requestID, of: bytes)
    headers.trace.write(from: bytes, to: &message.texts, into: &fields)
    message.length = headers.contentLength
    let method = outstanding.pop()
    guard let end = headers.end else {
      message.flags = .truncated
      server.isUnsynchronized = true
      return .message(message, length: .untilTurn)
    }
    if code == 101 || method == .connect && (200..<300).contains(code) {
      isTunnel = true
      return .message(message, length: .bytes(end))
    }
    if method == .head || code == 204 || code == 304 {
      return .message(message, length: .bytes(end))
    }
    return .message(message, length: bodyEnd(headers, end, &server, withoutLength: .untilTurn))
  }

  /// How far a message with a head up to `end` reaches, RFC 9112 section 6.3.
  private func bodyEnd(
    _ headers: HTTP1Headers, _ end: Int, _ direction: inout Direction,
    withoutLength: MessageLength
  ) -> MessageLength {
    if headers.isChunked {
      direction.chunks.begin()
      return .bytes(end)
    }
    if headers.hasTransferCoding { return .untilTurn }
    guard let length = headers.contentLength else { return withoutLength }
    return .bytes(end + Int(length))
  }

  private mutating func change(_ side: Side, _ body: (inout Direction) -> Void) {
    if side == .client { body(&client) } else { body(&server) }
  }

  private static func methodClass(_ bytes: Span<UInt8>, _ method: Range<Int>) -> HTTP1MethodClass {
    switch HeaderName(bytes.extracting(method)) {
    case HeaderName("head"): .head
    case HeaderName("connect"): .connect
    default: .usual
    }
  }

  private static func status(_ code: Int32) -> ResponseStatus {
    switch code {
    case 400..<500: .clientError
    case 500...: .serverError
    default: .ok
    }
  }
}

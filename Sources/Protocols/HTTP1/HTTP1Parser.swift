// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// HTTP/1.0 and HTTP/1.1, RFC 9112.
///
/// A message is reported when its head is complete. A body of declared length belongs to it at once;
/// a chunked one is walked over, so that neither is kept. What a client says that is no request of
/// HTTP is one all the same when it is answered: servers do, with an error.
///
/// The state fits in the 24 bytes that an existential holds in line, so that a conversation needs no
/// allocation for it.
package struct HTTP1Parser: ProtocolParser {
  /// A head that is longer is read as if the capture had ended here.
  package static let headLimit = 32_768

  /// What is known of one direction between messages.
  struct Direction {
    var chunks = HTTP1Chunks()
    /// Whether the next bytes may lie inside a body that began unseen.
    var isUnsynchronized = true
    /// Whether they may begin anywhere, as bytes before them were lost.
    var followsLoss = false

    var isAtHead: Bool { !isUnsynchronized && !chunks.isInside }
  }

  var client = Direction()
  private var server = Direction()
  /// The call whose bodies are looked into; one at most, so that others cost nothing.
  var content: [HTTP1Content] = []
  /// Whether the connection was handed to another protocol (101, CONNECT).
  private var isTunnel = false

  package init() {}

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if isTunnel { return .handOver(after: 0, to: .unknown) }
    if !content.isEmpty,
      let step = try contentStep(bytes, isFinal: view.isFinal, from: side, on: &desk)
    {
      return step
    }
    if !(side == .client ? client : server).isAtHead {
      if let step = try beforeHead(bytes, isFinal: view.isFinal, from: side) { return step }
    }
    if side == .client {
      switch ProxyHeader(bytes) {
      case .none: break
      case .undecided: if !view.isFinal { return .needMore() }
      case .bytes(let count): return .skip(count)
      }
    }
    // Empty lines before a message are to be ignored, RFC 9112 section 2.2.
    if bytes[0] == HTTP1Headers.lineFeed || bytes[0] == HTTP1Headers.carriageReturn {
      return .skip(1)
    }
    let limit = min(bytes.count, Self.headLimit)
    let isFinal = view.isFinal || limit == Self.headLimit
    if side == .client { return request(bytes, limit, isFinal: isFinal, on: &desk) }
    return try response(bytes, limit, isFinal: isFinal, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) {
    let direction = Direction(followsLoss: true)
    if side == .client { client = direction } else { server = direction }
    forgetContent()
  }

  package mutating func expectRequest() { client.isUnsynchronized = false }

  /// Finds the next head, past a chunked body or among bytes of which nothing is known; nil when the
  /// view begins with it.
  private mutating func beforeHead(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side
  ) throws(ParseError) -> ParseStep? {
    var direction = side == .client ? client : server
    defer { if side == .client { client = direction } else { server = direction } }
    if direction.chunks.isInside {
      let count = try direction.chunks.advance(bytes)
      if count > 0 { return .body(count, isLast: !direction.chunks.isInside) }
      guard isFinal else { return .needMore() }
      direction = Direction()
      return .body(bytes.count, isLast: false)
    }
    // The end of a line whose beginning is missing looks like one with another method.
    if direction.followsLoss, side == .client, !HTTP1Recognition.beginsWithMethod(bytes) {
      return .skip(bytes.count)
    }
    let context = RecognitionContext(transport: .tcp, side: side, serverPort: 0)
    switch HTTP1Recognition.recognize(bytes, context: context) {
    case .no:
      return .skip(bytes.count)
    case .undecided where !isFinal && bytes.count < Self.headLimit:
      return .needMore()
    case .undecided where side == .client && !HTTP1Recognition.beginsWithMethod(bytes):
      return .skip(bytes.count)
    case .undecided, .yes:
      direction.isUnsynchronized = false
      direction.followsLoss = false
      return nil
    }
  }

  @inline(__always)
  private mutating func request(
    _ bytes: Span<UInt8>, _ limit: Int, isFinal: Bool, on desk: inout Desk
  ) -> ParseStep {
    let line = HTTP1RequestLine(bytes, to: limit)
    guard line.form == .usual else { return unusual(bytes, line, on: &desk) }
    if line.end == nil {
      if !isFinal { return .needMore() }
      if line.target.isEmpty { return unusual(bytes, line, on: &desk) }
    }
    var headers = HTTP1Headers()
    headers.read(linesOf: bytes, from: line.end ?? limit, to: limit, withContent: true)
    if headers.end == nil, !isFinal { return .needMore() }
    if !isFinal, let needed = neededForContent(bytes, line, &headers) {
      return .needMore(atLeast: needed)
    }

    desk.message = Message(.request)
    let method = Self.methodClass(bytes, line.method)
    let target = HTTP1Target(bytes, line.target, isConnect: method == .connect)
    desk.message.texts.requestType = desk.fields.append(bytes, at: line.method)
    desk.message.texts.version = desk.fields.append(bytes, at: line.version)
    if method == .connect {
      desk.message.texts.requestResource = desk.fields.append(bytes, at: target.resource)
      desk.message.texts.endpoint = desk.message.texts.requestResource
    } else {
      let resource = desk.fields.append(resource: bytes, at: target.resource)
      desk.message.texts.requestResource = resource.text
      desk.message.texts.endpoint = resource.endpoint
    }
    desk.message.texts.requestDomain =
      headers.host.isEmpty
      ? desk.fields.append(bytes, at: target.authority)
      : desk.fields.append(authority: bytes, at: headers.host.range)
    desk.message.texts.userAgent = desk.fields.append(freeText: headers.userAgent, of: bytes)
    desk.message.texts.referer = desk.fields.append(url: bytes, at: headers.referer)
    desk.message.texts.proxyClient = desk.fields.append(freeText: headers.forwardedFor, of: bytes)
    desk.message.texts.requestXRequestID = desk.fields.append(
      freeText: headers.requestID, of: bytes)
    headers.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
    desk.message.length = headers.contentLength
    desk.message.note = method.rawValue
    var length = MessageLength.untilTurn
    if let end = headers.end {
      if beginContent(bytes, line, target, &headers, end, on: &desk) {
        return .message(.head(end))
      }
      length = Self.bodyEnd(&headers, end, &client, withoutLength: .bytes(end))
    } else {
      desk.message.flags = .truncated
      client.isUnsynchronized = true
    }
    return .message(length)
  }

  /// What has no version, or is no line of HTTP at all: a request if the server says so, which is
  /// over when the server speaks.
  @inline(never)
  private mutating func unusual(
    _ bytes: Span<UInt8>, _ line: HTTP1RequestLine, on desk: inout Desk
  ) -> ParseStep {
    desk.message = Message(.request)
    desk.message.needsAnswer = true
    // Of what may be anything, a secret too, only what looks like a method and a path is shown.
    if line.hasPlainMethod(bytes) {
      desk.message.texts.requestType = desk.fields.append(bytes, at: line.method)
    }
    if !line.target.isEmpty, bytes[line.target.lowerBound] == UInt8(ascii: "/") {
      let resource = desk.fields.append(resource: bytes, at: line.target)
      desk.message.texts.requestResource = resource.text
      desk.message.texts.endpoint = resource.endpoint
    }
    desk.message.note = Self.methodClass(bytes, line.method).rawValue
    return .message(.untilTurn)
  }

  @inline(__always)
  private mutating func response(
    _ bytes: Span<UInt8>, _ limit: Int, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let line = try HTTP1StatusLine(bytes, to: limit)
    if line.end == nil {
      if !isFinal { return .needMore() }
      if limit < 8 { return .skip(bytes.count) }
    }
    var headers = HTTP1Headers()
    headers.read(
      linesOf: bytes, from: line.end ?? limit, to: limit, withContent: !content.isEmpty)
    if headers.end == nil, !isFinal { return .needMore() }
    let code = line.code ?? 0
    if (100..<200).contains(code), code != 101 {
      // An interim response: the real one is yet to come.
      return .skip(headers.end ?? bytes.count)
    }

    desk.message = Message(.response)
    desk.message.code = line.code
    desk.message.status = line.code.map(Self.status) ?? .parseFailed
    desk.message.texts.version = desk.fields.append(bytes, at: line.version)
    if desk.message.status.isError {
      desk.message.texts.responseException = desk.fields.append(freeText: bytes, at: line.reason)
    }
    desk.message.texts.responseXRequestID = desk.fields.append(
      freeText: headers.requestID, of: bytes)
    headers.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
    desk.message.length = headers.contentLength
    let method = desk.oldest.note.flatMap { HTTP1MethodClass(rawValue: $0) } ?? .usual
    var length = MessageLength.untilTurn
    if let end = headers.end {
      isTunnel = code == 101 || method == .connect && (200..<300).contains(code)
      let hasBody = !isTunnel && method != .head && code != 204 && code != 304
      if !content.isEmpty, answerContent(bytes, &headers, hasBody: hasBody, on: &desk) {
        return .message(.head(end))
      }
      if !hasBody {
        length = .bytes(end)
      } else {
        length = Self.bodyEnd(&headers, end, &server, withoutLength: .untilTurn)
      }
    } else {
      desk.message.flags = .truncated
      server.isUnsynchronized = true
    }
    return .message(length)
  }

  /// How far a message with a head up to `end` reaches, RFC 9112 section 6.3. The headers are not changed:
  /// by value they would be copied.
  private static func bodyEnd(
    _ headers: inout HTTP1Headers, _ end: Int, _ direction: inout Direction,
    withoutLength: MessageLength
  ) -> MessageLength {
    if headers.isChunked {
      direction.chunks.begin()
      return .head(end)
    }
    if headers.hasTransferCoding { return .untilTurn }
    guard let length = headers.contentLength else { return withoutLength }
    return .bytes(end + Int(length))
  }

  private static func methodClass(_ bytes: Span<UInt8>, _ method: Range<Int>) -> HTTP1MethodClass {
    let word = bytes.word(at: method.lowerBound)
    return switch method.count {
    case 4 where word & 0xFFFF_FFFF == HeaderName.word("HEAD", 0): .head
    case 7 where word & 0xFF_FFFF_FFFF_FFFF == HeaderName.word("CONNECT", 0): .connect
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

/// What a request's method means for the body of its response, RFC 9112 section 6.3.
enum HTTP1MethodClass: UInt64 {
  case usual = 0
  /// HEAD: the response has no body, whatever it declares.
  case head = 1
  /// CONNECT: after a 2xx the connection is a tunnel.
  case connect = 2
}

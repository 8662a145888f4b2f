// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The call whose bodies are looked into.
struct HTTP1Content: Sendable {
  var reader: HTTPContentReader
  var request: HTTP1Body
  var response = HTTP1Body()
  var isAnswered = false
}

/// What calls are besides those of HTTP, by their heads and, where there is something to be found, bodies.
extension HTTP1Parser {
  /// How far a body has to be there to tell whether it is looked into.
  private static let front = 256

  package var heldBytes: Int { 256 + content.capacity * MemoryLayout<HTTP1Content>.stride }

  /// How many bytes a request needs to be there for that; nil when it has them, or is none of those.
  func neededForContent(
    _ bytes: Span<UInt8>, _ line: HTTP1RequestLine, _ headers: inout HTTP1Headers
  ) -> Int? {
    guard let end = headers.end, !headers.content.type.isEmpty, !headers.isEncoded,
      let length = headers.contentLength, length > 0, isPost(bytes, line),
      bytes.clipped(headers.content.type.range).begins(with: "application/json")
    else { return nil }
    let needed = end + min(Int(length), Self.front)
    return bytes.count < needed && needed < Self.headLimit ? needed : nil
  }

  /// Says what a request is besides one of HTTP; whether its body is to be looked into from here on.
  mutating func beginContent(
    _ bytes: Span<UInt8>, _ line: HTTP1RequestLine, _ target: HTTP1Target,
    _ headers: inout HTTP1Headers, _ end: Int, on desk: inout Desk
  ) -> Bool {
    let path = HTTPContent.path(bytes, target.resource)
    let host = headers.host.isEmpty ? target.authority : headers.host.range
    HTTPContent.describe(bytes, path: path, host: host, headers.content, on: &desk)
    guard content.isEmpty, desk.waiting == 0, !headers.content.type.isEmpty, !headers.isEncoded,
      isPost(bytes, line),
      let found = HTTPContent.ofBodies(bytes, path: path, headers.content)
    else { return false }
    if found.kind == .jsonRPC {
      let front = end..<min(end + Self.front, bytes.count)
      guard bytes.place(of: "\"jsonrpc\"", in: front) != nil else { return false }
    }
    var body = HTTP1Body()
    if headers.isChunked {
      body = .chunked
    } else if !headers.hasTransferCoding, let length = headers.contentLength {
      body = HTTP1Body(length: Int(length))
    }
    guard body.isUnderWay else { return false }
    content = [HTTP1Content(reader: HTTPContentReader(found, bytes, path: path), request: body)]
    return true
  }

  /// The head of the answer to that call: whether its body is looked into.
  mutating func answerContent(
    _ bytes: Span<UInt8>, _ headers: inout HTTP1Headers, hasBody: Bool, on desk: inout Desk
  ) -> Bool {
    guard !content[0].isAnswered else { return false }
    content[0].isAnswered = true
    content[0].reader.beginAnswer(bytes.clipped(headers.content.type.range))
    if hasBody, !headers.isEncoded, !content[0].reader.isDone {
      if headers.isChunked {
        content[0].response = .chunked
      } else if !headers.hasTransferCoding, let length = headers.contentLength {
        content[0].response = HTTP1Body(length: Int(length))
      }
    }
    if content[0].response.isUnderWay { return true }
    content[0].reader.describe(on: &desk)
    if !content[0].request.isUnderWay { content = [] }
    return false
  }

  /// Goes on in a body that is looked into; nil when `side` is in none.
  mutating func contentStep(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep? {
    let isUnderWay =
      side == .client ? content[0].request.isUnderWay : content[0].response.isUnderWay
    guard isUnderWay else { return nil }
    var (body, reader) = (
      side == .client ? content[0].request : content[0].response, content[0].reader
    )
    let count = try body.advance(bytes, to: &reader)
    guard count > 0 else {
      guard isFinal else { return .needMore() }
      bytesWereLost(from: side)
      return .body(bytes.count, isLast: false)
    }
    content[0].reader = reader
    if side == .client {
      content[0].request = body
      if !body.isUnderWay, content[0].isAnswered, !content[0].response.isUnderWay { content = [] }
      return .body(count, isLast: !body.isUnderWay)
    }
    content[0].response = body
    guard !body.isUnderWay else { return .body(count, isLast: false) }
    desk.message = Message(.response)
    reader.describe(on: &desk)
    if !content[0].request.isUnderWay { content = [] }
    return .end(count)
  }

  /// Bytes were lost: what is left of the bodies is found as that of others is.
  mutating func forgetContent() {
    guard !content.isEmpty else { return }
    if content[0].request.isUnderWay { client.isUnsynchronized = true }
    content = []
  }

  private func isPost(_ bytes: Span<UInt8>, _ line: HTTP1RequestLine) -> Bool {
    line.method.count == 4 && bytes.hasPrefix("POST", at: line.method.lowerBound)
  }
}

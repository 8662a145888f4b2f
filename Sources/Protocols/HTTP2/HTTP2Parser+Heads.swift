// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Making messages of header blocks.
extension HTTP2Parser {
  mutating func request(
    _ head: HTTP2Head, _ headers: HTTP2Headers, on desk: inout Desk
  ) -> ParseStep {
    let id = head.frame.stream
    let isNew = id > streams.last && (headers.isHead || headers.hasUnknown || head.block.isCut)
    guard isNew || headers.isHead && streams.place(id) == nil else {
      // Trailers of a request say nothing that is told of.
      desk.message = Message(.request)
      desk.message.exchange = UInt64(id)
      return .more(head.block.total, ends: false)
    }
    desk.message = Message(.request)
    var stream = HTTP2Stream(id: id)
    stream.flags = describeRPC(headers, on: &desk)
    describeRequest(headers, on: &desk)
    if stream.flags.isEmpty { stream.flags = describeContent(head, headers, on: &desk) }
    finish(head, on: &desk)
    if desk.message.length != nil { stream.flags.insert(.requestHasLength) }
    streams.open(stream)
    return .message(.bytes(head.block.total))
  }

  mutating func response(
    _ head: HTTP2Head, _ headers: HTTP2Headers, on desk: inout Desk
  ) -> ParseStep {
    let id = head.frame.stream
    // What was pushed is told of by its promise.
    guard head.frame.isOfClient else { return .skip(head.block.total) }
    let place = streams.place(id)
    let isAnswered = place.map { streams[$0].flags.contains(.isAnswered) } ?? false
    let code = headers.number(.status).map { Int32(truncatingIfNeeded: $0) }
    if let code, (100..<200).contains(code) { return .skip(head.block.total) }
    if !headers.has(.status), isAnswered || place == nil && !headers.hasUnknown {
      return trailers(head, headers, on: &desk)
    }
    desk.message = Message(.response)
    desk.message.code = code
    desk.message.status = code.map(Self.status) ?? .parseFailed
    let hasStatusAtEnd = describeOutcome(head, headers, of: place, on: &desk)
    desk.message.texts.version = desk.fields.append("2")
    desk.message.texts.responseXRequestID = desk.fields.append(
      freeText: headers[.requestID], of: headers.texts.span)
    headers.trace.write(
      from: headers.texts.span, to: &desk.message.texts, into: &desk.fields)
    desk.message.length = headers.number(.contentLength)
    finish(head, on: &desk)
    if let place { answerContent(of: place, headers, isEnd: head.isEnd, on: &desk) }
    if head.isEnd {
      streams.close(id)
    } else if let place {
      streams[place].flags.insert(.isAnswered)
      if code == nil { streams[place].flags.insert(.isUnreadable) }
      if !hasStatusAtEnd { streams[place].flags.remove(.hasStatusAtEnd) }
      if desk.message.length != nil { streams[place].flags.insert(.responseHasLength) }
    }
    return .message(.bytes(head.block.total))
  }

  /// What the server says behind a body.
  private mutating func trailers(
    _ head: HTTP2Head, _ headers: HTTP2Headers, on desk: inout Desk
  ) -> ParseStep {
    let id = head.frame.stream
    desk.message = Message(.response)
    desk.message.exchange = UInt64(id)
    let place = streams.place(id)
    let isUnreadable = place.map { streams[$0].flags.contains(.isUnreadable) } ?? false
    desk.message.status = isUnreadable ? .parseFailed : .ok
    if let place {
      if streams[place].flags.contains(.hasStatusAtEnd) { desk.message.code = 200 }
      streams[place].tellKind(on: &desk)
      finishContent(of: place, on: &desk)
    }
    if !describeStatus(headers, on: &desk), headers.hasUnknown, desk.message.code != nil {
      // It may have been said before.
      desk.message.code = nil
      desk.message.status = .parseFailed
    }
    if head.isEnd { streams.close(id) }
    return .more(head.block.total, ends: head.isEnd)
  }

  /// A request that the server makes for its client, and answers itself.
  mutating func promise(
    _ head: HTTP2Head, _ headers: HTTP2Headers, on desk: inout Desk
  ) -> ParseStep {
    desk.message = Message(.session)
    desk.message.isPush = true
    describeRequest(headers, on: &desk)
    desk.message.requestID = UInt64(head.frame.stream)
    return .message(.bytes(head.block.total))
  }

  private func describeRequest(_ headers: HTTP2Headers, on desk: inout Desk) {
    let texts = headers.texts.span
    if desk.message.texts.version.isEmpty { desk.message.texts.version = desk.fields.append("2") }
    desk.message.texts.requestType = desk.fields.append(texts, at: headers[.method].range)
    let authority = headers[headers[.authority].isEmpty ? .host : .authority].range
    if !desk.message.texts.endpoint.isEmpty {
      // A call of a service's method.
    } else if headers[.path].isEmpty, texts.isWord(in: ["CONNECT"], at: headers[.method].range) {
      desk.message.texts.requestResource = desk.fields.append(authority: texts, at: authority)
      desk.message.texts.endpoint = desk.message.texts.requestResource
    } else {
      let target = HTTP1Target(texts, headers[.path].range, isConnect: false).resource
      let resource = desk.fields.append(resource: texts, at: target)
      desk.message.texts.requestResource = resource.text
      desk.message.texts.endpoint = resource.endpoint
    }
    desk.message.texts.requestDomain = desk.fields.append(authority: texts, at: authority)
    desk.message.texts.userAgent = desk.fields.append(freeText: headers[.userAgent], of: texts)
    desk.message.texts.referer = desk.fields.append(url: texts, at: headers[.referer])
    desk.message.texts.proxyClient = desk.fields.append(
      freeText: headers[.forwardedFor], of: texts)
    desk.message.texts.requestXRequestID = desk.fields.append(
      freeText: headers[.requestID], of: texts)
    headers.trace.write(from: texts, to: &desk.message.texts, into: &desk.fields)
    desk.message.length = headers.number(.contentLength)
  }

  /// Says what both halves have.
  private func finish(_ head: HTTP2Head, on desk: inout Desk) {
    desk.message.exchange = UInt64(head.frame.stream)
    desk.message.requestID = UInt64(head.frame.stream)
    desk.message.goesOn = !head.isEnd
    if head.block.isCut { desk.message.flags = .truncated }
  }

  static func status(_ code: Int32) -> ResponseStatus {
    switch code {
    case 400..<500: .clientError
    case 500...: .serverError
    default: .ok
    }
  }
}

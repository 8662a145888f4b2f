// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What other frames say of the calls under way.
extension HTTP2Parser {
  /// A piece of a body, RFC 9113 section 6.1.
  mutating func data(
    _ frame: HTTP2Frame, _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    var length = frame.length
    if frame.isPadded {
      if bytes.count > HTTP2Frame.headSize {
        length -= Int(bytes[HTTP2Frame.headSize]) + 1
        guard length >= 0 else {
          throw ParseError(at: HTTP2Frame.headSize, expected: "padding that is less than the frame")
        }
      } else if !isFinal {
        return .needMore(atLeast: HTTP2Frame.headSize + 1)
      }
    }
    guard frame.isOfClient else { return .skip(frame.total) }
    let front = HTTP2Frame.headSize + (frame.isPadded ? 1 : 0)
    let body = HTTP2Body(
      stream: frame.stream, payload: length, padding: frame.total - front - length,
      isEnd: frame.endsStream && side == .server)
    return messages(body, bytes, at: front, from: side, on: &desk)
  }

  /// Goes on in the body of a frame, which begins at `front`: to its end, or only as far as it is there when
  /// messages of the stream may begin behind that.
  mutating func messages(
    _ body: HTTP2Body, _ bytes: Span<UInt8>, at front: Int, from side: Side, on desk: inout Desk
  ) -> ParseStep {
    let whole = front + body.payload + body.padding
    desk.message = Message(side == .client ? .request : .response)
    desk.message.exchange = UInt64(body.stream)
    self[side].body = nil
    guard let place = streams.place(body.stream) else {
      desk.message.status = .ok
      return .more(whole, ends: body.isEnd)
    }
    let there = min(body.payload, max(0, bytes.count - front))
    var taken = body.payload
    if streams[place].flags.contains(.hasMessages) {
      desk.message.parts = streams[place].walk(bytes, front..<(front + there), from: side)
      if side == .server { readTrailers(bytes, of: place, on: &desk) }
      if streams[place].skips(body.payload - there, from: side) == false { taken = there }
    } else if streams[place].flags.contains(.hasContent) {
      if readContent(bytes, front..<(front + there), of: place) { taken = there }
    }
    let hasLength = streams[place].flags.contains(
      side == .client ? .requestHasLength : .responseHasLength)
    if !hasLength { desk.message.length = Int64(taken) }
    guard taken == body.payload else {
      self[side].body = HTTP2Body(
        stream: body.stream, payload: body.payload - taken, padding: body.padding,
        isEnd: body.isEnd)
      return .more(front + taken, ends: false)
    }
    if body.isEnd { end(place, on: &desk) }
    return .more(whole, ends: body.isEnd)
  }

  /// A response ends with its body, and says no more of itself.
  private mutating func end(_ place: Int, on desk: inout Desk) {
    let stream = streams[place]
    desk.message.status = stream.flags.contains(.isUnreadable) ? .parseFailed : .ok
    if let number = stream.status {
      desk.message.code = number
      desk.message.status = GRPCStatus(number: number).status
    } else if stream.flags.contains(.hasStatusInBody) {
      // It was cut, or is in a form that is not read.
      desk.message.status = .unknown
    } else if stream.flags.contains(.hasStatusAtEnd), !stream.flags.contains(.isUnreadable) {
      // No status was behind it, so that of HTTP is all there is.
      desk.message.code = 200
    }
    stream.tellKind(on: &desk)
    finishContent(of: place, on: &desk)
    streams.close(stream.id)
  }

  /// A stream that ends before its time, section 6.4: whose fault it is says the error.
  mutating func reset(
    _ frame: HTTP2Frame, _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, on desk: inout Desk
  ) -> ParseStep {
    guard bytes.count >= frame.total else {
      return isFinal ? .skip(frame.total) : .needMore(atLeast: frame.total)
    }
    guard frame.isOfClient else { return .skip(frame.total) }
    let error = HTTP2ErrorCode(number: Self.number(bytes, at: HTTP2Frame.headSize))
    var isAnswered = true
    if side == .server {
      if let place = streams.place(frame.stream) {
        isAnswered = streams[place].flags.contains(.isAnswered)
      } else {
        guard let asked = desk.asked(UInt64(frame.stream)) else {
          return .lookUp(UInt64(frame.stream))
        }
        isAnswered = asked == .nothing
      }
    }
    streams.close(frame.stream)
    contents.removeAll { $0.stream == frame.stream }
    desk.message = Message(side == .client ? .request : .response)
    desk.message.exchange = UInt64(frame.stream)
    desk.message.requestID = UInt64(frame.stream)
    desk.message.status = error.blamesPeer == (side == .server) ? .clientError : .serverError
    describe(error, "RST_STREAM", on: &desk)
    return isAnswered ? .more(frame.total, ends: true) : .message(.bytes(frame.total))
  }

  /// The server goes, section 6.8: what was asked behind the last stream that it names it will not do.
  mutating func goAway(
    _ frame: HTTP2Frame, _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, on desk: inout Desk
  ) -> ParseStep {
    guard side == .server else { return .skip(frame.total) }
    guard bytes.count >= HTTP2Frame.headSize + 8 else {
      return isFinal ? .skip(frame.total) : .needMore(atLeast: HTTP2Frame.headSize + 8)
    }
    let last = Self.number(bytes, at: HTTP2Frame.headSize) & 0x7fff_ffff
    guard let id = streams.takeUnanswered(behind: last) else { return .skip(frame.total) }
    let error = HTTP2ErrorCode(number: Self.number(bytes, at: HTTP2Frame.headSize + 4))
    desk.message = Message(.response)
    desk.message.exchange = UInt64(id)
    desk.message.requestID = UInt64(id)
    desk.message.status = error.blamesPeer ? .clientError : .serverError
    describe(error, "GOAWAY", on: &desk)
    return .message(.bytes(0))
  }

  private func describe(_ error: HTTP2ErrorCode, _ frame: StaticString, on desk: inout Desk) {
    let mark = desk.fields.mark
    desk.fields.push(frame)
    desk.fields.push(UInt8(ascii: " "))
    if let name = error.name {
      desk.fields.push(name)
    } else {
      desk.fields.push(decimal: UInt64(error.number))
    }
    desk.message.texts.responseException = desk.fields.finish(from: mark)
  }

  private static func number(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: bytes.word(at: offset)).byteSwapped
  }
}

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
    let isEnd = frame.endsStream && side == .server
    desk.message = Message(side == .client ? .request : .response)
    desk.message.exchange = UInt64(frame.stream)
    desk.message.status = statusAtEnd(of: frame.stream)
    if let place = streams.place(frame.stream) {
      let hasLength = streams[place].flags.contains(
        side == .client ? .requestHasLength : .responseHasLength)
      if !hasLength { desk.message.length = Int64(length) }
      if isEnd { streams.close(frame.stream) }
    }
    return .more(frame.total, ends: isEnd)
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

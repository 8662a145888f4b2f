// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads ZMTP: a message of a REQ socket is a request, one of a REP socket its response; all others are
/// one-way. A message may have many frames.
///
/// The type is the kind of socket that says it. The resource is what is subscribed to, and of what is
/// published in several frames the first; nothing else of messages is told.
struct ZMTPParser: ProtocolParser {
  /// Bytes of a message in which its first frames are looked for.
  private static let reach = 4_096
  private static let longestTopic = 256

  private struct Half {
    var isGreeted = false
    var isOlder = false
    var hasIdentity = false
    var socket: ZMTPSocket?
    /// Frames of a message that was told go on.
    var goesOn = false
  }

  private var client = Half()
  private var server = Half()
  private var isHidden = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if isHidden { return .handOver(after: 0, to: .encrypted) }
    let bytes = view.bytes
    let half = side == .client ? client : server
    guard half.isGreeted else { return try greet(bytes, side, isFinal: view.isFinal) }
    let size = ZMTPFrame.size(bytes[0])
    guard bytes.count >= size else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: size)
    }
    guard let frame = ZMTPFrame(bytes, at: 0) else {
      throw ParseError(at: 0, expected: "the flags of a frame")
    }
    if frame.isCommand { return try command(frame, bytes, side, isFinal: view.isFinal, on: &desk) }
    if half.goesOn || (half.isOlder && !half.hasIdentity) {
      note(side) {
        $0.goesOn = frame.hasMore && $0.goesOn
        $0.hasIdentity = true
      }
      return .skip(frame.head + frame.body)
    }
    return try message(frame, bytes, side, isFinal: view.isFinal, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) {
    note(side) {
      $0.isGreeted = true
      $0.goesOn = false
    }
  }

  private mutating func note(_ side: Side, _ change: (inout Half) -> Void) {
    if side == .client { change(&client) } else { change(&server) }
  }

  private mutating func greet(
    _ bytes: Span<UInt8>, _ side: Side, isFinal: Bool
  ) throws(ParseError) -> ParseStep {
    guard ZMTPGreeting.isPossible(bytes) else { throw ParseError(at: 0, expected: "a greeting") }
    let wanted =
      bytes.count <= ZMTPGreeting.signature
      ? ZMTPGreeting.signature + 1 : ZMTPGreeting.length(bytes)
    guard bytes.count >= wanted else {
      return isFinal ? .skip(bytes.count) : .needMore(atLeast: wanted)
    }
    let greeting = ZMTPGreeting(bytes)
    note(side) {
      $0.isGreeted = true
      $0.isOlder = greeting.isOlder
      $0.socket = greeting.socket
    }
    if !greeting.isClear { isHidden = true }
    return .skip(greeting.length)
  }

  /// Sections "Commands": a name, and what it is about.
  private mutating func command(
    _ frame: ZMTPFrame, _ bytes: Span<UInt8>, _ side: Side, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let all = frame.head + frame.body
    let wanted = min(all, Self.reach)
    if bytes.count < wanted, !isFinal { return .needMore(atLeast: wanted) }
    var cursor = ByteCursor(at: frame.head, to: min(all, bytes.count))
    // libzmq's own errors have a caret in place of the length and the first letter.
    let isOdd = bytes.hasPrefix("^RROR", at: frame.head) && frame.body >= 6
    if isOdd { cursor.place += 5 }
    guard let count = isOdd ? 0 : (try? cursor.byte(in: bytes)),
      let name = try? cursor.range(of: Int(count), in: bytes)
    else { return .skip(all) }
    let rest = cursor.place..<max(cursor.place, min(all, bytes.count))
    desk.message = Message(.session)
    if bytes.equals("READY", at: name) {
      let socket = Self.socket(bytes, rest)
      note(side) { $0.socket = socket ?? $0.socket }
      describe("READY", 0..<0, bytes, side, on: &desk)
      if let socket {
        desk.fields.append(
          attribute: "zmtp.socket_type", socket.name, to: &desk.message.attributes)
      }
    } else if bytes.equals("SUBSCRIBE", at: name) {
      describe("SUBSCRIBE", topic(bytes, rest), bytes, side, on: &desk)
    } else if bytes.equals("CANCEL", at: name) {
      describe("CANCEL", topic(bytes, rest), bytes, side, on: &desk)
    } else if isOdd || bytes.equals("ERROR", at: name) {
      describe("ERROR", 0..<0, bytes, side, on: &desk)
      let count = rest.isEmpty ? 0 : Int(bytes[rest.lowerBound])
      let start = min(rest.lowerBound + 1, rest.upperBound)
      write(reason: start..<min(start + count, rest.upperBound), bytes, side, on: &desk)
    } else {
      return .skip(all)
    }
    return .message(.bytes(all))
  }

  /// A code of three digits (https://rfc.zeromq.org/spec/27/), or a text.
  private func write(
    reason: Range<Int>, _ bytes: Span<UInt8>, _ side: Side, on desk: inout Desk
  ) {
    let code = reason.count == 3 ? bytes.decimal(at: reason) : nil
    desk.message.code = code.map { Int32($0) }
    let isOfClient = code.map { $0 == 400 } ?? (side == .server)
    desk.message.status = isOfClient ? .clientError : .serverError
    desk.message.texts.responseException = desk.fields.append(
      errorText: bytes, at: reason, .values)
  }

  /// Properties: a name with a length of one byte, a value with one of four.
  private static func socket(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ZMTPSocket? {
    var cursor = ByteCursor(at: range.lowerBound, to: range.upperBound)
    while let count = try? cursor.byte(in: bytes),
      let name = try? cursor.range(of: Int(count), in: bytes),
      let size = try? cursor.number(of: 4, in: bytes),
      let value = try? cursor.range(of: Int(size), in: bytes)
    {
      if bytes.equals("Socket-Type", at: name) { return ZMTPSocket(bytes, at: value) }
    }
    return nil
  }

  private mutating func message(
    _ frame: ZMTPFrame, _ bytes: Span<UInt8>, _ side: Side, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    // All frames of it whose heads lie near: the others are passed over as they come.
    var length = frame.head + frame.body
    var last = frame
    var body = frame.body
    var count: UInt32 = 1
    while last.hasMore, length < Self.reach {
      let head = length < bytes.count ? ZMTPFrame.size(bytes[length]) : 2
      guard bytes.count >= length + head else {
        if isFinal { break }
        return .needMore(atLeast: length + head)
      }
      guard let next = ZMTPFrame(bytes, at: length), !next.isCommand else {
        throw ParseError(at: length, expected: "the next frame of a message")
      }
      last = next
      length += next.head + next.body
      body += next.body
      count += 1
    }
    let own = side == .client ? client.socket : server.socket
    let isSubscriber = own == .subscribe || own == .xSubscribe
    let isShort = frame.body <= Self.longestTopic + 1
    if isSubscriber, isShort, bytes.count < frame.head + frame.body, !isFinal {
      return .needMore(atLeast: frame.head + frame.body)
    }
    note(side) { $0.goesOn = last.hasMore }
    desk.message = Message(own == .request ? .request : own == .reply ? .response : .session)
    desk.message.length = Int64(body)
    desk.message.parts = count
    guard own != .reply else { return .message(.bytes(length)) }
    var place = frame.head..<min(frame.head + frame.body, bytes.count)
    if isSubscriber, isShort, let first = place.first, bytes[first] <= 1, !frame.hasMore {
      // Before 3.1 who subscribes says so in a message.
      place = topic(bytes, (first + 1)..<place.upperBound)
      let isOn = bytes[first] == 1
      describe(isOn ? "SUBSCRIBE" : "CANCEL", place, bytes, side, on: &desk)
    } else {
      let isTopic = (own == .publish || own == .xPublish) && frame.hasMore
      let isWhole = place.count == frame.body
      describe(
        own?.name ?? "message", isTopic && isWhole ? topic(bytes, place) : 0..<0, bytes, side,
        on: &desk)
    }
    return .message(.bytes(length))
  }

  /// A topic, which is a text; none when it is not.
  private func topic(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    guard range.count <= Self.longestTopic else { return 0..<0 }
    for index in range where bytes[index] < 0x20 || bytes[index] > 0x7e { return 0..<0 }
    return range
  }

  private func describe(
    _ type: StaticString, _ topic: Range<Int>, _ bytes: Span<UInt8>, _ side: Side,
    on desk: inout Desk
  ) {
    if side == .server { desk.message.isPush = true }
    desk.message.texts.requestType = desk.fields.append(type)
    desk.message.texts.requestResource = desk.fields.append(bytes, at: topic)
    let mark = desk.fields.mark
    desk.fields.push(type)
    if !topic.isEmpty {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: bytes.clipped(topic))
    }
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
    desk.fields.append(
      attribute: "zmtp.topic", bytes.clipped(topic), to: &desk.message.attributes)
  }
}

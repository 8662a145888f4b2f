// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads ZooKeeper: each request is one, answers are found by its id. Who only asks whether the other is
/// there is passed over; what a watch tells is one-way.
///
/// The resource is the path of the node; of what nodes hold nothing is told.
struct ZooKeeperParser: ProtocolParser {
  /// Bytes of a message that are looked at, at most.
  private static let reach = 8_192
  /// What pairs the beginnings of a session; ids of requests have 32 bits.
  private static let session: UInt64 = 1 << 32
  private static let word: UInt64 = 1 << 33

  private var hasWord = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if hasWord { return side == .server ? answerWord(on: &desk) : .skip(bytes.count) }
    if side == .client, let word = ZooKeeperWord(bytes) { return ask(word, on: &desk) }
    guard bytes.count >= 8 else {
      if desk.mayBeInside { throw ParseError(at: 0, expected: "a length") }
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: bytes.count < 4 ? 4 : 8)
    }
    guard let length = ZooKeeperFrame.length(bytes) else {
      throw ParseError(at: 0, expected: "a length")
    }
    let wanted = min(ZooKeeperFrame.size + length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    desk.message = Message(.request)
    desk.message.length = Int64(length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    let id = Int32(bitPattern: bytes.bigEndian32(at: 4))
    desk.message.exchange = UInt64(UInt32(bitPattern: id))
    if id > 0 { desk.message.requestID = UInt64(id) }
    let all = MessageLength.bytes(ZooKeeperFrame.size + length)
    if side == .client {
      if ZooKeeperFrame.isConnect(window, length) {
        desk.message.exchange = Self.session
        describe(.createSession, on: &desk)
        return .message(all)
      }
      return try readRequest(window, id, length, on: &desk)
    }
    if ZooKeeperFrame.isConnected(window, length) {
      desk.message.kind = .response
      desk.message.exchange = Self.session
      // No timeout and no session: the one that was asked for is over.
      let isOver = window.bigEndian32(at: 8) == 0
      write(isOver ? -112 : 0, of: .createSession, on: &desk)
      return .message(all)
    }
    return try readAnswer(window, id, length, on: &desk)
  }

  private mutating func ask(_ word: ZooKeeperWord, on desk: inout Desk) -> ParseStep {
    hasWord = true
    desk.message = Message(.request)
    desk.message.exchange = Self.word
    let mark = desk.fields.mark
    for byte in word.rawValue.utf8 { desk.fields.push(byte) }
    desk.message.texts.requestType = desk.fields.finish(from: mark)
    desk.message.texts.endpoint = desk.message.texts.requestType
    return .message(.bytes(4))
  }

  private mutating func answerWord(on desk: inout Desk) -> ParseStep {
    desk.message = Message(.response)
    desk.message.exchange = Self.word
    hasWord = false
    return .message(.untilTurn)
  }

  private func describe(_ operation: ZooKeeperOperation, on desk: inout Desk) {
    desk.message.texts.requestType = desk.fields.append(operation.name)
    desk.message.texts.endpoint = desk.message.texts.requestType
  }

  private func readRequest(
    _ bytes: Span<UInt8>, _ id: Int32, _ length: Int, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let all = ZooKeeperFrame.size + length
    guard bytes.count >= 12 else { return .skip(all) }
    guard let operation = ZooKeeperOperation(rawValue: Int32(bitPattern: bytes.bigEndian32(at: 8))),
      operation != .error, operation != .notification,
      id > 0 || id == ZooKeeperFrame.ping || id == ZooKeeperFrame.auth
        || id == ZooKeeperFrame.watches
    else { throw ParseError(at: 4, expected: "the head of a request") }
    if operation == .ping { return .skip(all) }
    desk.message.note = UInt64(UInt32(bitPattern: operation.rawValue))
    desk.message.texts.requestType = desk.fields.append(operation.name)
    let path = operation.beginsWithPath ? Self.text(bytes, at: 12) : 0..<0
    let endpoint = desk.fields.mark
    desk.fields.push(operation.name)
    if !path.isEmpty {
      guard bytes[path.lowerBound] == UInt8(ascii: "/") else {
        throw ParseError(at: path.lowerBound, expected: "the path of a node")
      }
      desk.fields.push(0x20)
      desk.fields.push(patternOf: bytes.clipped(path))
    } else if desk.mayBeInside {
      throw ParseError(at: 12, expected: "the path of a node")
    }
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    desk.message.texts.requestResource = desk.fields.append(bytes, at: path)
    // `AuthPacket`: a number, the scheme, and what proves it.
    if operation == .auth {
      desk.fields.append(
        attribute: "zookeeper.auth_scheme", bytes.clipped(Self.text(bytes, at: 16)),
        to: &desk.message.attributes)
    }
    return .message(.bytes(all))
  }

  /// The text at `start`, behind its length; empty when it is none, or is not all in view.
  private static func text(_ bytes: Span<UInt8>, at start: Int) -> Range<Int> {
    var cursor = ByteCursor(at: start, to: bytes.count)
    guard let count = try? cursor.number(of: 4, in: bytes),
      let range = try? cursor.range(of: Int(Int32(truncatingIfNeeded: count)), in: bytes)
    else { return 0..<0 }
    return range
  }

  private func readAnswer(
    _ bytes: Span<UInt8>, _ id: Int32, _ length: Int, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let all = ZooKeeperFrame.size + length
    guard length >= 16 else { throw ParseError(at: 0, expected: "the length of an answer") }
    guard bytes.count >= 20 else { return .skip(all) }
    if id == ZooKeeperFrame.ping { return .skip(all) }
    let code = Int32(bitPattern: bytes.bigEndian32(at: 16))
    if id == ZooKeeperFrame.event { return readEvent(bytes, all, on: &desk) }
    guard id > 0 || id == ZooKeeperFrame.auth || id == ZooKeeperFrame.watches, code <= 0,
      code > -1_000
    else { throw ParseError(at: 4, expected: "the head of an answer") }
    let key = UInt64(UInt32(bitPattern: id))
    guard let asked = desk.asked(key) else { return .lookUp(key) }
    if desk.mayBeInside, asked == .nothing {
      throw ParseError(at: 4, expected: "an answer to what was asked")
    }
    let operation = asked.note.flatMap {
      ZooKeeperOperation(rawValue: Int32(truncatingIfNeeded: $0))
    }
    desk.message.kind = .response
    var outcome = code
    if code == 0, operation == .multi { outcome = Self.outcome(ofSeveral: bytes) }
    write(outcome, of: operation, on: &desk)
    return .message(.bytes(all))
  }

  /// Of several that were asked for together and did not come about, the one that it was because of: each
  /// has a head (-1, a byte, its code) and its code.
  private static func outcome(ofSeveral bytes: Span<UInt8>) -> Int32 {
    var place = 20
    while place + 13 <= bytes.count, bytes.bigEndian32(at: place) == UInt32.max,
      bytes[place + 4] == 0
    {
      let code = Int32(bitPattern: bytes.bigEndian32(at: place + 9))
      if code < 0, code != ZooKeeperError.inconsistent { return code }
      place += 13
    }
    return 0
  }

  private func write(_ code: Int32, of operation: ZooKeeperOperation?, on desk: inout Desk) {
    desk.message.code = code
    desk.message.status = ZooKeeperError.status(code, of: operation)
    if desk.message.status != .ok {
      desk.message.texts.responseException = desk.fields.append(ZooKeeperError.name(code))
    } else if code == ZooKeeperError.noNode {
      desk.message.texts.responseResult = desk.fields.append(ZooKeeperError.name(code))
    }
  }

  /// `WatcherEvent`: what happened, how the session is, and to which node.
  private func readEvent(_ bytes: Span<UInt8>, _ length: Int, on desk: inout Desk) -> ParseStep {
    desk.message.kind = .session
    desk.message.exchange = nil
    desk.message.isPush = true
    describe(.notification, on: &desk)
    guard bytes.count >= 28 else { return .message(.bytes(length)) }
    let path = Self.text(bytes, at: 28)
    desk.message.texts.requestResource = desk.fields.append(bytes, at: path)
    if let name = Self.event(bytes.bigEndian32(at: 20)) {
      desk.fields.append(attribute: "zookeeper.event", name, to: &desk.message.attributes)
    }
    return .message(.bytes(length))
  }

  /// `Watcher.Event.EventType`.
  private static func event(_ number: UInt32) -> StaticString? {
    switch number {
    case 1: "created"
    case 2: "deleted"
    case 3: "dataChanged"
    case 4: "childrenChanged"
    case 5: "dataWatchRemoved"
    case 6: "childWatchRemoved"
    case 7: "persistentWatchRemoved"
    default: nil
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads Kafka: each request is one, each response too, which only says what it is when it is known what
/// was asked.
///
/// The type is the name of what is asked for, the resource the topics, the endpoint both. Of records
/// nothing is told but how many they are.
struct KafkaParser: ProtocolParser {
  /// Bytes of a message that are looked at, at most.
  static let reach = 4_096
  private static let longestMessage = 1 << 30

  /// Whether both sides may say tokens that have a length and no head: SaslHandshake's first version is
  /// followed by such.
  private var saysTokens = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard bytes.count >= KafkaHeader.front else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: KafkaHeader.front)
    }
    let size = Int(Int32(truncatingIfNeeded: bytes.bigEndian32(at: 0)))
    guard size >= 0, size <= Self.longestMessage else {
      throw ParseError(at: 0, expected: "the length of a message")
    }
    return side == .client
      ? try nextRequest(bytes, size, isFinal: view.isFinal, on: &desk)
      : try nextResponse(bytes, size, isFinal: view.isFinal, on: &desk)
  }

  private mutating func nextRequest(
    _ bytes: Span<UInt8>, _ size: Int, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let length = KafkaHeader.front + size
    guard size >= 8 || saysTokens else {
      throw ParseError(at: 0, expected: "the length of a request")
    }
    let wanted = min(length, Self.reach)
    if bytes.count < wanted, !isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    if saysTokens || desk.mayBeInside {
      if KafkaRecognition.isRequest(bytes, window, length) {
        saysTokens = false
      } else if saysTokens {
        return .skip(length)
      } else {
        throw ParseError(at: 4, expected: "the head of a request")
      }
    }
    guard let header = KafkaHeader(window) else { return .skip(length) }
    guard header.key <= Self.lastKey, header.version <= Self.lastVersion else {
      throw ParseError(at: 4, expected: "the number of a request's kind")
    }
    saysTokens = header.key == KafkaAPI.saslHandshake && header.version == 0
    desk.message = Message(.request)
    desk.message.length = Int64(length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    desk.message.exchange = UInt64(header.correlation)
    desk.message.requestID = UInt64(header.correlation)
    desk.message.mayBlock = header.api?.mayBlock ?? false
    let body = KafkaBody(ofRequest: header, window)
    desk.message.note =
      KafkaNote(key: header.key, version: header.version, hasTopic: (body?.topicCount ?? 0) > 0)
      .rawValue
    if let body, body.acks == 0 { desk.message.kind = .session }
    KafkaText.describe(header, body, window, on: &desk)
    return .message(.bytes(length))
  }

  /// Kinds and versions to come have such numbers.
  private static let lastKey = 255
  private static let lastVersion = 99

  private mutating func nextResponse(
    _ bytes: Span<UInt8>, _ size: Int, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let length = KafkaHeader.front + size
    guard size >= 4 else {
      guard saysTokens else { throw ParseError(at: 0, expected: "the length of a response") }
      return .skip(length)
    }
    guard bytes.count >= 8 else { return isFinal ? .skip(length) : .needMore(atLeast: 8) }
    let wanted = min(length, Self.reach)
    // Where a length may be none, the number tells first.
    if bytes.count < wanted, !isFinal, !desk.mayBeInside { return .needMore(atLeast: wanted) }
    let correlation = UInt64(bytes.bigEndian32(at: 4))
    guard let asked = desk.asked(correlation) else { return .lookUp(correlation) }
    guard asked != .nothing || !desk.mayBeInside else {
      throw ParseError(at: 4, expected: "the number of a request")
    }
    if bytes.count < wanted, !isFinal { return .needMore(atLeast: wanted) }
    if asked == .nothing, saysTokens { return .skip(length) }
    let note = asked.note.map { KafkaNote(rawValue: $0) }
    let api = note.flatMap { KafkaAPI.numbered($0.key) }
    let window = bytes.clipped(from: 0, to: wanted)
    desk.message = Message(.response)
    desk.message.length = Int64(length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    desk.message.exchange = correlation
    desk.message.requestID = correlation
    guard let note, let api, note.version <= api.newest else {
      desk.message.status = .unknown
      return .message(.bytes(length))
    }
    var body = KafkaBody(
      at: 8, key: note.key, version: note.version, isFlexible: note.version >= api.flexible)
    // A client cannot know which version of ApiVersions the broker has: its head never changes.
    var isRead = KafkaAPI.tellsInside(note.key)
    do throws(KafkaFault) {
      if note.key != KafkaAPI.apiVersions { try body.cursor.tags(in: window) }
      try body.readResponse(api, in: window)
    } catch {
      isRead = false
    }
    // It is no success as long as nobody knows.
    if body.error == nil, !isRead { desk.message.status = .unknown }
    KafkaText.describe(note, body, window, on: &desk)
    return .message(.bytes(length))
  }
}

/// What a request leaves for its answer.
struct KafkaNote {
  let key: Int
  let version: Int
  /// Whether the request named a topic.
  let hasTopic: Bool

  init(key: Int, version: Int, hasTopic: Bool) {
    self.key = key
    self.version = version
    self.hasTopic = hasTopic
  }

  init(rawValue: UInt64) {
    key = Int(rawValue & 0xffff)
    version = Int(rawValue >> 16 & 0xffff)
    hasTopic = rawValue >> 32 & 1 == 1
  }

  var rawValue: UInt64 { UInt64(key) | UInt64(version) << 16 | (hasTopic ? 1 << 32 : 0) }
}

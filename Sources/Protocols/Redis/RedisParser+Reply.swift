// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension RedisParser {
  /// Longest text of an error that is kept, bytes.
  private static let errorLimit = 256
  private static let simpleLimit = 32

  mutating func nextReply(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    // A master that prepares its snapshot says so with empty lines.
    if awaitsSync && bytes[0] == 0x0a { return .skip(1) }
    if awaitsSync, let step = nextSyncReply(bytes, isFinal: isFinal, on: &desk) {
      return step
    }
    // An array is told by its front; what goes on behind that is walked over.
    let isSimple = Self.isLine(bytes[0])
    let window = isSimple ? bytes : bytes.extracting(first: Self.reach)
    var walk = RedisWalk()
    walk.begin(1)
    guard case .by(let moved) = walk.advance(window) else {
      throw ParseError(at: 0, expected: "a reply")
    }
    let end = walk.rest.map { moved + $0 }
    let isCut = end == nil && (isSimple || bytes.count < Self.reach)
    // Which of the server's own messages this is, is said by its first element.
    if (isCut || bytes.count < min(end ?? 0, 256)) && !isFinal { return .needMore() }
    if isMonitoring, bytes[0] == 0x2b, bytes.count > 1, bytes[1] >= 0x30, bytes[1] <= 0x39 {
      return .skip(end ?? bytes.count)
    }
    // Nor is what answers a command that was not seen.
    if isUnasked(window) || desk.oldest == .nothing {
      if let end { return .skip(end) }
      if isCut { return .skip(bytes.count) }
      walks[1] = walk
      walkIsUnasked = true
      return .skip(moved)
    }
    desk.message = Message(.response)
    // Attributes stand before the value that answers.
    let start = bytes[0] == 0x7c ? RedisFrame.valueStart(window) : 0
    if start < window.count {
      describe(
        window.extracting(droppingFirst: start), (end ?? window.count) - start, on: &desk)
    }
    if let error = walk.errorPlace, error > start {
      // As EXEC answers when a command of it failed.
      describe(
        window.extracting(droppingFirst: error), window.count - error, on: &desk)
    }
    if let end {
      desk.message.length = Int64(end)
      return .message(.bytes(end))
    }
    walkIsExecution = desk.oldest.note == Self.execution
    if walkIsExecution { desk.message.isEndSeen = desk.message.status != .ok }
    if isCut {
      desk.message.flags.insert(.truncated)
      return .message(.untilTurn)
    }
    walks[1] = walk
    walkIsUnasked = false
    walkError = []
    return .message(.head(moved))
  }

  /// Whether values of this type are a line.
  private static func isLine(_ type: UInt8) -> Bool {
    switch type {
    case 0x2b, 0x2d, 0x3a, 0x5f, 0x23, 0x2c, 0x28: true  // + - : _ # , (
    default: false
    }
  }

  /// The answer to PSYNC or SYNC, behind which come a snapshot and commands that nobody answers; nil for
  /// one to a request before it, or an error.
  private mutating func nextSyncReply(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) -> ParseStep? {
    guard desk.waiting == 1 else { return nil }
    guard bytes[0] == 0x2b || bytes[0] == 0x24 else {
      awaitsSync = false
      return nil
    }
    guard let end = RedisFrame.lineEnd(bytes, from: 0) else {
      return isFinal ? nil : .needMore()
    }
    awaitsSync = false
    isReplicating = true
    desk.message = Message(.response)
    desk.message.length = Int64(end)
    describe(bytes.extracting(first: end), end, on: &desk)
    return .message(.bytes(end))
  }

  private mutating func isUnasked(_ bytes: Span<UInt8>) -> Bool {
    guard bytes[0] == 0x3e || (bytes[0] == 0x2a && isSubscribed) else { return false }
    switch origin(bytes) {
    case .confirmation: return false
    case .unasked: return true
    case .reply: return bytes[0] == 0x3e
    }
  }

  private enum Origin { case reply, confirmation, unasked }

  /// Tells what a subscriber was sent. Every channel of a command is confirmed on its own; the first
  /// confirmation is taken for the response.
  private mutating func origin(_ bytes: Span<UInt8>) -> Origin {
    guard case .value(let elements, let next) = RedisFrame.count(bytes, at: 1), elements >= 1,
      let kind = RedisFrame.text(bytes, at: next)
    else { return .reply }
    for confirmation in RedisConfirmation.allCases
    where RedisCommand.equals(bytes, kind, confirmation.name) {
      if isLastChannel(bytes, behind: kind) { isSubscribed = false }
      guard expectedConfirmations[confirmation.rawValue] > 0 else { return .unasked }
      expectedConfirmations[confirmation.rawValue] -= 1
      return .confirmation
    }
    for name in ["MESSAGE", "PMESSAGE", "SMESSAGE"] as [StaticString]
    where RedisCommand.equals(bytes, kind, name) {
      return .unasked
    }
    return .reply
  }

  /// Whether a confirmation says that no channel is left: `:0` behind the channel's name.
  private func isLastChannel(_ bytes: Span<UInt8>, behind kind: Range<Int>) -> Bool {
    let channel = kind.upperBound + 2
    guard channel < bytes.count, bytes[channel] == 0x24 || bytes[channel] == 0x5f else {
      return false
    }
    var next = min(channel + 3, bytes.count)
    if bytes[channel] == 0x24 {
      guard case .value(let length, let start) = RedisFrame.count(bytes, at: channel + 1) else {
        return false
      }
      next = length < 0 ? start : start + length + 2
    }
    return next + 3 <= bytes.count && bytes.hasPrefix(":0\r", at: next)
  }

  /// Keeps the first error of an array, of which no more than a text's length is looked at.
  mutating func keep(error bytes: Span<UInt8>, at place: Int) {
    walkError.removeAll()
    for index in place..<min(bytes.count, place + Self.errorLimit + 16) {
      walkError.append(bytes[index])
    }
  }

  func describe(
    _ bytes: Span<UInt8>, _ length: Int, on desk: inout Desk
  ) {
    switch bytes[0] {
    case 0x2d:
      desk.message.status = .serverError
      let (text, isCut) = Self.line(bytes, length, Self.errorLimit)
      desk.message.texts.responseException = RedisErrorText.append(
        bytes, text, isCut: isCut, into: &desk.fields)
    case 0x21:
      desk.message.status = .serverError
      if case .value(let count, let next) = RedisFrame.count(bytes, at: 1), count >= 0 {
        let end = min(next + min(count, Self.errorLimit - 16), bytes.count)
        desk.message.texts.responseException = RedisErrorText.append(
          bytes, min(next, end)..<end, isCut: end < next + count, into: &desk.fields)
      }
    case 0x2b: desk.message.texts.responseResult = Self.simple(bytes, length, into: &desk.fields)
    case 0x3a: desk.message.texts.responseResult = desk.fields.append("integer")
    case 0x24:
      let isNull = bytes.count > 1 && bytes[1] == 0x2d
      desk.message.texts.responseResult =
        isNull ? desk.fields.append("null") : desk.fields.append("bulk string")
    case 0x2a: desk.message.texts.responseResult = desk.fields.append("array")
    case 0x5f: desk.message.texts.responseResult = desk.fields.append("null")
    case 0x23: desk.message.texts.responseResult = desk.fields.append("boolean")
    case 0x2c: desk.message.texts.responseResult = desk.fields.append("double")
    case 0x28: desk.message.texts.responseResult = desk.fields.append("big number")
    case 0x3d: desk.message.texts.responseResult = desk.fields.append("verbatim string")
    case 0x25: desk.message.texts.responseResult = desk.fields.append("map")
    case 0x7e: desk.message.texts.responseResult = desk.fields.append("set")
    case 0x3e: desk.message.texts.responseResult = desk.fields.append("push")
    default: break
    }
  }

  /// The line without its type and its end, at most `limit` bytes; whether there are more.
  private static func line(
    _ bytes: Span<UInt8>, _ length: Int, _ limit: Int
  ) -> (Range<Int>, isCut: Bool) {
    var end = 1
    while end < min(length, bytes.count), bytes[end] != 0x0d, bytes[end] != 0x0a { end += 1 }
    let isCut = end > 1 + limit || end == bytes.count
    return (1..<min(end, 1 + limit), isCut)
  }

  /// A status that servers give. Others are a script's, and may be anything.
  private static func simple(
    _ bytes: Span<UInt8>, _ length: Int, into fields: inout FieldBuffer
  ) -> Text {
    let (text, _) = line(bytes, length, simpleLimit)
    guard fields.privacy.hidesRedisValues else { return fields.append(bytes.clipped(text)) }
    var wordEnd = text.lowerBound
    while wordEnd < text.upperBound, bytes[wordEnd] != 0x20 { wordEnd += 1 }
    let word = text.lowerBound..<wordEnd
    let statuses: [StaticString] = [
      "OK", "PONG", "QUEUED", "RESET", "FULLRESYNC", "CONTINUE", "Background", "string", "list",
      "set", "zset", "hash", "stream", "none", "NOAUTH",
    ]
    for status in statuses where RedisCommand.isSame(bytes, word, status) {
      return fields.append(bytes.clipped(bytes[word.lowerBound] == 0x42 ? text : word))
    }
    return fields.append("simple string")
  }
}

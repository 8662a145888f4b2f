// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension RedisParser {
  /// Bytes of a command that its texts are made of, at most: a text is shorter than this.
  static let reach = 4_096

  mutating func nextRequest(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if bytes[0] != 0x2a { return try nextInline(bytes, isFinal: isFinal, on: &desk) }
    let elements: Int
    let start: Int
    switch RedisFrame.count(bytes, at: 1) {
    case .needMore: return isFinal ? .skip(bytes.count) : .needMore()
    case .malformed: throw ParseError(at: 0, expected: "an element count")
    case .value(let count, let next):
      guard count <= 1 << 20 else { throw ParseError(at: 0, expected: "an element count") }
      // An empty command is passed over by the server.
      if count <= 0 { return .skip(next) }
      (elements, start) = (count, next)
    }
    // Whatever the view, the command is told by the same bytes of it.
    let window = bytes.extracting(first: Self.reach)
    let (length, seen) = try Self.extent(of: elements, window, from: start)
    let isCut = bytes.count < min(length ?? .max, Self.reach)
    if isCut && !isFinal { return .needMore() }
    desk.message = Message(.request)
    if isCut { desk.message.flags.insert(.truncated) }
    if let length { desk.message.length = Int64(length) }
    if seen > 0, let name = RedisFrame.text(window, at: start) {
      var arguments = RedisArguments(window, from: start, elements: elements)
      _ = arguments.next()
      let command = RedisCommand.named(window, at: name)
      if apply(command, window, arguments, &desk.message) == .unanswered, let length {
        return .skip(length)
      }
      describe(window, name, arguments, command, on: &desk)
    } else {
      // The command's name itself was cut, or is none: a request all the same.
      desk.message.flags.insert(.truncated)
      _ = apply(nil, window, RedisArguments(window, from: start, elements: 0), &desk.message)
    }
    if let length { return .message(.bytes(length)) }
    if isCut { return .message(.untilTurn) }
    // Its arguments go on, as far as it likes.
    walks[0].begin(elements)
    guard case .by(let moved) = walks[0].advance(window.extracting(droppingFirst: start)) else {
      throw ParseError(at: start, expected: "a bulk string")
    }
    return .message(.head(start + moved))
  }

  /// How far a command reaches (nil when the view does not say) and how many of its elements begin
  /// in view.
  private static func extent(
    of elements: Int, _ bytes: Span<UInt8>, from start: Int
  ) throws(ParseError) -> (length: Int?, seen: Int) {
    var index = start
    for element in 0..<elements {
      guard index < bytes.count else { return (nil, element) }
      guard bytes[index] == 0x24 else { throw ParseError(at: index, expected: "a bulk string") }
      switch RedisFrame.count(bytes, at: index + 1) {
      case .needMore: return (nil, element)
      case .malformed: throw ParseError(at: index, expected: "the length of a bulk string")
      case .value(let length, let next):
        guard length >= 0, length <= RedisFrame.longestBulk else {
          throw ParseError(at: index, expected: "the length of a bulk string")
        }
        index = next + length + 2
      }
    }
    return (index, elements)
  }

  private func describe(
    _ bytes: Span<UInt8>, _ name: Range<Int>, _ arguments: consuming RedisArguments,
    _ command: RedisCommand?, on desk: inout Desk
  ) {
    let isName = Self.isName(bytes, name)
    let type = desk.fields.mark
    for index in name.prefix(isName ? 64 : 0) { desk.fields.push(RedisCommand.upper(bytes[index])) }
    if !isName { desk.fields.push(0x3f) }
    desk.message.texts.requestType = desk.fields.finish(from: type)
    var key = 0..<0
    desk.message.mayBlock = command?.mayBlock ?? false
    let mark = desk.fields.mark
    if isName { desk.fields.push(bytes.clipped(name)) } else { desk.fields.push(0x3f) }
    // Of a command that is not known, nothing is shown but its name.
    var mask = hidesAll ? .from(1) : command?.mask ?? .from(1)
    if !desk.fields.privacy.hidesRedisValues, command?.holdsPassword != true { mask = .nothing }
    var number = 0
    while desk.fields.mark - mark <= FieldBuffer.textLimit, let argument = arguments.next() {
      number += 1
      if number == 1 { key = argument }
      if case .from(let first) = mask, number >= first {
        desk.fields.push(" ?")
        break
      }
      desk.fields.push(0x20)
      if RedisCommand.hides(number, of: mask, bytes, argument) {
        desk.fields.push(0x3f)
      } else {
        desk.fields.push(bytes.clipped(argument))
      }
    }
    desk.message.texts.requestResource = desk.fields.finish(from: mark)
    describe(key: key, of: command, bytes, on: &desk)
  }

  /// The endpoint: the command and its first argument by its pattern, `GET user:?`; the command alone where
  /// that is the users' data.
  private func describe(
    key: Range<Int>, of command: RedisCommand?, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.message.texts.endpoint = desk.message.texts.requestType
    guard let command, !hidesAll, (1...128).contains(key.count),
      !RedisCommand.hides(1, of: command.mask, bytes, key)
    else { return }
    let mark = desk.fields.mark
    desk.fields.push(command.name)
    desk.fields.push(0x20)
    desk.fields.push(patternOf: bytes.clipped(key))
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
  }

  /// Whether the bytes may be a command's name: what else stands in its place may be anything.
  private static func isName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count <= 64 else { return false }
    for index in range {
      switch bytes[index] {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x3a, 0x7c: continue
      default: return false
      }
    }
    return true
  }

  private enum Answer {
    case expected
    /// The command is a part of the replication, and nobody answers it.
    case unanswered
  }

  /// Notes what the command changes for the messages to come.
  private mutating func apply(
    _ command: RedisCommand?, _ bytes: Span<UInt8>, _ arguments: consuming RedisArguments,
    _ message: inout Message
  ) -> Answer {
    switch command?.effect {
    case .confirmed(let kind):
      expectedConfirmations[kind.rawValue] &+= 1
      isSubscribed = true
    case .monitor: isMonitoring = true
    case .replication: awaitsSync = true
    case .acknowledgement:
      if let word = arguments.next(), RedisCommand.equals(bytes, word, "ACK") {
        isReplicating = true
        return .unanswered
      }
    case .reset:
      isSubscribed = false
      isMonitoring = false
      repliesAreOff = false
    case .client: applyClientReply(bytes, arguments)
    case .execution: message.note = Self.execution
    case Optional.none, .some(.none): break
    }
    if repliesAreOff || repliesToSkip > 0 { message.kind = .session }
    repliesToSkip = max(0, repliesToSkip - 1)
    return .expected
  }

  private mutating func applyClientReply(
    _ bytes: Span<UInt8>, _ arguments: consuming RedisArguments
  ) {
    guard let subcommand = arguments.next(), RedisCommand.equals(bytes, subcommand, "REPLY"),
      let mode = arguments.next()
    else { return }
    if RedisCommand.equals(bytes, mode, "ON") {
      repliesAreOff = false
      repliesToSkip = 0
    }
    if RedisCommand.equals(bytes, mode, "OFF") { repliesAreOff = true }
    if RedisCommand.equals(bytes, mode, "SKIP"), !repliesAreOff { repliesToSkip = 2 }
  }

  /// A command as a line of words.
  private mutating func nextInline(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    var start = 0
    while start < bytes.count, bytes[start] <= 0x20 { start += 1 }
    if start == bytes.count { return .skip(start) }
    var nameEnd = start
    while nameEnd < bytes.count, bytes[nameEnd] > 0x20 { nameEnd += 1 }
    let isCut = nameEnd == bytes.count
    guard nameEnd - start <= 24 else { throw ParseError(at: start, expected: "a command") }
    if isCut && !isFinal { return .needMore() }
    // The name may be quoted, too.
    var arguments = RedisArguments(line: bytes.extracting(first: nameEnd))
    guard let name = arguments.next(), let command = RedisCommand.named(bytes, at: name) else {
      throw ParseError(at: start, expected: "a command")
    }
    let end = RedisFrame.lineEnd(bytes, from: nameEnd)
    // The server's limit for such a line is 64 KiB (PROTO_INLINE_MAX_SIZE).
    if end == nil && !isFinal && bytes.count < 1 << 16 { return .needMore() }
    let length = end ?? bytes.count
    desk.message = Message(.request)
    desk.message.length = Int64(length)
    let line = bytes.extracting(first: min(length, Self.reach))
    var words = RedisArguments(line: line)
    _ = words.next()
    // Behind lost bytes it may be the inside of a value that reads like a command.
    hidesAll = desk.mayBeInside
    defer { hidesAll = false }
    if apply(command, line, words, &desk.message) == .unanswered { return .skip(length) }
    describe(line, name, words, command, on: &desk)
    return .message(.bytes(length))
  }
}

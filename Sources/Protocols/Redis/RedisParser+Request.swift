// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension RedisParser {
  /// Bytes of a command that its texts are made of, at most: a text is shorter than this.
  private static let textReach = 4_096

  mutating func nextRequest(
    _ bytes: Span<UInt8>, isFinal: Bool, into message: inout Message, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    if bytes[0] != 0x2a { return try nextInline(bytes, isFinal: isFinal, into: &message, &fields) }
    let elements: Int
    let start: Int
    switch RedisFrame.count(bytes, at: 1) {
    case .needMore: return isFinal ? .skip(bytes.count) : .needMore
    case .malformed: throw ParseError(at: 0, expected: "an element count")
    case .value(let count, let next):
      guard count <= 1 << 20 else { throw ParseError(at: 0, expected: "an element count") }
      // An empty command is passed over by the server.
      if count <= 0 { return .skip(next) }
      (elements, start) = (count, next)
    }
    let (length, seen) = try Self.extent(of: elements, bytes, from: start)
    let wanted = length.map { min($0, Self.textReach) } ?? Int.max
    if bytes.count < wanted && !isFinal { return .needMore }
    // Whatever the view, the command is told by the same bytes of it.
    let reach = bytes.extracting(first: Self.textReach)
    guard seen > 0, let name = RedisFrame.text(reach, at: start) else {
      // The command's name itself was cut, or is none: a request all the same.
      message = Message(repliesAreOff ? .session : .request)
      message.flags.insert(.truncated)
      return .message(length.map { .bytes($0) } ?? .untilTurn)
    }
    message = Message(.request)
    let command = RedisCommand.named(reach, at: name)
    describe(reach, start, elements, name, command, &message, into: &fields)
    if let length { message.length = Int64(length) }
    if bytes.count < wanted { message.flags.insert(.truncated) }
    apply(command, reach, start, elements, &message)
    return .message(length.map { .bytes($0) } ?? .untilTurn)
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
    _ bytes: Span<UInt8>, _ start: Int, _ elements: Int, _ name: Range<Int>,
    _ command: RedisCommand?, _ message: inout Message, into fields: inout FieldBuffer
  ) {
    let endpoint = fields.mark
    for index in name.prefix(64) { fields.push(RedisCommand.upper(bytes[index])) }
    message.texts.endpoint = fields.finish(from: endpoint)
    message.texts.requestType = message.texts.endpoint
    message.mayBlock = command?.mayBlock ?? false
    let mark = fields.mark
    fields.push(bytes.clipped(name))
    var index = name.upperBound + 2
    // Of a command that is not known, nothing is shown but its name.
    let mask = command?.mask ?? .from(1)
    for argument in 1..<max(1, elements) {
      if fields.mark - mark > FieldBuffer.textLimit { break }
      if case .from(let first) = mask, argument >= first {
        fields.push(" ?")
        break
      }
      guard
        case .value(let length, let next) = RedisFrame.count(bytes, at: min(index + 1, bytes.count))
      else { break }
      fields.push(0x20)
      if Self.isHidden(argument, mask) {
        fields.push(0x3f)
      } else {
        fields.push(bytes.clipped(from: next, to: next + length))
      }
      index = next + length + 2
    }
    message.texts.requestResource = fields.finish(from: mark)
  }

  private static func isHidden(_ argument: Int, _ mask: RedisCommand.Mask) -> Bool {
    switch mask {
    case .nothing, .from: false
    case .only(let place): argument == place
    case .everySecond(let first): argument >= first && (argument - first).isMultiple(of: 2)
    }
  }

  /// Notes what the command changes for the messages to come.
  private mutating func apply(
    _ command: RedisCommand?, _ bytes: Span<UInt8>, _ start: Int, _ elements: Int,
    _ message: inout Message
  ) {
    switch command?.effect {
    case .confirmed(let kind):
      expectedConfirmations[kind.rawValue] &+= 1
      isSubscribed = true
    case .monitor: isMonitoring = true
    case .replication: isReplicating = true
    case .reset:
      isSubscribed = false
      isMonitoring = false
      repliesAreOff = false
    case .client: applyClientReply(bytes, start, elements)
    case Optional.none, .some(.none): break
    }
    if repliesAreOff || repliesToSkip > 0 { message.kind = .session }
    repliesToSkip = max(0, repliesToSkip - 1)
  }

  private mutating func applyClientReply(_ bytes: Span<UInt8>, _ start: Int, _ elements: Int) {
    guard elements == 3, let name = RedisFrame.text(bytes, at: start),
      let subcommand = RedisFrame.text(bytes, at: name.upperBound + 2),
      RedisCommand.equals(bytes, subcommand, "REPLY"),
      let mode = RedisFrame.text(bytes, at: subcommand.upperBound + 2)
    else { return }
    if RedisCommand.equals(bytes, mode, "ON") { repliesAreOff = false }
    if RedisCommand.equals(bytes, mode, "OFF") { repliesAreOff = true }
    if RedisCommand.equals(bytes, mode, "SKIP") { repliesToSkip = 2 }
  }

  /// A command as a line of words. The words are not unquoted.
  private mutating func nextInline(
    _ bytes: Span<UInt8>, isFinal: Bool, into message: inout Message, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    var start = 0
    while start < bytes.count, bytes[start] <= 0x20 { start += 1 }
    if start == bytes.count { return .skip(start) }
    var nameEnd = start
    while nameEnd < bytes.count, bytes[nameEnd] > 0x20 { nameEnd += 1 }
    let isCut = nameEnd == bytes.count
    guard nameEnd - start <= 20 else { throw ParseError(at: start, expected: "a command") }
    if isCut && !isFinal { return .needMore }
    guard let command = RedisCommand.named(bytes, at: start..<nameEnd) else {
      throw ParseError(at: start, expected: "a command")
    }
    let end = RedisFrame.lineEnd(bytes, from: nameEnd)
    // The server's limit for such a line is 64 KiB (PROTO_INLINE_MAX_SIZE).
    if end == nil && !isFinal && bytes.count < 1 << 16 { return .needMore }
    let length = end ?? bytes.count
    message = Message(.request)
    let mark = fields.mark
    for index in start..<nameEnd { fields.push(RedisCommand.upper(bytes[index])) }
    message.texts.endpoint = fields.finish(from: mark)
    message.texts.requestType = message.texts.endpoint
    let resource = fields.mark
    fields.push(bytes.clipped(from: start, to: nameEnd))
    var argument = 0
    var index = nameEnd
    while index < length, fields.mark - resource < FieldBuffer.textLimit {
      while index < length, bytes[index] <= 0x20 { index += 1 }
      let word = index
      while index < length, bytes[index] > 0x20 { index += 1 }
      guard index > word else { break }
      argument += 1
      if case .from(let first) = command.mask, argument >= first {
        fields.push(" ?")
        break
      }
      fields.push(0x20)
      if Self.isHidden(argument, command.mask) {
        fields.push(0x3f)
      } else {
        fields.push(bytes.clipped(from: word, to: index))
      }
    }
    message.texts.requestResource = fields.finish(from: resource)
    message.length = Int64(length)
    message.mayBlock = command.mayBlock
    apply(command, bytes, start, 0, &message)
    return .message(.bytes(length))
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension RedisParser {
  /// Longest text of an error that is kept, bytes.
  private static let errorLimit = 256
  private static let simpleLimit = 32

  mutating func nextReply(
    _ bytes: Span<UInt8>, isFinal: Bool, into message: inout Message, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let end = RedisFrame.end(of: bytes)
    let length: Int
    switch end {
    case .malformed: throw ParseError(at: 0, expected: "a reply")
    case .unseen:
      guard isFinal else { return .needMore }
      length = bytes.count
    case .at(let place): length = place
    }
    if isMonitoring, bytes[0] == 0x2b, bytes.count > 1, bytes[1] >= 0x30, bytes[1] <= 0x39 {
      return .skip(length)
    }
    // Which of the server's own messages this is, is said by its first element.
    let wanted = min(length, 256)
    if bytes.count < wanted && !isFinal { return .needMore }
    if bytes[0] == 0x3e || (bytes[0] == 0x2a && isSubscribed) {
      switch unasked(bytes) {
      case .confirmation: break
      case .unasked: return .skip(length)
      case .reply where bytes[0] == 0x3e: return .skip(length)
      case .reply: break
      }
    }
    message = Message(.response)
    // Attributes stand before the value that answers.
    let start = bytes[0] == 0x7c ? RedisFrame.valueStart(bytes) : 0
    if start < bytes.count {
      describe(
        bytes.extracting(droppingFirst: start), length - start, &message, into: &fields)
    }
    guard case .at = end else {
      message.flags.insert(.truncated)
      return .message(.untilTurn)
    }
    message.length = Int64(length)
    return .message(.bytes(length))
  }

  private enum Origin { case reply, confirmation, unasked }

  /// Tells what a subscriber was sent. Every channel of a command is confirmed on its own; the first
  /// confirmation is taken for the response.
  private mutating func unasked(_ bytes: Span<UInt8>) -> Origin {
    guard case .value(let elements, let next) = RedisFrame.count(bytes, at: 1), elements >= 1,
      let kind = RedisFrame.text(bytes, at: next)
    else { return .reply }
    for confirmation in RedisConfirmation.allCases
    where RedisCommand.equals(bytes, kind, confirmation.name) {
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

  private func describe(
    _ bytes: Span<UInt8>, _ length: Int, _ message: inout Message, into fields: inout FieldBuffer
  ) {
    switch bytes[0] {
    case 0x2d:
      message.status = .serverError
      message.texts.responseException = line(bytes, length, Self.errorLimit, into: &fields)
    case 0x21:
      message.status = .serverError
      if case .value(let count, let next) = RedisFrame.count(bytes, at: 1), count >= 0 {
        let end = min(next + min(count, Self.errorLimit - 16), bytes.count)
        message.texts.responseException = fields.append(
          bytes.clipped(from: next, to: max(next, end)))
      }
    case 0x2b: message.texts.responseResult = line(bytes, length, Self.simpleLimit, into: &fields)
    case 0x3a: message.texts.responseResult = fields.append("integer")
    case 0x24:
      let isNull = bytes.count > 1 && bytes[1] == 0x2d
      message.texts.responseResult = isNull ? fields.append("null") : fields.append("bulk string")
    case 0x2a: message.texts.responseResult = fields.append("array")
    case 0x5f: message.texts.responseResult = fields.append("null")
    case 0x23: message.texts.responseResult = fields.append("boolean")
    case 0x2c: message.texts.responseResult = fields.append("double")
    case 0x28: message.texts.responseResult = fields.append("big number")
    case 0x3d: message.texts.responseResult = fields.append("verbatim string")
    case 0x25: message.texts.responseResult = fields.append("map")
    case 0x7e: message.texts.responseResult = fields.append("set")
    case 0x3e: message.texts.responseResult = fields.append("push")
    default: break
    }
  }

  /// The line without its type and its end.
  private func line(
    _ bytes: Span<UInt8>, _ length: Int, _ limit: Int, into fields: inout FieldBuffer
  ) -> Text {
    var end = min(length, bytes.count)
    while end > 1, bytes[end - 1] == 0x0a || bytes[end - 1] == 0x0d { end -= 1 }
    return fields.append(bytes.clipped(from: 1, to: max(1, min(end, 1 + limit))))
  }
}

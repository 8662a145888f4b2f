// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads RocketMQ: each command is a request, unless it says that it wants no answer.
///
/// The type is the name of what is asked for, the domain the group, the resource the topic. Of messages
/// nothing is told but ids: the client's, a hash of the users' keys, and those of a trace.
struct RocketMQParser: ProtocolParser {
  /// Bytes of a command that are looked at, at most; of a header that is longer nothing is told.
  static let reach = 16_384

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard bytes.count >= RocketMQFrame.size else {
      if desk.mayBeInside { throw ParseError(at: 0, expected: "a command") }
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: RocketMQFrame.size)
    }
    guard let frame = RocketMQFrame(bytes) else { throw ParseError(at: 0, expected: "a command") }
    if frame.isJSON, bytes.count > RocketMQFrame.size,
      bytes[RocketMQFrame.size] != UInt8(ascii: "{")
    {
      throw ParseError(at: RocketMQFrame.size, expected: "a header")
    }
    let wanted = min(frame.length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    let headerEnd = RocketMQFrame.size + frame.headerCount
    guard let header = RocketMQHeader(window, frame) else {
      guard headerEnd > window.count else {
        throw ParseError(at: RocketMQFrame.size, expected: "a header")
      }
      return .skip(frame.length)
    }
    if desk.mayBeInside, !header.isResponse, RocketMQCode.request(header.code) == nil {
      throw ParseError(at: RocketMQFrame.size, expected: "a command that is known")
    }
    desk.message = Message(header.isResponse ? .response : header.isOneWay ? .session : .request)
    desk.message.length = Int64(frame.length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    desk.message.exchange = UInt64(header.opaque)
    desk.message.requestID = UInt64(header.opaque)
    if header.isResponse {
      describeAnswer(header, window, headerEnd, on: &desk)
    } else {
      if side == .server { desk.message.isPush = true }
      // A pull waits at the broker until there is something.
      desk.message.mayBlock = header.code == 11 || header.code == 361 || header.code == 200_050
      describe(header, window, on: &desk)
    }
    let isSent = !header.properties.isEmpty
    let range = isSent ? header.properties : RocketMQProperties.ofStored(window, at: headerEnd)
    if let range {
      let properties = RocketMQProperties(window, range, isJSON: isSent && frame.isJSON)
      describe(properties, window, on: &desk)
    }
    return .message(.bytes(frame.length))
  }

  private func append(
    _ name: StaticString, _ range: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.fields.append(attribute: name, bytes.clipped(range), to: &desk.message.attributes)
  }

  private func describe(_ header: RocketMQHeader, _ bytes: Span<UInt8>, on desk: inout Desk) {
    let type = desk.fields.mark
    push(header.code, into: &desk.fields)
    desk.message.texts.requestType = desk.fields.finish(from: type)
    desk.message.texts.requestDomain = desk.fields.append(bytes, at: header.group)
    desk.message.texts.requestResource = desk.fields.append(bytes, at: header.topic)
    let endpoint = desk.fields.mark
    push(header.code, into: &desk.fields)
    if !header.topic.isEmpty {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: bytes.clipped(header.topic))
    }
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    append("rocketmq.topic", header.topic, bytes, on: &desk)
    append("rocketmq.group", header.group, bytes, on: &desk)
    append("rocketmq.queue_id", header.queue, bytes, on: &desk)
    append("rocketmq.queue_offset", header.offset, bytes, on: &desk)
  }

  private func push(_ code: Int, into fields: inout FieldBuffer) {
    if let name = RocketMQCode.request(code) { return fields.push(name) }
    fields.push("code ")
    fields.push(decimal: UInt64(code))
  }

  private func describeAnswer(
    _ header: RocketMQHeader, _ bytes: Span<UInt8>, _ headerEnd: Int, on desk: inout Desk
  ) {
    desk.message.code = Int32(truncatingIfNeeded: header.code)
    desk.message.status = RocketMQCode.status(header.code)
    let mark = desk.fields.mark
    if let name = RocketMQCode.response(header.code) {
      desk.fields.push(name)
    } else {
      desk.fields.push("code ")
      desk.fields.push(decimal: UInt64(header.code))
    }
    let name = desk.fields.finish(from: mark)
    if desk.message.status == .ok {
      desk.message.texts.responseResult = name
    } else if header.remark.isEmpty {
      desk.message.texts.responseException = name
    } else {
      desk.message.texts.responseException = desk.fields.append(
        errorText: bytes, at: header.remark, .values)
    }
    append("rocketmq.message_id", header.messageID, bytes, on: &desk)
    append("rocketmq.queue_offset", header.offset, bytes, on: &desk)
  }

  private func describe(
    _ properties: RocketMQProperties, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    append("rocketmq.unique_key", properties.uniqueKey, bytes, on: &desk)
    append("rocketmq.tags", properties.tags, bytes, on: &desk)
    if !properties.keys.isEmpty {
      // Keys are the users' data: equal ones have equal hashes.
      let hash = DecimalDigits(nameHash(bytes, properties.keys))
      desk.fields.append(
        attribute: "rocketmq.keys_hash", hash.span, to: &desk.message.attributes)
    }
    properties.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
  }
}

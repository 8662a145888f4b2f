// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads AMQP 0-9-1: a method that is answered is a request, what is published, delivered and acknowledged
/// is one-way. Requests are found by channel and method.
///
/// The resource is where a message goes (`exchange.routing_key`) or the queue, the domain the virtual
/// host. Of messages nothing is told but their ids, the ids of traces and their size.
struct AMQPParser: ProtocolParser {
  /// Bytes of a frame that are looked at, at most.
  static let reach = 8_192
  private static let longestName = 128

  private var virtualHost: [UInt8] = []
  /// The method of each channel that waits, of a few channels: what closes a channel answers it.
  private var waiting: [(channel: UInt16, method: UInt32)] = []
  private static let waitingChannels = 32

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if bytes[0] == UInt8(ascii: "A") { return try protocolHeader(bytes, view.isFinal, on: &desk) }
    guard bytes.count >= AMQPFrame.headSize else {
      if desk.mayBeInside { throw ParseError(at: 0, expected: "a frame") }
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: AMQPFrame.headSize)
    }
    guard let frame = AMQPFrame(bytes) else { throw ParseError(at: 0, expected: "a frame") }
    let isWhole = bytes.count >= frame.length
    if isWhole, bytes[frame.length - 1] != AMQPFrame.end {
      throw ParseError(at: frame.length - 1, expected: "the end of a frame")
    }
    guard frame.kind == .method else {
      if desk.mayBeInside, !isWhole { throw ParseError(at: 0, expected: "a frame") }
      return .skip(frame.length)
    }
    guard bytes.count >= 11 || view.isFinal else { return .needMore(atLeast: 11) }
    guard let method = AMQPMethod(bytes, frame), method.sender ?? side == side else {
      throw ParseError(at: AMQPFrame.headSize, expected: "a method")
    }
    var wanted = min(frame.length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    var length = frame.length
    var header: (place: Int, frame: AMQPFrame)?
    if method.hasContent, isWhole || !view.isFinal {
      // The header of the message is the next frame of the channel, mostly the next one.
      guard bytes.count >= length + AMQPFrame.headSize || view.isFinal else {
        return .needMore(atLeast: length + AMQPFrame.headSize)
      }
      if let next = AMQPFrame(bytes, at: length), next.kind == .header,
        next.channel == frame.channel
      {
        wanted = length + min(next.length, Self.reach)
        if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
        header = (length, next)
        length += next.length
      }
    }
    let window = bytes.clipped(from: 0, to: wanted)
    return read(method, frame, window, header, length, side, isCut: bytes.count < wanted, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) { waiting.removeAll() }

  /// By which a method of a channel is found by its answer.
  private static func key(_ channel: UInt16, _ method: UInt32) -> UInt64 {
    UInt64(channel) << 32 | UInt64(method)
  }

  private func protocolHeader(
    _ bytes: Span<UInt8>, _ isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard bytes.hasPrefix("AMQP", at: 0) else {
      throw ParseError(at: 0, expected: "the protocol's name")
    }
    guard bytes.count >= AMQPFrame.protocolHeaderSize else {
      return isFinal ? .skip(bytes.count) : .needMore(atLeast: AMQPFrame.protocolHeaderSize)
    }
    return .skip(AMQPFrame.protocolHeaderSize)
  }

  private mutating func read(
    _ method: AMQPMethod, _ frame: AMQPFrame, _ bytes: Span<UInt8>,
    _ header: (place: Int, frame: AMQPFrame)?, _ length: Int, _ side: Side, isCut: Bool,
    on desk: inout Desk
  ) -> ParseStep {
    let arguments = AMQPArguments(method, frame, in: bytes)
    // A channel is closed in place of an answer.
    if let code = arguments.code, code != 200, side == .server,
      let asked = takeWaiting(method, frame.channel)
    {
      desk.message = Message(.response)
      desk.message.exchange = Self.key(asked.channel, asked.method)
      Self.write(code, arguments.text, bytes, on: &desk)
      return .message(.bytes(0))
    }
    desk.message = Message(.session)
    desk.message.length = Int64(length)
    if isCut { desk.message.flags.insert(.truncated) }
    switch method.role {
    case .oneWay: break
    case .request:
      if !arguments.isNoWait {
        desk.message.kind = .request
        desk.message.exchange = Self.key(frame.channel, method.number)
        desk.message.note = UInt64(arguments.code ?? 0)
        if side == .client, arguments.code == nil { remember(frame.channel, method.number) }
      }
    case .answer(let asked):
      let number = UInt32(method.classNumber) << 16 | UInt32(asked)
      let key = Self.key(frame.channel, number)
      guard let request = desk.asked(key) else { return .lookUp(key) }
      desk.message.kind = .response
      desk.message.exchange = key
      waiting.removeAll { $0.channel == frame.channel && $0.method == number }
      if let code = request.note, code > 0 {
        desk.message.code = Int32(code)
        desk.message.status = Self.status(UInt16(truncatingIfNeeded: code))
      }
    }
    if !arguments.virtualHost.isEmpty {
      virtualHost.removeAll(keepingCapacity: true)
      for index in arguments.virtualHost.prefix(Self.longestName) {
        virtualHost.append(bytes[index])
      }
    }
    if desk.message.kind != .response {
      describe(method, arguments, bytes, side, on: &desk)
    } else if method.number != AMQPMethod.getOK {
      append("amqp.queue", arguments.queue, bytes, on: &desk)
    } else {
      append("amqp.exchange", arguments.exchange, bytes, on: &desk)
      append("amqp.routing_key", arguments.routingKey, bytes, on: &desk)
    }
    if let header {
      describe(AMQPProperties(bytes, header.frame, at: header.place), bytes, on: &desk)
    }
    return .message(.bytes(length))
  }

  /// Remembers what a channel waits for.
  private mutating func remember(_ channel: UInt16, _ method: UInt32) {
    waiting.removeAll { $0.channel == channel }
    if waiting.count == Self.waitingChannels { waiting.removeFirst() }
    waiting.append((channel, method))
  }

  private mutating func takeWaiting(
    _ method: AMQPMethod, _ channel: UInt16
  ) -> (channel: UInt16, method: UInt32)? {
    guard method.number == AMQPMethod.channelClose || method.number == AMQPMethod.connectionClose,
      let index = waiting.firstIndex(where: {
        method.number == AMQPMethod.connectionClose || $0.channel == channel
      })
    else { return nil }
    return waiting.remove(at: index)
  }

  static func status(_ code: UInt16) -> ResponseStatus {
    switch code {
    case 200: .ok
    // Forced by an operator, out of resources, an error inside.
    case 320, 506, 541: .serverError
    default: .clientError
    }
  }

  static func write(
    _ code: UInt16, _ text: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.message.code = Int32(code)
    desk.message.status = status(code)
    desk.message.texts.responseException = desk.fields.append(freeText: bytes, at: text)
  }

  private func append(
    _ name: StaticString, _ range: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.fields.append(attribute: name, bytes.clipped(range), to: &desk.message.attributes)
  }

  private func describe(
    _ method: AMQPMethod, _ arguments: AMQPArguments, _ bytes: Span<UInt8>, _ side: Side,
    on desk: inout Desk
  ) {
    if side == .server { desk.message.isPush = true }
    desk.message.texts.version = desk.fields.append("0-9-1")
    desk.message.texts.requestType = desk.fields.append(method.name)
    desk.message.texts.requestDomain = desk.fields.append(virtualHost.span)
    let hasPlace = !arguments.exchange.isEmpty || !arguments.routingKey.isEmpty
    let first = hasPlace && arguments.queue.isEmpty ? arguments.exchange : arguments.queue
    let second = hasPlace && arguments.queue.isEmpty ? arguments.routingKey : 0..<0
    let resource = desk.fields.mark
    desk.fields.push(bytes.clipped(first))
    if !first.isEmpty, !second.isEmpty { desk.fields.push(UInt8(ascii: ".")) }
    desk.fields.push(bytes.clipped(second))
    desk.message.texts.requestResource = desk.fields.finish(from: resource)
    let endpoint = desk.fields.mark
    desk.fields.push(method.name)
    if !first.isEmpty || !second.isEmpty {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: bytes.clipped(first))
      if !first.isEmpty, !second.isEmpty { desk.fields.push(UInt8(ascii: ".")) }
      desk.fields.push(patternOf: bytes.clipped(second))
    }
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    append("amqp.exchange", arguments.exchange, bytes, on: &desk)
    append("amqp.routing_key", arguments.routingKey, bytes, on: &desk)
    append("amqp.queue", arguments.queue, bytes, on: &desk)
    append("amqp.consumer_tag", arguments.consumerTag, bytes, on: &desk)
    if let tag = arguments.deliveryTag {
      desk.fields.append(
        attribute: "amqp.delivery_tag", number: Int64(truncatingIfNeeded: tag),
        to: &desk.message.attributes)
    }
    if let code = arguments.code, code != 200 { Self.write(code, arguments.text, bytes, on: &desk) }
  }

  private func describe(
    _ properties: AMQPProperties, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.message.length = Int64(clamping: properties.bodySize)
    append("amqp.message_id", properties.messageID, bytes, on: &desk)
    append("amqp.correlation_id", properties.correlationID, bytes, on: &desk)
    append("amqp.reply_to", properties.replyTo, bytes, on: &desk)
    properties.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
  }
}

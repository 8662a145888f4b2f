// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads Pulsar: commands that are answered are requests, by their id, and what is sent by its producer and
/// its place; all else is one-way.
///
/// The resource is the topic. Of messages nothing is told but where they are kept, a hash of their key, ids of
/// traces and their count.
struct PulsarParser: ProtocolParser {
  /// Bytes of a command, and of what stands in front of a message, that are looked at, at most.
  private static let reach = 8_192
  private static let first: UInt64 = 1 << 62

  private var names = PulsarNames()

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard PulsarFrame.isPossible(bytes) else { throw ParseError(at: 0, expected: "a command") }
    guard let frame = PulsarFrame(bytes) else {
      let headSize = PulsarFrame.headSize(bytes)
      guard bytes.count < headSize, !desk.mayBeInside || !view.isFinal else {
        throw ParseError(at: 0, expected: "a command")
      }
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: headSize)
    }
    guard frame.kind.sender ?? side == side else {
      throw ParseError(at: 9, expected: "a command of this side")
    }
    let wanted = min(frame.length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    let command = PulsarCommand(frame.kind, window, frame.command)
    desk.message = Message(.session)
    desk.message.length = Int64(frame.length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    switch frame.kind.role {
    case .silent: return .skip(frame.length)
    case .answer: answer(frame.kind, command, window, on: &desk)
    case .request, .oneWay:
      if side == .server { desk.message.isPush = true }
      let isAsked = frame.kind.role == .request || frame.kind == .ack
      if isAsked, side == .client, let key = Self.key(frame.kind, command) {
        desk.message.kind = .request
        desk.message.exchange = key
      }
      remember(frame.kind, command, window)
      describe(frame.kind, command, window, on: &desk)
      if frame.kind == .send || frame.kind == .message {
        describe(PulsarMetadata(window, at: frame.rest, to: frame.length), window, on: &desk)
      }
      if frame.kind == .closeProducer, let id = command.producer {
        names.remove(id, isProducer: true)
      }
    }
    return .message(.bytes(frame.length))
  }

  package var heldBytes: Int { 256 + names.heldBytes }

  /// What requests and answers find each other by; nil of what has no answer.
  private static func key(_ kind: PulsarKind, _ command: PulsarCommand) -> UInt64? {
    switch kind {
    case .connect, .connected: first
    case .send, .sendReceipt, .sendError:
      1 << 63 | (command.producer ?? 0) & 0x3f_ffff << 40 | (command.sequence ?? 0) & 0xff_ffff_ffff
    default: command.requestID.map { $0 & 0x3fff_ffff_ffff_ffff }
    }
  }

  private func answer(
    _ kind: PulsarKind, _ command: PulsarCommand, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    // What has gone wrong before there is any request is told of the first.
    desk.message.kind = .response
    let isOfFirst = kind == .error && (command.requestID ?? .max) == .max
    desk.message.exchange = isOfFirst ? Self.first : Self.key(kind, command)
    if let id = command.requestID, !isOfFirst { desk.message.requestID = id }
    if kind == .connected {
      desk.fields.append(
        attribute: "pulsar.server_version", bytes.clipped(command.version),
        to: &desk.message.attributes)
    }
    writeMessage(command, bytes, on: &desk)
    guard let error = command.error else { return }
    desk.message.code = Int32(truncatingIfNeeded: error)
    desk.message.status = PulsarError.status(error)
    desk.message.texts.responseException = desk.fields.append(PulsarError.name(error))
  }

  private func writeMessage(_ command: PulsarCommand, _ bytes: Span<UInt8>, on desk: inout Desk) {
    guard !command.messageID.isEmpty else { return }
    let place = PulsarMessageID(bytes, command.messageID).numbers
    desk.fields.append(
      attribute: "pulsar.message_id", place.span, to: &desk.message.attributes)
  }

  private mutating func remember(
    _ kind: PulsarKind, _ command: PulsarCommand, _ bytes: Span<UInt8>
  ) {
    if kind == .producer, let id = command.producer {
      names.note(id, isProducer: true, bytes.clipped(command.topic), bytes.clipped(0..<0))
    } else if kind == .subscribe, let id = command.consumer {
      names.note(
        id, isProducer: false, bytes.clipped(command.topic), bytes.clipped(command.subscription))
    }
  }

  private func describe(
    _ kind: PulsarKind, _ command: PulsarCommand, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    if kind == .send { desk.message.parts = UInt32(clamping: command.messages) }
    if let id = command.requestID { desk.message.requestID = id }
    desk.message.texts.requestType = desk.fields.append(kind.name)
    let known =
      command.producer.flatMap { names.entry($0, isProducer: true) }
      ?? command.consumer.flatMap { names.entry($0, isProducer: false) }
    if let known, !known.topic.isEmpty {
      write(kind, topic: known.topic.span, known.subscription.span, on: &desk)
    } else {
      write(
        kind, topic: bytes.clipped(command.topic), bytes.clipped(command.subscription), on: &desk)
    }
    if let sequence = command.sequence {
      desk.fields.append(
        attribute: "pulsar.sequence_id", number: Int64(truncatingIfNeeded: sequence),
        to: &desk.message.attributes)
    }
    if kind == .connect {
      desk.fields.append(
        attribute: "pulsar.client_version", bytes.clipped(command.version),
        to: &desk.message.attributes)
    }
    writeMessage(command, bytes, on: &desk)
  }

  private func write(
    _ kind: PulsarKind, topic: Span<UInt8>, _ subscription: Span<UInt8>, on desk: inout Desk
  ) {
    desk.message.texts.requestResource = desk.fields.append(topic)
    let mark = desk.fields.mark
    desk.fields.push(kind.name)
    if topic.count > 0 {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: topic)
    }
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
    desk.fields.append(attribute: "pulsar.topic", topic, to: &desk.message.attributes)
    desk.fields.append(
      attribute: "pulsar.subscription", subscription, to: &desk.message.attributes)
  }

  private func describe(
    _ metadata: PulsarMetadata, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    if let count = metadata.messages { desk.message.parts = UInt32(clamping: count) }
    if !metadata.partitionKey.isEmpty {
      // Keys are the users' data: equal ones have equal hashes.
      let hash = DecimalDigits(nameHash(bytes, metadata.partitionKey))
      desk.fields.append(attribute: "pulsar.key_hash", hash.span, to: &desk.message.attributes)
    }
    metadata.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
  }
}

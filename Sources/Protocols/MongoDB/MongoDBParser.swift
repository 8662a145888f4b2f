// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads MongoDB: each command is a request, each answer a response.
///
/// The type is the command, the domain its database, the resource database and collection, the endpoint
/// all of that by its pattern. Nothing of a document is told but what says how it went.
struct MongoDBParser: ProtocolParser {
  /// Bytes of a message that are looked at: the database stands behind what is stored in some.
  static let reach = 32_768

  /// The id of an answer that the server follows with another one, unasked (`exhaustAllowed`).
  private var followed: UInt32?

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    // Behind lost bytes it is more likely the end of a message than the beginning of one.
    guard bytes.count >= MongoDBHead.size || desk.mayBeInside else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: MongoDBHead.size)
    }
    guard let head = MongoDBHead(bytes) else { throw ParseError(at: 0, expected: "a header") }
    if desk.mayBeInside, MongoDBRecognition.recognize(bytes, side: side) == .no {
      throw ParseError(at: 0, expected: "a header")
    }
    let wanted = min(head.length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    if side == .server, let followed, head.responseTo == followed {
      self.followed = follows(window, head)
      return .skip(head.length)
    }
    desk.message = Message(side == .client ? .request : .response)
    desk.message.length = Int64(head.length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    let id = UInt64(side == .client ? head.requestID : head.responseTo)
    desk.message.exchange = id
    desk.message.requestID = id
    if head.operation == .compressed {
      try readCompressed(window, head, side, on: &desk)
    } else {
      try read(window, MongoDBHead.size, head.operation, head.length, side, on: &desk)
    }
    if side == .server { followed = follows(window, head) }
    return .message(.bytes(head.length))
  }

  package mutating func bytesWereLost(from side: Side) {
    if side == .server { followed = nil }
  }

  private func follows(_ bytes: Span<UInt8>, _ head: MongoDBHead) -> UInt32? {
    guard head.operation == .message, bytes.count >= 20,
      MongoDBFlags(rawValue: bytes.littleEndian32(at: 16)).moreToCome
    else { return nil }
    return head.requestID
  }

  /// Reads what stands at `start` up to `end`, which may be beyond the view.
  private func read(
    _ bytes: Span<UInt8>, _ start: Int, _ operation: MongoDBOperation, _ end: Int, _ side: Side,
    on desk: inout Desk
  ) throws(ParseError) {
    if side == .client {
      guard operation != .reply, operation != .compressed else {
        throw ParseError(at: 12, expected: "a request")
      }
      if operation.isOneWay { desk.message.kind = .session }
      MongoDBCommand.describe(bytes, start, operation, end, on: &desk)
    } else {
      guard operation == .reply || operation == .message else {
        throw ParseError(at: 12, expected: "an answer")
      }
      MongoDBAnswer.describe(bytes, start, operation, end, on: &desk)
    }
  }

  /// OP_COMPRESSED: the operation, the size and the way it is compressed stand in front.
  private func readCompressed(
    _ bytes: Span<UInt8>, _ head: MongoDBHead, _ side: Side, on desk: inout Desk
  ) throws(ParseError) {
    guard bytes.count >= 25 else {
      desk.message.status = .unknown
      return
    }
    let size = Int(bytes.littleEndian32(at: 20))
    guard let operation = MongoDBOperation(rawValue: bytes.littleEndian32(at: 16)),
      size <= MongoDBHead.longest
    else { throw ParseError(at: 16, expected: "an operation") }
    let content = bytes.clipped(from: 25, to: bytes.count)
    switch bytes[24] {
    case 0: try read(bytes, 25, operation, head.length, side, on: &desk)
    case 1:
      let plain = SnappyPrefix.decompress(content, limit: min(size, Self.reach))
      try read(plain.span, 0, operation, size, side, on: &desk)
    case 2:
      let plain = ZlibPrefix.inflate(content, limit: min(size, Self.reach))
      try read(plain.span, 0, operation, size, side, on: &desk)
    default:
      // What it is nobody can say, but that it is one.
      if side == .server { desk.message.status = .unknown }
      if side == .client, operation.isOneWay { desk.message.kind = .session }
      MongoDBCommand.describe(operation, on: &desk)
    }
  }
}

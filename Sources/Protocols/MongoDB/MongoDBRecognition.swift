// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Tells messages of MongoDB, and who sent them.
enum MongoDBRecognition {
  private static let longestName = 120

  static func recognize(_ bytes: Span<UInt8>, side: Side?) -> Recognition {
    let length = Int(truncatingIfNeeded: bytes.word(at: 0) & 0xffff_ffff)
    // Whoever begins with a large message does not do so with its first few bytes.
    guard bytes.count >= MongoDBHead.size else {
      // A request answers nothing.
      for index in bytes.indices.dropFirst(8).prefix(4) where side == .client && bytes[index] != 0 {
        return .no
      }
      return length < 1 << 20 && (bytes.count < 4 || length > 20) ? .undecided : .no
    }
    guard length > 20, length <= MongoDBHead.longest else { return .no }
    guard let head = MongoDBHead(bytes) else { return .no }
    if let side, side == .client, head.responseTo != 0 { return .no }
    switch head.operation {
    case .message: return message(bytes, head, side)
    case .reply: return side == .client ? .no : reply(bytes, head)
    case .compressed: return compressed(bytes, head, side)
    case .query, .insert, .delete, .update, .getMore:
      guard side != .server, head.responseTo == 0 else { return .no }
      return request(bytes, head)
    case .killCursors:
      guard bytes.count >= 24 else { return .undecided }
      let count = Int(bytes.littleEndian32(at: 20))
      guard side != .server, head.responseTo == 0, bytes.littleEndian32(at: 16) == 0, count > 0,
        24 + count * 8 == head.length
      else { return .no }
      return .yes(sentBy: .client)
    }
  }

  private static func message(
    _ bytes: Span<UInt8>, _ head: MongoDBHead, _ side: Side?
  ) -> Recognition {
    guard bytes.count >= 25 else { return .undecided }
    let flags = MongoDBFlags(rawValue: bytes.littleEndian32(at: 16))
    let end = head.length - (flags.hasChecksum ? 4 : 0)
    let size = Int(bytes.littleEndian32(at: 21))
    guard flags.isKnown, bytes[20] <= 1, size >= 5, size <= end - 21 else { return .no }
    guard bytes.count > 26 else { return .undecided }
    // A document has an element first, a sequence of documents its name.
    let start = bytes[20] == 0 ? 26 : 25
    if bytes[20] == 0, !isType(bytes[25]) { return .no }
    guard let nameEnd = nameEnd(bytes, from: start) else {
      return bytes.count < start + longestName
        && isName(bytes.clipped(from: start, to: bytes.count))
        ? .undecided : .no
    }
    let name = start..<nameEnd
    guard nameEnd > start, nameEnd < end, isName(bytes.clipped(name)) else { return .no }
    if let side { return .yes(sentBy: side) }
    if head.responseTo != 0 { return .yes(sentBy: .server) }
    // Nobody says who it is: the first request has the id 0 with some clients.
    let isAnswer = answers.contains { bytes.equals($0, at: name) }
    return .yes(sentBy: isAnswer ? .server : .client)
  }

  /// What answers begin with, and no command is called.
  private static let answers: [StaticString] = [
    "ok", "cursor", "n", "nModified", "lastErrorObject", "value", "values", "helloOk", "ismaster",
    "isWritablePrimary", "conversationId", "you", "version", "topologyVersion", "electionId",
    "opTime", "$clusterTime", "operationTime",
  ]

  private static func reply(_ bytes: Span<UInt8>, _ head: MongoDBHead) -> Recognition {
    guard bytes.count >= 36 else { return .undecided }
    let count = Int(bytes.littleEndian32(at: 32))
    guard bytes.littleEndian32(at: 16) <= 0xf, count <= head.length / 5 else { return .no }
    guard count > 0 else { return head.length == 36 ? .yes(sentBy: .server) : .no }
    guard bytes.count >= 41 else { return .undecided }
    let size = Int(bytes.littleEndian32(at: 36))
    guard size >= 5, size <= head.length - 36, size == 5 || isType(bytes[40]) else { return .no }
    return .yes(sentBy: .server)
  }

  private static func compressed(
    _ bytes: Span<UInt8>, _ head: MongoDBHead, _ side: Side?
  ) -> Recognition {
    guard bytes.count >= 25 else { return .undecided }
    guard let operation = MongoDBOperation(rawValue: bytes.littleEndian32(at: 16)),
      operation != .compressed, bytes.littleEndian32(at: 20) <= MongoDBHead.longest, bytes[24] <= 3
    else { return .no }
    return .yes(sentBy: side ?? (head.responseTo == 0 ? .client : .server))
  }

  /// Of those the place of a name is the same: behind a number that is 0, or flags.
  private static func request(_ bytes: Span<UInt8>, _ head: MongoDBHead) -> Recognition {
    guard bytes.count >= 21 else { return .undecided }
    guard bytes.littleEndian32(at: 16) <= (head.operation == .query ? 0xff : 1) else { return .no }
    guard let end = nameEnd(bytes, from: 20) else {
      return bytes.count < 20 + longestName && isName(bytes.clipped(from: 20, to: bytes.count))
        ? .undecided : .no
    }
    let name = bytes.clipped(from: 20, to: end)
    guard end < head.length, isName(name), name.position(of: UInt8(ascii: "."), from: 1) != nil
    else { return .no }
    return .yes(sentBy: .client)
  }

  private static func nameEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
    guard start < bytes.count else { return nil }
    return bytes.firstIndex(of: 0, from: start, to: min(bytes.count, start + longestName))
  }

  private static func isName(_ name: Span<UInt8>) -> Bool {
    for index in name.indices where name[index] <= 0x20 || name[index] == 0x7f { return false }
    return true
  }

  private static func isType(_ byte: UInt8) -> Bool {
    (0x01...0x13).contains(byte) || byte == 0x7f || byte == 0xff
  }
}

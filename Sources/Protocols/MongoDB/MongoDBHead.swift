// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What kind of message a head announces.
enum MongoDBOperation: UInt32 {
  case reply = 1
  case update = 2001
  case insert = 2002
  case query = 2004
  case getMore = 2005
  case delete = 2006
  case killCursors = 2007
  case compressed = 2012
  case message = 2013

  var name: StaticString {
    switch self {
    case .reply: "OP_REPLY"
    case .update: "OP_UPDATE"
    case .insert: "OP_INSERT"
    case .query: "OP_QUERY"
    case .getMore: "OP_GET_MORE"
    case .delete: "OP_DELETE"
    case .killCursors: "OP_KILL_CURSORS"
    case .compressed: "OP_COMPRESSED"
    case .message: "OP_MSG"
    }
  }

  /// Whether nobody answers.
  var isOneWay: Bool {
    switch self {
    case .update, .insert, .delete, .killCursors: true
    default: false
    }
  }
}

/// The standard message header.
struct MongoDBHead {
  static let size = 16
  /// Servers take 48,000,000 bytes and a head (`maxMessageSizeBytes`).
  static let longest = 48_016_384

  let length: Int
  let requestID: UInt32
  let responseTo: UInt32
  let operation: MongoDBOperation

  /// Nil when the view ends in it, or it is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size,
      let operation = MongoDBOperation(rawValue: bytes.littleEndian32(at: 12))
    else { return nil }
    length = Int(bytes.littleEndian32(at: 0))
    guard length > Self.size, length <= Self.longest else { return nil }
    requestID = bytes.littleEndian32(at: 4)
    responseTo = bytes.littleEndian32(at: 8)
    self.operation = operation
  }
}

/// The bits in front of OP_MSG's sections.
struct MongoDBFlags {
  let rawValue: UInt32

  var hasChecksum: Bool { rawValue & 1 != 0 }
  /// No answer comes; or, of an answer, another one comes unasked.
  var moreToCome: Bool { rawValue & 2 != 0 }
  /// The lower 16 have to be understood, and only two are.
  var isKnown: Bool { rawValue & 0xffff & ~3 == 0 && rawValue >> 17 == 0 }
}

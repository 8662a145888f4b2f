// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads the client/server protocol of MySQL and MariaDB, from the greeting or from the middle.
///
/// Every command is a request and everything up to the end of its last result set is the response.
/// Requests and responses carry a running number, so an answer that was not captured shifts nothing.
/// The statement's literals are hidden. Errors of 2000 to 2999 (the client library's) are client
/// errors, all others server errors, as in DeepFlow.
struct MySQLParser: CountingParser {
  /// A command whose answer was not seen yet.
  struct Pending: Sendable {
    var command: MySQLCommand
    var number: UInt64
    var statement: PreparedStatement?
    /// The server asked for something in between: a file, or more of a login.
    var isInterrupted = false
    /// Whether `"..."` is a name from here on, if the statement succeeds and says so.
    var setsQuotedNames: Bool?
  }

  /// Clients wait for the answer; only MariaDB's connectors send ahead, and not far.
  static let pendingLimit = 64

  static let deprecateEOF: UInt32 = 1 << 24
  static let connectWithDB: UInt32 = 1 << 3
  static let compress: UInt32 = 1 << 5
  static let zstdCompression: UInt32 = 1 << 26
  static let protocol41: UInt32 = 1 << 9
  static let secureConnection: UInt32 = 1 << 15
  static let lengthEncodedAuth: UInt32 = 1 << 21
  static let tls: UInt32 = 1 << 11
  static let queryAttributes: UInt32 = 1 << 27

  var pending: [Pending] = []
  var statements = StatementMemory()
  /// The number of the last request.
  var number: UInt64 = 0
  /// Of the login; nil when it was not seen.
  var capabilities: UInt32?
  /// What the greeting offered; compression is on only when both sides want it.
  var serverCapabilities: UInt32 = .max
  var awaitsLogin = false
  /// From the OK to the login on, packets are wrapped.
  var isCompressed = false
  var isEncrypted = false
  /// The client's next packet continues one of 16 MiB.
  var continuesPacket = false
  /// The server sends its log without end.
  var isReplicating = false
  var gaps = StreamGaps()
  /// An answer whose front was told and whose rest is walked over.
  var walk: MySQLResponse?
  /// Bytes of a packet behind an answer's end that are no more looked at.
  var unread = 0
  /// Whether the end of the last answer is looked for behind bytes that are missing.
  var seeksEnd = false
  /// How the session's strings look: of the server's status, and of `sql_mode`.
  var backslash = SQLDialect.Backslash.unknown
  var hasQuotedNames = false
  /// Of the statement that is being read, see ``Pending``.
  var setsQuotedNames: Bool?
  /// Whether a character's second byte may be a backslash, which then escapes nothing.
  var hasWideCharacters = false

  mutating func step(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    if isEncrypted { throw unreadable("plain text, but TLS was agreed on") }
    if side == .client { seeksEnd = false }
    if side == .server && !isCompressed {
      if unread > 0 {
        defer { unread = 0 }
        return .skip(unread)
      }
      if walk != nil { return try walk(bytes, isFinal: isFinal, into: &message, &fields) }
      if seeksEnd { return findEnd(bytes, into: &message, &fields) }
    }
    guard bytes.count >= (isCompressed ? 7 : 4) else {
      return isFinal ? .skip(bytes.count) : .needMore
    }
    if isCompressed {
      return try nextCompressed(bytes, isFinal: isFinal, side, into: &message, &fields)
    }
    return side == .client
      ? try nextRequest(bytes, isFinal: isFinal, into: &message, &fields)
      : try nextResponse(bytes, isFinal: isFinal, into: &message, &fields)
  }

  package mutating func bytesWereLost(from side: Side) {
    gaps[side] = true
    if side == .server {
      if walk != nil { seeksEnd = true }
      walk = nil
      unread = 0
    }
    if side == .client {
      continuesPacket = false
    } else if pending.count > 1 {
      // Which of them were answered cannot be told.
      pending.removeAll()
    } else {
      gaps.answersAreLost = true
    }
  }

  package func seeksEnd(from side: Side) -> Bool { side == .server && seeksEnd }

  var hasLegacyEOF: Bool? { capabilities.map { $0 & Self.deprecateEOF == 0 } }

  var dialect: SQLDialect {
    SQLDialect(
      family: .mySQL, backslash: hasWideCharacters && backslash == .escape ? .unknown : backslash,
      hasQuotedNames: hasQuotedNames)
  }

  package mutating func earlierRequestsAreOver() {
    pending.removeFirst(max(0, pending.count - 1))
    gaps.answersAreLost = false
  }

  mutating func expect(
    _ command: MySQLCommand, statement: PreparedStatement? = nil, setsQuotedNames: Bool? = nil
  ) throws(ParseError) -> UInt64 {
    if gaps.answersAreLost {
      pending.removeAll()
      gaps.answersAreLost = false
    }
    guard pending.count < Self.pendingLimit else {
      throw ParseError(at: 0, expected: "fewer commands without an answer")
    }
    number += 1
    pending.append(
      Pending(
        command: command, number: number, statement: statement, setsQuotedNames: setsQuotedNames))
    return number
  }
}

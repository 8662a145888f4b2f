// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads the client/server protocol of MySQL and MariaDB, from the greeting or from the middle.
///
/// Every command is a request and everything up to the end of its last result set is the response.
/// The statement's literals are hidden. Errors of 2000 to 2999 (the client library's) are client
/// errors, all others server errors, as in DeepFlow.
struct MySQLParser: ProtocolParser {
  /// What a command leaves for its answer, in a note.
  struct Note {
    var command: MySQLCommand
    /// Whether `"..."` is a name from here on, if the statement succeeds and says so.
    var setsQuotedNames: Bool?
    /// Under which a statement that is prepared is remembered until the answer tells its id; 0 for none.
    var statement: UInt32 = 0

    var bits: UInt64 {
      let names: UInt64 = setsQuotedNames.map { $0 ? 2 : 1 } ?? 0
      return UInt64(command.rawValue) | names << 8 | UInt64(statement) << 32
    }

    init(_ command: MySQLCommand) { self.command = command }

    /// Of a command about which nothing is known: most are like a query.
    init(_ bits: UInt64?) {
      command = bits.map { MySQLCommand(rawValue: UInt8(truncatingIfNeeded: $0)) } ?? .query
      let names = (bits ?? 0) >> 8 & 3
      setsQuotedNames = names == 0 ? nil : names == 2
      statement = UInt32(truncatingIfNeeded: (bits ?? 0) >> 32)
    }
  }

  static let deprecateEOF: UInt32 = 1 << 24
  static let connectWithDB: UInt32 = 1 << 3
  static let compress: UInt32 = 1 << 5
  static let zstdCompression: UInt32 = 1 << 26
  static let protocol41: UInt32 = 1 << 9
  static let secureConnection: UInt32 = 1 << 15
  static let lengthEncodedAuth: UInt32 = 1 << 21
  static let tls: UInt32 = 1 << 11
  static let queryAttributes: UInt32 = 1 << 27

  var statements = StatementMemory()
  /// Statements that were prepared.
  var prepared: UInt32 = 0
  /// Whether a command was seen.
  var hasAsked = false
  /// The server asked for something before it answers: a file, or more of a login.
  var isInterrupted = false
  /// Of the login; nil when it was not seen.
  var capabilities: UInt32?
  /// What the greeting offered; compression is on only when both sides want it.
  var serverCapabilities: UInt32 = .max
  var awaitsLogin = false
  /// From the OK to the login on, packets are wrapped.
  var isCompressed = false
  /// The client's next packet continues one of 16 MiB.
  var continuesPacket = false
  /// The server sends its log without end.
  var isReplicating = false
  /// An answer whose front was told and whose rest is walked over.
  var walk: MySQLResponse?
  /// In the compressed protocol: the bytes that the walk goes on with, and the number of its next frame.
  var carried: [UInt8] = []
  var nextFrame: UInt8 = 0
  /// Whether an answer goes on in frames of which nothing but its end is known.
  var isBlind = false
  /// Bytes of a packet behind an answer's end that are no more looked at.
  var unread = 0
  /// Whether the end of the last answer is looked for behind bytes that are missing.
  var seeksEnd = false
  /// How the session's strings look: of the server's status, and of `sql_mode`.
  var backslash = SQLDialect.Backslash.unknown
  var hasQuotedNames = false
  /// Whether a character's second byte may be a backslash, which then escapes nothing.
  var hasWideCharacters = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let (bytes, isFinal) = (view.bytes, view.isFinal)
    if side == .client { seeksEnd = false }
    if side == .server && !isCompressed {
      if unread > 0 {
        defer { unread = 0 }
        return .skip(unread)
      }
      if walk != nil { return try walk(bytes, isFinal: isFinal, on: &desk) }
      if seeksEnd { return findEnd(bytes, on: &desk) }
    }
    if isCompressed { return try nextCompressed(bytes, isFinal: isFinal, side, on: &desk) }
    guard bytes.count >= 4 else { return isFinal ? .skip(bytes.count) : .needMore() }
    return side == .client
      ? try nextRequest(bytes, isFinal: isFinal, on: &desk)
      : try nextResponse(bytes, isFinal: isFinal, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) {
    if side == .server {
      if walk != nil || isBlind { seeksEnd = true }
      forgetWalk()
      unread = 0
    } else {
      continuesPacket = false
    }
  }

  package func seeksEnd(from side: Side) -> Bool { side == .server && seeksEnd }

  var hasLegacyEOF: Bool? { capabilities.map { $0 & Self.deprecateEOF == 0 } }

  var dialect: SQLDialect {
    SQLDialect(
      family: .mySQL, backslash: hasWideCharacters && backslash == .escape ? .unknown : backslash,
      hasQuotedNames: hasQuotedNames)
  }
}

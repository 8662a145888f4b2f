// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads version 3 of the frontend/backend protocol
/// (https://www.postgresql.org/docs/current/protocol.html), from the start or from the middle.
///
/// A simple query, however many statements it holds, is one request; in the extended protocol every
/// Execute is one, with the SQL that was parsed under its name. A Parse that is sent off with no
/// Execute (a client that prepares ahead) is a request of type `parse`. Start-up and authentication
/// make no record unless they fail; literals are hidden.
struct PostgreSQLParser: ProtocolParser {
  /// What a request leaves for its answer, in a note.
  struct Note {
    /// Ended by ReadyForQuery alone, which simple queries are.
    var isSimple = false
    /// It only parses: its response ends with the first of the server's that says so.
    var isParseOnly = false
    /// The rest of its batch was not captured; all up to ReadyForQuery answers the one that was.
    var isWhole = false
    /// How many batches came before its own: what the client sends up to a Sync, or one simple query or
    /// function call. The server answers each with one ReadyForQuery.
    var batch: UInt64 = 0

    var bits: UInt64 {
      batch << 8 | (isSimple ? 1 : 0) | (isParseOnly ? 2 : 0) | (isWhole ? 4 : 0)
    }

    init(isSimple: Bool = false, isParseOnly: Bool = false, isWhole: Bool = false) {
      (self.isSimple, self.isParseOnly, self.isWhole) = (isSimple, isParseOnly, isWhole)
    }

    init(_ bits: UInt64) {
      self.init(isSimple: bits & 1 != 0, isParseOnly: bits & 2 != 0, isWhole: bits & 4 != 0)
      batch = bits >> 8
    }
  }

  /// Batches whose end was seen, and those that the server has said to be over.
  var batches: UInt64 = 0
  var batchesOver: UInt64 = 0
  /// Whether some of them may have been missed.
  var mayMissBatches = false
  /// How a statement of the oldest batch failed: the rest of it is not executed.
  var failure: ResponseStatus?
  var statements = StatementMemory()
  /// The statement that a portal was bound to. The unnamed portal is used by nearly everyone.
  var portals = PortalMemory()
  /// What is open of the batch being sent: a Parse or Bind without an Execute so far.
  var openParse: UInt64?
  var openBind: UInt64?
  var batchHasExecute = false
  var awaitsTLSAnswer = false
  var isStarting = false
  /// An answer whose front was told and whose rest is walked over.
  var walk: PostgreSQLOutcome?
  /// Bytes of a message behind an answer's end that are no more looked at.
  var unread = 0
  /// Whether the end of the last answer is looked for behind bytes that are missing.
  var seeksEnd = false
  /// What `\` is in the session's strings; the server says it when the session begins.
  var backslash = SQLDialect.Backslash.unknown

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let (bytes, isFinal) = (view.bytes, view.isFinal)
    if side == .client { seeksEnd = false }
    if side == .server && unread > 0 {
      defer { unread = 0 }
      return .skip(unread)
    }
    return side == .client
      ? try nextRequest(bytes, isFinal: isFinal, on: &desk)
      : try nextResponse(bytes, isFinal: isFinal, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) {
    mayMissBatches = true
    if side == .server {
      if walk != nil { seeksEnd = true }
      walk = nil
      unread = 0
    } else {
      openParse = nil
      openBind = nil
    }
  }

  package func seeksEnd(from side: Side) -> Bool { side == .server && seeksEnd }

  var dialect: SQLDialect {
    SQLDialect(family: .postgreSQL, backslash: backslash, hasQuotedNames: true)
  }
}

/// To which statement a portal was bound: the latest few.
struct PortalMemory: Sendable {
  private var entries: [4 of (portal: UInt64, statement: UInt64)] = InlineArray(repeating: (0, 0))
  private var next = 0

  mutating func bind(_ portal: UInt64, to statement: UInt64) {
    for index in 0..<4 where entries[index].portal == portal {
      entries[index].statement = statement
      return
    }
    entries[next] = (portal, statement)
    next = (next + 1) % 4
  }

  func statement(of portal: UInt64) -> UInt64? {
    for index in 0..<4 where entries[index].portal == portal { return entries[index].statement }
    return nil
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads version 3 of the frontend/backend protocol
/// (https://www.postgresql.org/docs/current/protocol.html), from the start or from the middle.
///
/// A simple query, however many statements it holds, is one request; in the extended protocol every
/// Execute is one, with the SQL that was parsed under its name. A Parse that is sent off with no
/// Execute (a client that prepares ahead) is a request of type `parse`. Requests and responses carry
/// a running number, so an answer that was not captured shifts nothing. Start-up and authentication
/// make no record unless they fail; literals are hidden.
struct PostgreSQLParser: CountingParser {
  /// What the client sent up to a Sync, or one simple query or function call.
  struct Group: Sendable {
    /// Ended by ReadyForQuery alone, which simple queries are.
    var isSimple = false
    /// Requests whose responses are to come, and the number of the first.
    var remaining: UInt32 = 0
    var firstNumber: UInt64 = 0
    /// Whether the group's end was seen: the server answers it with one ReadyForQuery.
    var isComplete = false
    /// The requests only parse: their response ends with the first of the server's that says so.
    var isParseOnly = false
    /// The rest of the requests was not captured; all up to ReadyForQuery answers the one that was.
    var isWhole = false
    /// Set when a statement failed: the rest of the group is not executed.
    var failure: ResponseStatus?
  }

  /// Pipelining drivers send hundreds of Syncs ahead; a group takes 24 bytes.
  static let groupLimit = 4_096

  var groups: [Group] = []
  var statements = StatementMemory()
  /// The statement that a portal was bound to. The unnamed portal is used by nearly everyone.
  var portals = PortalMemory()
  var number: UInt64 = 0
  /// What is open of the batch being sent: a Parse or Bind without an Execute so far.
  var openParse: UInt64?
  var openBind: UInt64?
  var batchHasExecute = false
  var awaitsTLSAnswer = false
  var isEncrypted = false
  var isStarting = false
  var gaps = StreamGaps()
  /// An answer whose front was told and whose rest is walked over.
  var walk: PostgreSQLOutcome?
  /// Bytes of a message behind an answer's end that are no more looked at.
  var unread = 0
  /// Whether the end of the last answer is looked for behind bytes that are missing.
  var seeksEnd = false
  /// What `\` is in the session's strings; the server says it when the session begins.
  var backslash = SQLDialect.Backslash.unknown

  mutating func step(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    if isEncrypted { throw unreadable("plain text, but TLS was agreed on") }
    if side == .client { seeksEnd = false }
    if side == .server && unread > 0 {
      defer { unread = 0 }
      return .skip(unread)
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
      openParse = nil
      openBind = nil
    } else if groups.count > 1 || (groups.first?.remaining ?? 0) > 1 {
      // Which of them were answered cannot be told.
      groups.removeAll()
    } else {
      gaps.answersAreLost = true
    }
  }

  package mutating func earlierRequestsAreOver() {
    groups.removeFirst(max(0, groups.count - 1))
    if groups.first.map({ $0.remaining > 0 }) ?? false {
      groups[0].remaining = 1
      groups[0].firstNumber = number
      groups[0].failure = nil
    }
    gaps.answersAreLost = false
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

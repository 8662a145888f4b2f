// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads the client/server protocol of MySQL and MariaDB, from the greeting or from the middle.
///
/// Every command is a request and everything up to the end of its last result set is the response.
/// Requests and responses carry a running number, so an answer that was not captured shifts nothing.
/// The statement's literals are hidden. Errors of 2000 to 2999 (the client library's) are client
/// errors, all others server errors, as in DeepFlow.
package struct MySQLParser: CountingParser {
  package static let answers = AnswerShape.results

  package static let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 60), name: "MySQL", pairing: .identifier,
    defaultPorts: [3306])

  /// A command whose answer was not seen yet.
  struct Pending: Sendable {
    var command: MySQLCommand
    var number: UInt64
    var statement: PreparedStatement?
    /// The server asked for something in between: a file, or more of a login.
    var isInterrupted = false
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

  package init() {}

  mutating func step(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    if isEncrypted { throw unreadable("plain text, but TLS was agreed on") }
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
    if side == .client {
      continuesPacket = false
    } else if pending.count > 1 {
      // Which of them were answered cannot be told.
      pending.removeAll()
    } else {
      gaps.answersAreLost = true
    }
  }

  package mutating func earlierRequestsAreOver() {
    pending.removeFirst(max(0, pending.count - 1))
    gaps.answersAreLost = false
  }

  mutating func expect(
    _ command: MySQLCommand, statement: PreparedStatement? = nil
  ) throws(ParseError) -> UInt64 {
    if gaps.answersAreLost {
      pending.removeAll()
      gaps.answersAreLost = false
    }
    guard pending.count < Self.pendingLimit else {
      throw ParseError(at: 0, expected: "fewer commands without an answer")
    }
    number += 1
    pending.append(Pending(command: command, number: number, statement: statement))
    return number
  }
}

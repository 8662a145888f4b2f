// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads the client/server protocol of MySQL and MariaDB, from the greeting or from the middle.
///
/// Every command is a request and everything up to the end of its last result set is the response.
/// Requests and responses carry a running number, so an answer that was not captured shifts nothing.
/// The statement's literals are hidden. Errors of 2000 to 2999 (the client library's) are client
/// errors, all others server errors, as in DeepFlow.
package struct MySQLParser: ProtocolParser {
  package static let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 60), name: "MySQL", pairing: .identifier,
    defaultPorts: [3306])

  package static let countsMessages = true

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
  /// Answers may be missing: when the client speaks again, none to earlier requests will come.
  var answersAreLost = false
  /// The next bytes of this side may begin inside of a packet.
  var isLost: [2 of Bool] = InlineArray(repeating: false)

  package init() {}

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, into message: inout Message,
    fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if isEncrypted { throw ParseError(at: 0, expected: "plain text, but TLS was agreed on") }
    let headerSize = isCompressed ? 7 : 4
    guard bytes.count >= headerSize else {
      return view.isFinal ? .skip(max(1, bytes.count)) : .needMore
    }
    let step: ParseStep
    do throws(ParseError) {
      if isCompressed {
        step = try nextCompressed(bytes, isFinal: view.isFinal, side, into: &message, &fields)
      } else if side == .client {
        step = try nextRequest(bytes, isFinal: view.isFinal, into: &message, &fields)
      } else {
        step = try nextResponse(bytes, isFinal: view.isFinal, into: &message, &fields)
      }
    } catch {
      guard isLost[Int(side.rawValue)] else { throw error }
      return .skip(bytes.count)
    }
    if case .message(let length) = step {
      if side == .server { answersAreLost = false }
      isLost[Int(side.rawValue)] = length == .untilTurn
    }
    return step
  }

  package mutating func bytesWereLost(from side: Side) {
    isLost[Int(side.rawValue)] = true
    if side == .client {
      continuesPacket = false
    } else if pending.count > 1 {
      // Which of them were answered cannot be told.
      pending.removeAll()
    } else {
      answersAreLost = true
    }
  }

  mutating func expect(
    _ command: MySQLCommand, statement: PreparedStatement? = nil
  ) throws(ParseError) -> UInt64 {
    if answersAreLost {
      pending.removeAll()
      answersAreLost = false
    }
    guard pending.count < Self.pendingLimit else {
      throw ParseError(at: 0, expected: "fewer commands without an answer")
    }
    number += 1
    pending.append(Pending(command: command, number: number, statement: statement))
    return number
  }
}

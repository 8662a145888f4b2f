// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads memcached: each command is a request, each answer a response, in their order.
///
/// The type is the command's name, the resource its line, which holds keys and no values, the endpoint the
/// name and the first key by its pattern. How many values were found is the number of rows: nothing
/// found is no error.
struct MemcachedParser: ProtocolParser {
  /// Longest line that is waited for; the server's own limit is shorter, but for lists of keys.
  static let longestLine = 32_768

  /// What of an answer of several parts is still to come.
  struct Walk {
    var isInside = false
    var values: UInt64 = 0
    /// Bytes of the value that comes next.
    var skipsValue = 0
  }

  var walk = Walk()
  /// Whether commands were sent that are answered only when something is to be said, or the server tells
  /// of what it does: then not everything that it says answers a request.
  var mayBeUnasked = false

  /// What `mn` leaves, whose answer ends those of quiet commands.
  static let noOperation: UInt64 = 1

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if side == .server, walk.isInside { return try nextPart(bytes, view.isFinal, on: &desk) }
    if bytes[0] == (side == .client ? 0x80 : 0x81) {
      return try nextBinary(bytes, view.isFinal, from: side, on: &desk)
    }
    guard let line = TextLine(bytes, from: 0) else {
      guard view.isFinal else { return .needMore() }
      return try cutLine(bytes, side, on: &desk)
    }
    return side == .client
      ? try nextCommand(bytes, line, view.isFinal, on: &desk)
      : try nextAnswer(bytes, line, view.isFinal, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) {
    if side == .server { walk = Walk() }
  }

  /// A line whose end will not be seen.
  private func cutLine(
    _ bytes: Span<UInt8>, _ side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let line = TextLine(cut: bytes)
    if side == .client {
      guard let command = MemcachedCommand(bytes, line) else {
        throw ParseError(at: 0, expected: "a command")
      }
      desk.message = Message(.request)
      describe(command, bytes, line, on: &desk)
    } else {
      var words = TextWords(line.text)
      guard let word = words.next(in: bytes), let answer = MemcachedAnswer(bytes, word) else {
        return .skip(bytes.count)
      }
      desk.message = Message(.response)
      describe(answer, word, bytes, line.text, on: &desk)
    }
    desk.message.flags.insert(.truncated)
    return .message(.untilTurn)
  }

  mutating func nextCommand(
    _ bytes: Span<UInt8>, _ line: TextLine, _ isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard let command = MemcachedCommand(bytes, line),
      command.isWellFormed || !desk.mayBeInside
    else { throw ParseError(at: 0, expected: "a command") }
    desk.message = Message(.request)
    desk.message.length = Int64(line.end + command.payload)
    if command.isQuiet || command.verb.form == .silent { desk.message.kind = .session }
    if bytes.equals("mn", at: command.name) { desk.message.note = Self.noOperation }
    if command.isQuiet || bytes.equals("watch", at: command.name) { mayBeUnasked = true }
    describe(command, bytes, line, on: &desk)
    return .message(.bytes(line.end + command.payload))
  }

  private func describe(
    _ command: MemcachedCommand, _ bytes: Span<UInt8>, _ line: TextLine, on desk: inout Desk
  ) {
    desk.message.texts.requestType = desk.fields.append(command.verb.name)
    // Of what is not as it should be, nobody knows what it is.
    guard command.isWellFormed else {
      desk.message.texts.endpoint = desk.message.texts.requestType
      return
    }
    desk.message.texts.requestResource = desk.fields.append(bytes.clipped(line.trimmed(in: bytes)))
    let mark = desk.fields.mark
    desk.fields.push(command.verb.name)
    if !command.key.isEmpty {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: bytes.clipped(command.key))
    }
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads NATS: what is sent and says where an answer is to go is a request, and what goes there the
/// response; all else is one-way. Either side asks: a server hands requests on, and asks for
/// acknowledgements of a stream's messages.
///
/// The resource is the subject, the domain the server's name. Of payloads nothing is read but what
/// JetStream's interface answers, and how publishing to a stream went.
struct NATSParser: ProtocolParser {
  /// Bytes of a message that are looked at, at most.
  static let reach = 8_192

  /// From INFO.
  var serverName: [UInt8] = []
  var serverVersion: [UInt8] = []
  /// By ``Side``: whether it asked for answers.
  private var asks: [2 of Bool] = InlineArray(repeating: false)

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    // The beginning of TLS, which INFO may demand.
    if side == .client, bytes[0] == 0x16 { return .handOver(after: 0, to: .encrypted) }
    guard let line = TextLine(bytes, from: 0) else {
      guard view.isFinal else { return .needMore() }
      return try cutLine(bytes, side, on: &desk)
    }
    // The end of a payload.
    if line.text.isEmpty, !desk.mayBeInside { return .skip(line.end) }
    guard let command = NATSCommand(bytes, line),
      command.verb.sender == nil || command.verb.sender == side
    else { throw ParseError(at: 0, expected: "a line of the protocol") }
    guard command.hasPayload else { return read(command, bytes, line, side, on: &desk) }
    let length = line.end + command.total + 2
    let wanted = line.end + min(command.total + 2, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    if desk.mayBeInside, bytes.count >= length, bytes[length - 1] != 0x0a {
      throw ParseError(at: 0, expected: "a payload")
    }
    let window = bytes.clipped(from: 0, to: wanted)
    // What goes where the other side wants its answer is one.
    let key = nameHash(bytes, command.subject)
    var isAnswer = false
    if asks[Int(side.other.rawValue)] {
      guard let asked = desk.asked(key) else { return .lookUp(key) }
      isAnswer =
        asked != .nothing
        || side == .server && bytes.hasPrefix("_INBOX.", at: command.subject.lowerBound)
    }
    desk.message = Message(.session)
    desk.message.length = Int64(command.total)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    if isAnswer {
      desk.message.kind = .response
      desk.message.exchange = key
    } else if !command.reply.isEmpty, !Self.isFetch(bytes, command.subject) {
      desk.message.kind = .request
      desk.message.exchange = nameHash(bytes, command.reply)
      // Whether a message of a stream is acknowledged is the user's to decide.
      desk.message.mayBlock = side == .server
      asks[Int(side.rawValue)] = true
    }
    describe(command, window, line.end, side, on: &desk)
    return .message(.bytes(length))
  }

  /// What fetches messages of a stream, which then come under subjects of their own.
  private static func isFetch(_ bytes: Span<UInt8>, _ subject: Range<Int>) -> Bool {
    let prefix: StaticString = "$JS.API.CONSUMER.MSG.NEXT."
    return subject.count > prefix.utf8CodeUnitCount
      && bytes.hasPrefix(prefix, at: subject.lowerBound)
  }

  /// A line whose end will not be seen.
  private func cutLine(
    _ bytes: Span<UInt8>, _ side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    var words = TextWords(bytes.indices)
    guard let word = words.next(in: bytes), let verb = NATSCommand.Verb(bytes, word) else {
      throw ParseError(at: 0, expected: "a line of the protocol")
    }
    desk.message = Message(.session)
    desk.message.flags.insert(.truncated)
    writeType(verb, side, on: &desk)
    return .message(.untilTurn)
  }

  /// What has no payload.
  private mutating func read(
    _ command: NATSCommand, _ bytes: Span<UInt8>, _ line: TextLine, _ side: Side,
    on desk: inout Desk
  ) -> ParseStep {
    if command.verb == .ok { return .skip(line.end) }
    desk.message = Message(.session)
    switch command.verb {
    case .ping:
      desk.message.kind = .request
      desk.message.exchange = 0
    case .pong:
      desk.message = Message(.response)
      desk.message.exchange = 0
      return .message(.bytes(line.end))
    case .info:
      serverName = Self.copy(JSONField.text("server_name", in: bytes, command.rest), bytes)
      serverVersion = Self.copy(JSONField.text("version", in: bytes, command.rest), bytes)
    case .connect:
      if let name = JSONField.text("name", in: bytes, command.rest) {
        desk.fields.append(
          attribute: "nats.client_name", bytes.clipped(name), to: &desk.message.attributes)
      }
    case .error: writeError(command, bytes, on: &desk)
    default: break
    }
    writeType(command.verb, side, on: &desk)
    if !command.subject.isEmpty { writeSubject(command, bytes, on: &desk) }
    return .message(.bytes(line.end))
  }

  private static let longestName = 128

  private static func copy(_ range: Range<Int>?, _ bytes: Span<UInt8>) -> [UInt8] {
    var copied: [UInt8] = []
    for index in (range ?? 0..<0).prefix(longestName) { copied.append(bytes[index]) }
    return copied
  }
}

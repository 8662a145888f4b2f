// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Lines whose messages go on beside each other, by id: `?id name` asks, `=id code` answers, `~id code`
/// answers and goes on; `+id n` adds n parts to a half of the call, `.id code` ends it, as does the client's. The server pushes
/// with `^id name`, which the client answers. A name that begins with `g.` speaks the dialect.
///
/// An answer's result is what its request left: how long its name is.
struct StreamedLines: ProtocolKind {
  let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 203), name: "StreamedLines", pairing: .identifier,
    timeoutSeconds: 10, defaultPorts: [7_000])
  let dialects = [
    ProtocolDescriptor(
      number: ApplicationProtocol(rawValue: 204), name: "Dialect", pairing: .identifier,
      timeoutSeconds: 2, defaultPorts: [])
  ]

  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    bytes[0] == UInt8(ascii: "?") ? .yes(sentBy: .client) : .no
  }

  func makeParser(_ context: ConversationContext) -> any ProtocolParser { StreamedLineParser() }
}

private struct StreamedLineParser: ProtocolParser {
  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    var end = 0
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
    guard end < bytes.count else {
      if view.isFinal { throw ParseError(at: 0, expected: "a line") }
      return .needMore()
    }
    var line: [UInt8] = []
    for index in 1..<max(1, end) { line.append(bytes[index]) }
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    guard words.count == 2, let id = UInt64(words[0]) else {
      throw ParseError(at: 1, expected: "an id and a word")
    }
    let word = words[1]
    switch Character(UnicodeScalar(bytes[0])) {
    case "?", "^":
      desk.message = Message(.request)
      desk.message.isPush = side == .server
      desk.message.note = UInt64(word.count)
      if word.hasPrefix("g.") { desk.message.speaks = ApplicationProtocol(rawValue: 204) }
      desk.message.texts.endpoint = desk.fields.append(Array(word.utf8).span)
      desk.fields.append(
        attribute: "lines.name", Array(word.utf8).span, to: &desk.message.attributes)
    case "=", "~":
      guard let asked = desk.asked(id) else { return .lookUp(id) }
      desk.message = Message(.response)
      answer(word, on: &desk)
      desk.message.goesOn = bytes[0] == UInt8(ascii: "~")
      let note = asked.note.map { "\($0)" } ?? "unknown"
      desk.message.texts.responseResult = desk.fields.append(Array(note.utf8).span)
    default:
      let ends = bytes[0] == UInt8(ascii: ".")
      desk.message = Message(side == .client ? .request : .response)
      desk.message.exchange = id
      if ends { answer(word, on: &desk) } else { desk.message.parts = UInt32(word) ?? 0 }
      return .more(end + 1, ends: ends)
    }
    desk.message.exchange = id
    return .message(.bytes(end + 1))
  }

  private func answer(_ code: Substring, on desk: inout Desk) {
    desk.message.code = Int32(code)
    desk.message.status = (desk.message.code ?? 0) >= 500 ? .serverError : .ok
    desk.fields.append(
      attribute: "lines.code", Array(code.utf8).span, to: &desk.message.attributes)
  }
}

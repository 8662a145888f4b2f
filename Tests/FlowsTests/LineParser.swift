// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// A protocol of lines, small enough to say in a test exactly what is meant.
///
/// A client's line is `?name`, `?name#id` or `!name` (no answer), a server's `=code`, `=code#id`, or
/// `*code`, whose body goes on until the client speaks. `~` before a client's name says that it may
/// block; a number in parentheses at the end says how many bytes of body follow the line.
struct Lines: ProtocolKind {
  let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 200), name: "Lines", transports: [.tcp, .udp],
    pairing: .order, timeoutSeconds: 10, defaultPorts: [7_000])

  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    LineMessage.recognize(bytes)
  }

  func makeParser(_ context: ConversationContext) -> any ProtocolParser { LineParser() }
}

/// The same, paired by id.
struct NumberedLines: ProtocolKind {
  let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 201), name: "NumberedLines", transports: [.tcp, .udp],
    pairing: .identifier, timeoutSeconds: 10, defaultPorts: [7_001])

  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    LineMessage.recognize(bytes)
  }

  func makeParser(_ context: ConversationContext) -> any ProtocolParser { LineParser() }
}

struct LineParser: ProtocolParser {
  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    try LineMessage.read(view, into: &desk.message, &desk.fields)
  }
}

private enum LineMessage {
  static func recognize(_ bytes: Span<UInt8>) -> Recognition {
    switch bytes[0] {
    case UInt8(ascii: "?"), UInt8(ascii: "!"): .yes(sentBy: .client)
    case UInt8(ascii: "="), UInt8(ascii: "*"): .yes(sentBy: .server)
    default: .no
    }
  }

  static func read(
    _ view: borrowing StreamView, into message: inout Message, _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    var end = 0
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
    if end == bytes.count, !view.isFinal { return .needMore() }
    var line: [UInt8] = []
    for index in 0..<end { line.append(bytes[index]) }
    let text = String(decoding: line, as: UTF8.self)
    guard let first = text.first, "?!=*".contains(first) else {
      throw ParseError(at: 0, expected: "a line's mark")
    }
    message = Message(first == "?" ? .request : first == "!" ? .session : .response)
    if end == bytes.count { message.flags.insert(.truncated) }
    var rest = text.dropFirst()
    var body = 0
    if rest.hasSuffix(")"), let open = rest.lastIndex(of: "(") {
      body = Int(rest[rest.index(after: open)...].dropLast()) ?? 0
      rest = rest[..<open]
    }
    if let hash = rest.firstIndex(of: "#") {
      message.requestID = UInt64(rest[rest.index(after: hash)...])
      message.exchange = message.requestID
      rest = rest[..<hash]
    }
    if rest.hasPrefix("~") {
      message.mayBlock = true
      rest = rest.dropFirst()
    }
    if message.kind == .response {
      message.code = Int32(rest)
      message.status = (message.code ?? 0) >= 500 ? .serverError : .ok
    } else {
      message.texts.endpoint = fields.append(Array(rest.utf8).span)
    }
    return .message(first == "*" ? .untilTurn : .bytes(min(end + 1, bytes.count) + body))
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Synchronization
import Telemetry

/// A protocol whose messages say in eight bytes what the engine is to be told of them, so that any
/// bytes are a run of messages: kinds, ids, lengths, bodies.
///
/// A message is its protocol's mark, what it is (see ``ScriptMessage``), an id, the length of its body,
/// three bytes of a tag that no other message has, and a check.
struct Script: ProtocolKind {
  let mark: UInt8
  let descriptor: ProtocolDescriptor

  /// Paired by order, by id, and by order with notes that tell the answer.
  static let all: [any ProtocolKind] = [
    Script(0, "OrderedScript", .order), Script(1, "NumberedScript", .identifier),
    Script(2, "NotedScript", .order),
  ]

  private init(
    _ number: UInt8, _ name: String, _ pairing: ProtocolDescriptor.Pairing
  ) {
    mark = 0xa0 + number
    descriptor = ProtocolDescriptor(
      number: ApplicationProtocol(rawValue: 210 + number), name: name, transports: [.tcp, .udp],
      pairing: pairing, timeoutSeconds: 10, defaultPorts: [7_010 + UInt16(number)])
  }

  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    guard bytes.count > 0, bytes[0] == mark else { return .no }
    guard bytes.count >= ScriptMessage.size else { return .undecided }
    guard let message = ScriptMessage(bytes) else { return .no }
    return .yes(sentBy: message.kind == 1 ? .server : message.kind == 0 ? .client : nil)
  }

  func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    ScriptParser(
      mark: mark, hasIdentifiers: descriptor.pairing == .identifier, readsNotes: mark > 0xa0)
  }
}

struct ScriptMessage {
  static let size = 8
  /// Requests, and messages complete in themselves, that parsers handed out since it was set to 0.
  static let handedOut = Atomic<Int>(0)

  var mark: UInt8
  /// Two bits of each: request, response, session or skip; bytes, head and body, until the turn, bytes.
  /// Then: may block, is truncated.
  var form: UInt8
  var id: UInt8
  var body: UInt8
  var tag: UInt32

  var bytes: [UInt8] {
    let tag = [16, 8, 0].map { UInt8(truncatingIfNeeded: self.tag >> $0) }
    let head = [mark, form, id, body] + tag
    return head + [Self.check(head.span)]
  }

  var kind: UInt8 { form & 3 }
  var isRequest: Bool { kind == 0 || kind == 2 }

  static func check(_ head: Span<UInt8>) -> UInt8 {
    var sum: UInt8 = 0x5a
    for index in 0..<7 { sum = (sum &<< 1 | sum &>> 7) &+ head[index] }
    return sum
  }

  init(mark: UInt8, form: UInt8, id: UInt8, body: UInt8, tag: UInt32) {
    (self.mark, self.form, self.id, self.body) = (mark, form, id, body)
    self.tag = tag & 0xff_ffff
  }

  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size, bytes[7] == Self.check(bytes) else { return nil }
    self.init(
      mark: bytes[0], form: bytes[1], id: bytes[2], body: bytes[3],
      tag: UInt32(bytes[4]) << 16 | UInt32(bytes[5]) << 8 | UInt32(bytes[6]))
  }
}

struct ScriptParser: ProtocolParser {
  let mark: UInt8
  let hasIdentifiers: Bool
  /// Whether an answer tells what its request left, which is its tag.
  let readsNotes: Bool
  /// Bytes of a body that are still to come, by side.
  private var left: [2 of Int] = [0, 0]

  init(mark: UInt8, hasIdentifiers: Bool, readsNotes: Bool) {
    (self.mark, self.hasIdentifiers, self.readsNotes) = (mark, hasIdentifiers, readsNotes)
  }

  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    let index = Int(side.rawValue)
    if left[index] > 0 {
      let count = min(left[index], bytes.count)
      guard count > 0 else { return view.isFinal ? .skip(1) : .needMore() }
      left[index] -= count
      return .body(count, isLast: left[index] == 0)
    }
    guard bytes.count >= ScriptMessage.size else {
      if view.isFinal { throw ParseError(at: 0, expected: "eight bytes") }
      return .needMore(atLeast: ScriptMessage.size)
    }
    guard let found = ScriptMessage(bytes), found.mark == mark else {
      throw ParseError(at: 0, expected: "a message")
    }
    let length = ScriptMessage.size + Int(found.body)
    if found.kind == 3 { return .skip(length) }
    var asked = desk.oldest
    if found.kind == 1, hasIdentifiers {
      guard let known = desk.asked(UInt64(found.id)) else { return .lookUp(UInt64(found.id)) }
      asked = known
    }
    found.write(to: &desk.message, &desk.fields, hasIdentifier: hasIdentifiers)
    if readsNotes, found.kind == 1, let note = asked.note {
      desk.message.texts.requestType = desk.fields.append(Array("\(note)".utf8).span)
    }
    if found.isRequest { ScriptMessage.handedOut.wrappingAdd(1, ordering: .relaxed) }
    switch found.form >> 2 & 3 {
    case 1 where found.body > 0:
      left[index] = Int(found.body)
      return .message(.head(ScriptMessage.size))
    case 2: return .message(.untilTurn)
    default: return .message(.bytes(length))
    }
  }

  mutating func bytesWereLost(from side: Side) { left[Int(side.rawValue)] = 0 }
}

extension ScriptMessage {
  fileprivate func write(
    to message: inout Message, _ fields: inout FieldBuffer, hasIdentifier: Bool
  ) {
    message = Message(kind == 0 ? .request : kind == 1 ? .response : .session)
    if hasIdentifier { message.exchange = UInt64(id) }
    message.note = UInt64(tag)
    message.mayBlock = form & 0x10 != 0
    if form & 0x20 != 0 { message.flags.insert(.truncated) }
    let text = fields.append(Array("\(tag)".utf8).span)
    if isRequest { message.texts.endpoint = text } else { message.texts.responseResult = text }
  }
}

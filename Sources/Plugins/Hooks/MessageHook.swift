// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// What looks at messages of protocols that are read already, and adds to what is told of them.
protocol MessageHook: Sendable {
  /// As the user knows it.
  var name: String { get }
  /// Names of the protocols, as users write them.
  var protocols: [String] { get }
  /// Bytes of a message that it sees.
  var payload: Int { get }
  /// Names of the header fields that it wants to know, in small letters.
  var headers: [[UInt8]] { get }

  /// Adds to the desk's message. `bytes` are the message from where it begins, at most ``payload`` of
  /// them; header fields are found in `head`.
  func amend(
    _ desk: inout Desk, of number: ApplicationProtocol, from side: Side, bytes: Span<UInt8>,
    head: borrowing MessageHead)
}

/// A protocol whose messages are looked at by hooks, in this order.
struct HookedProtocol: ProtocolKind {
  let kind: any ProtocolKind
  private let table: HookTable

  init(_ kind: any ProtocolKind, _ hooks: [any MessageHook]) {
    self.kind = kind
    table = HookTable(kind, hooks)
  }

  var descriptor: ProtocolDescriptor { kind.descriptor }
  var dialects: [ProtocolDescriptor] { kind.dialects }
  var isSuspended: Bool { kind.isSuspended }

  func openings(on transport: TransportProtocol) -> Openings { kind.openings(on: transport) }

  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    kind.recognize(bytes, context: context)
  }

  func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    HookedParser(kind.makeParser(context), table)
  }
}

/// Which hooks look at messages of what, for all conversations of a protocol.
final class HookTable: Sendable {
  fileprivate let descriptor: ProtocolDescriptor
  fileprivate let hooks: [(hook: any MessageHook, numbers: [ApplicationProtocol])]
  /// Bytes of a message that hooks wait for; 0 where bodies are not behind their heads.
  fileprivate let wanted: Int
  /// Header fields that hooks want to know, where the protocol's are packed; and their names.
  fileprivate let wantedHeaders: [WantedHeader]
  fileprivate let names: [[UInt8]]

  init(_ kind: any ProtocolKind, _ hooks: [any MessageHook]) {
    descriptor = kind.descriptor
    let spoken = [kind.descriptor] + kind.dialects
    self.hooks = hooks.map { hook in
      let names = Set(hook.protocols.map { $0.lowercased() })
      return (hook, spoken.filter { names.contains($0.name.lowercased()) }.map(\.number))
    }
    wanted = kind is HTTP1 ? hooks.map(\.payload).max() ?? 0 : 0
    var names: [[UInt8]] = []
    var headers: [WantedHeader] = []
    for name in hooks.flatMap(\.headers) where kind is HTTP2 && !names.contains(name) {
      guard headers.count < WantedHeader.limit, let header = WantedHeader(name.span) else {
        continue
      }
      names.append(name)
      headers.append(header)
    }
    self.names = names
    wantedHeaders = headers
  }
}

struct HookedParser: ProtocolParser {
  private var parser: any ProtocolParser
  private let table: HookTable

  init(_ parser: any ProtocolParser, _ table: HookTable) {
    self.parser = parser
    self.table = table
  }

  mutating func bytesWereLost(from side: Side) { parser.bytesWereLost(from: side) }
  mutating func expectRequest() { parser.expectRequest() }
  func seeksEnd(from side: Side) -> Bool { parser.seeksEnd(from: side) }
  var heldBytes: Int { parser.heldBytes }

  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    let before = table.wanted > 0 && !view.isFinal ? parser : nil
    if !table.wantedHeaders.isEmpty { desk.want(table.wantedHeaders) }
    defer { if !table.wantedHeaders.isEmpty { desk.want([]) } }
    let step = try parser.nextMessage(in: view, from: side, on: &desk)
    guard case .message(let length) = step else { return step }
    var count = bytes.count
    if case .bytes(let total) = length {
      // The parser is asked again, as if it had not been, when so much of the body is there.
      let needed = min(total, table.wanted)
      if let before, needed > count {
        parser = before
        return .needMore(atLeast: needed)
      }
      count = min(count, total)
    }
    let number = desk.message.speaks ?? table.descriptor.number
    let message = bytes.clipped(from: 0, to: count)
    let head = MessageHead(lines: message, names: table.names)
    for (hook, numbers) in table.hooks where numbers.contains(number) {
      hook.amend(
        &desk, of: number, from: side, bytes: message.clipped(from: 0, to: hook.payload),
        head: head)
    }
    return step
  }
}

/// Where the header fields of a message are: in lines at its front, or packed, and unpacked on the desk.
struct MessageHead: ~Escapable {
  private let lines: Span<UInt8>
  private let names: [[UInt8]]

  @_lifetime(copy lines)
  init(lines: Span<UInt8>, names: [[UInt8]]) {
    self.lines = lines
    self.names = names
  }

  /// Copies the value of a field into `room`, cut to that; how many bytes, nil when it is not there.
  func copy(
    _ name: [UInt8], of desk: borrowing Desk, to room: inout InlineArray<1_024, UInt8>
  ) -> Int? {
    if let index = names.firstIndex(of: name) {
      let range = desk.header(index)
      return range.isEmpty ? nil : Self.copy(desk.headerTexts.clipped(range), to: &room)
    }
    guard names.isEmpty, let range = HeaderFields.value(of: name, in: lines) else { return nil }
    return Self.copy(lines.clipped(range), to: &room)
  }

  private static func copy(_ value: Span<UInt8>, to room: inout InlineArray<1_024, UInt8>) -> Int {
    let count = min(value.count, 1_024)
    for index in 0..<count { room[index] = value[index] }
    return count
  }
}

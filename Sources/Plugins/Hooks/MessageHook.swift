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

  /// Adds to the desk's message. `bytes` are the message from where it begins, at most ``payload`` of
  /// them; `head` is as much of it as holds header fields.
  func amend(
    _ desk: inout Desk, of number: ApplicationProtocol, from side: Side, bytes: Span<UInt8>,
    head: Span<UInt8>)
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

  init(_ kind: any ProtocolKind, _ hooks: [any MessageHook]) {
    descriptor = kind.descriptor
    let spoken = [kind.descriptor] + kind.dialects
    self.hooks = hooks.map { hook in
      let names = Set(hook.protocols.map { $0.lowercased() })
      return (hook, spoken.filter { names.contains($0.name.lowercased()) }.map(\.number))
    }
    wanted = kind is HTTP1 ? hooks.map(\.payload).max() ?? 0 : 0
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
    for (hook, numbers) in table.hooks where numbers.contains(number) {
      hook.amend(
        &desk, of: number, from: side, bytes: message.clipped(from: 0, to: hook.payload),
        head: message)
    }
    return step
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// A protocol that a module for DeepFlow's agent reads: what one side says in a packet, or in a call of the
/// application, is a message, or some.
struct DeepFlowProtocol: ProtocolKind {
  let descriptor: ProtocolDescriptor
  private let slot: PluginSlot

  /// Nil when the plugin is something else, or looks at messages of others only.
  init?(_ slot: PluginSlot, number: UInt8) {
    guard case .deepFlow(let hooks) = slot.manifest.kind, hooks.readsPayload else { return nil }
    self.slot = slot
    descriptor = ProtocolDescriptor(
      number: ApplicationProtocol(rawValue: number), name: slot.manifest.name,
      transports: [.tcp, .udp], pairing: .identifier, defaultPorts: [], sureness: 90)
  }

  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    let plugin = slot.plugin
    guard var seat = plugin.module.borrow() else { return .no }
    let shown = bytes.extracting(first: min(bytes.count, SandboxSeat.offerLimit))
    let base = DeepFlowModule.base(
      transport: context.transport, number: 0, serverPort: context.serverPort, from: context.side,
      count: shown.count)
    seat.offer(base.span, as: .base)
    seat.offer(shown, as: .payload)
    guard let answer = seat.call(.check), answer & 0xff != 0 else { return .no }
    switch answer >> 8 & 0xff {
    case 1: return .yes(sentBy: .client)
    case 2: return .yes(sentBy: .server)
    default: return .yes(sentBy: nil)
    }
  }

  func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    DeepFlowParser(slot.plugin, descriptor.number.rawValue, context)
  }
}

private struct DeepFlowParser: ProtocolParser {
  private let plugin: Plugin
  private let number: UInt8
  private let transport: TransportProtocol
  private let serverPort: UInt16
  /// Records of the view that are not told yet, and how many are.
  private var records: [UInt8] = []
  private var told = 0
  /// Of messages without an id the n-th answer is the n-th request's.
  private var asked: UInt64 = 0
  private var answered: UInt64 = 0

  init(_ plugin: Plugin, _ number: UInt8, _ context: ConversationContext) {
    self.plugin = plugin
    self.number = number
    transport = context.transport
    serverPort = context.serverPort
  }

  var heldBytes: Int { 1_024 + records.capacity }

  mutating func bytesWereLost(from side: Side) {
    records = []
    answered = asked
  }

  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if told == 0 { try ask(bytes, from: side) }
    let ranges = DeepFlowInfo.records(records.span)
    guard told < ranges.count else {
      told = 0
      return .skip(bytes.count)
    }
    let info = DeepFlowInfo(ranges[told], in: records.span)
    told += 1
    let kind = info.kind ?? (side == .client ? .request : .response)
    desk.message = Message(kind)
    info.write(from: records.span, to: &desk)
    desk.message.exchange = info.exchange ?? next(kind)
    guard told == ranges.count else { return .message(.bytes(0)) }
    told = 0
    records = []
    return .message(.bytes(bytes.count))
  }

  private mutating func ask(_ bytes: Span<UInt8>, from side: Side) throws(ParseError) {
    guard var seat = plugin.module.borrow() else {
      throw ParseError(at: 0, expected: "a plugin that is not suspended")
    }
    let shown = bytes.extracting(first: min(bytes.count, SandboxSeat.offerLimit))
    let base = DeepFlowModule.base(
      transport: transport, number: number, serverPort: serverPort, from: side, count: shown.count)
    seat.offer(base.span, as: .base)
    seat.offer(shown, as: .payload)
    guard seat.call(.parse) != nil else {
      throw ParseError(at: 0, expected: "an answer of the plugin")
    }
    records = seat.takeRecords()
  }

  private mutating func next(_ kind: Message.Kind) -> UInt64 {
    if kind == .response {
      answered = min(asked, answered + 1)
      return 1 << 32 | answered
    }
    asked += 1
    return 1 << 32 | asked
  }
}

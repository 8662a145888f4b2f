// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// Asks a plugin what the bytes of a conversation are. What is known of the conversation lies here and
/// not in the plugin, so that an instance which had to be ended takes nothing along.
struct PluginParser: ProtocolParser {
  /// Bytes that are shown at first: few, as many small messages may lie behind each other.
  private static let glance = 512

  private enum Step: UInt32 {
    case message = 1
    case skip = 2
    case needMore = 3
    case lookUp = 4
    case body = 5
    case end = 6
    case more = 7
  }

  private let plugin: Plugin
  private let transport: TransportProtocol
  private let serverPort: UInt16
  private var state = ConversationState()
  private var lostFromClient = false
  private var lostFromServer = false
  private var expectsRequest = false
  /// Whether that side is in a message whose end the plugin finds.
  private var clientIsInBody = false
  private var serverIsInBody = false

  init(_ plugin: Plugin, _ context: ConversationContext) {
    self.plugin = plugin
    transport = context.transport
    serverPort = context.serverPort
  }

  mutating func bytesWereLost(from side: Side) {
    if side == .client {
      (lostFromClient, clientIsInBody) = (true, false)
    } else {
      (lostFromServer, serverIsInBody) = (true, false)
    }
  }

  mutating func expectRequest() { expectsRequest = true }

  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard var seat = plugin.module.borrow() else {
      throw ParseError(at: 0, expected: "a plugin that is not suspended")
    }
    let most = min(view.bytes.count, seat.payloadRoom)
    var shown = min(most, Self.glance)
    while true {
      let isWhole = shown == view.bytes.count
      // What is longer than the plugin's room is read as if it ended there.
      let isFinal = isWhole ? view.isFinal : shown == most
      let answer = try ask(
        &seat, view.bytes.extracting(first: shown), total: view.bytes.count, isFinal: isFinal,
        from: side, on: &desk)
      guard case .needMore(let wanted) = answer else { return answer }
      if isWhole { return answer }
      shown = min(most, max(wanted, 4 * shown))
      desk.fields.removeAll()
    }
  }

  private mutating func ask(
    _ seat: inout SandboxSeat, _ payload: Span<UInt8>, total: Int, isFinal: Bool, from side: Side,
    on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    var image = image(payload.count, total, isFinal, side, desk)
    guard seat.lay(image, payload), let answer = seat.call(.read), seat.take(&image) else {
      throw ParseError(at: 0, expected: "an answer of the plugin")
    }
    guard answer != 0 else { throw ParseError(at: 0, expected: "the plugin's protocol") }
    guard let step = step(image, payload.count, isFinal: isFinal, side, &seat, on: &desk) else {
      seat.blame("metaflow_read gave a step that means nothing, or no place in its memory")
      throw ParseError(at: 0, expected: "a step that means something")
    }
    if case .needMore = step { return step }
    if case .lookUp = step { return step }
    state.read(from: image)
    if side == .client { lostFromClient = false } else { lostFromServer = false }
    if side == .client { expectsRequest = false }
    return step
  }

  private func image(
    _ count: Int, _ total: Int, _ isFinal: Bool, _ side: Side, _ desk: borrowing Desk
  ) -> DeskImage {
    var image = DeskImage()
    image.put(UInt32(count), DeskImage.Input.payloadCount)
    image.put(UInt32(clamping: total), DeskImage.Input.payloadTotal)
    image.put(transport.rawValue, DeskImage.Input.transport)
    image.put(side.rawValue, DeskImage.Input.side)
    image.put(serverPort, DeskImage.Input.serverPort)
    var flags: UInt8 = isFinal ? 1 : 0
    if desk.mayBeInside { flags |= 2 }
    if side == .client ? lostFromClient : lostFromServer { flags |= 8 }
    if expectsRequest, side == .client { flags |= 16 }
    image.put(flags, DeskImage.Input.flags)
    image.put(UInt32(clamping: desk.waiting), DeskImage.Input.waiting)
    image.put(Self.number(of: desk.oldest), DeskImage.Input.oldest)
    image.put(desk.oldest.note ?? 0, DeskImage.Input.oldestNote)
    if let (id, asked) = desk.found {
      image.put(Self.number(of: asked), DeskImage.Input.lookUp)
      image.put(id, DeskImage.Input.lookUpID)
      image.put(asked.note ?? 0, DeskImage.Input.lookUpNote)
    }
    state.write(to: &image)
    return image
  }

  private static func number(of asked: Asked) -> UInt8 {
    switch asked {
    case .nothing: 1
    case .unknown: 2
    case .note: 3
    }
  }

  /// Nil when the plugin said what it must not.
  private mutating func step(
    _ image: DeskImage, _ shown: Int, isFinal: Bool, _ side: Side, _ seat: inout SandboxSeat,
    on desk: inout Desk
  ) -> ParseStep? {
    let count64 = image.number64(DeskImage.Output.count)
    guard count64 <= 1 << 40, let step = Step(rawValue: image.number32(DeskImage.Output.step))
    else { return nil }
    let count = Int(count64)
    let ends = image.isFlagged(DeskImage.Flag.ends)
    switch step {
    case .skip: return count > 0 ? .skip(count) : nil
    case .needMore:
      return isFinal || count > 0 && count <= shown ? nil : .needMore(atLeast: count)
    case .lookUp:
      let id = image.number64(DeskImage.Output.exchange)
      return desk.asked(id) == nil ? .lookUp(id) : nil
    case .body:
      guard isInBody(side), count > 0, !ends || count <= shown else { return nil }
      if ends { setInBody(side, false) }
      return .body(count, isLast: ends)
    case .message, .end, .more:
      guard let message = image.message(), message.length ?? 0 >= 0 else { return nil }
      desk.message = message
      guard image.takeTexts(from: seat, on: &desk) else { return nil }
      switch step {
      case .message: return messageStep(image, count, shown, side)
      case .end:
        guard isInBody(side), count > 0, count <= shown else { return nil }
        setInBody(side, false)
        return .end(count)
      default: return message.exchange == nil ? nil : .more(count, ends: ends)
      }
    }
  }

  private mutating func messageStep(
    _ image: DeskImage, _ count: Int, _ shown: Int, _ side: Side
  ) -> ParseStep? {
    setInBody(side, false)
    if image.isFlagged(DeskImage.Flag.untilTurn) { return .message(.untilTurn) }
    guard image.isFlagged(DeskImage.Flag.head) else { return .message(.bytes(count)) }
    guard count > 0, count <= shown else { return nil }
    setInBody(side, true)
    return .message(.head(count))
  }

  private func isInBody(_ side: Side) -> Bool { side == .client ? clientIsInBody : serverIsInBody }

  private mutating func setInBody(_ side: Side, _ value: Bool) {
    if side == .client { clientIsInBody = value } else { serverIsInBody = value }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Going on with what a protocol has handed its conversation over to: the stream in a tunnel, or what
/// was agreed on instead.
extension FlowEngine {
  /// Follows a hand-over, if there was one, in the middle of a chunk of which `rest` comes behind it.
  mutating func follow(
    _ rest: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) -> Outcome {
    var bytes: [UInt8] = []
    swap(&bytes, &conversation[moment.direction].buffer)
    conversation[moment.direction].marks = []
    let before = bytes.count
    bytes.append(copying: rest)
    follow(in: &conversation, slot: slot, at: moment.exit)
    let total = before + length
    guard total > 0 else { return .read }
    handOver(
      bytes.span, length: total, sequence: sequence &- UInt32(truncatingIfNeeded: before),
      moment: &moment, in: &conversation, slot: slot)
    return .counted
  }

  /// Hand-overs of one conversation that are followed: a tunnel in a tunnel is as much as anybody needs,
  /// and each is one more call into this file.
  private static let limit: UInt8 = 4

  /// Follows a hand-over, if there was one, behind which nothing was seen so far.
  mutating func follow(
    in conversation: inout Conversation, slot: Int, at time: Timestamp
  ) {
    guard let successor else { return }
    self.successor = nil
    abandonCalls(of: &conversation, slot: slot, at: time)
    for direction in [SocketEvent.Direction.egress, .ingress] {
      conversation[direction].forget(pool: &buffers)
      conversation[direction].mayBeInside = false
    }
    conversation.parser = nil
    conversation.isAnswered = false
    conversation.wishes.wantAll()
    guard conversation.handOvers < Self.limit else {
      return leave(&conversation, slot: slot, at: time)
    }
    conversation.handOvers += 1
    switch successor {
    case .encrypted:
      noteEncrypted(&conversation, slot: slot)
      leave(&conversation, slot: slot, at: time)
    case .protocolNumbered(let number):
      let known = protocols.firstIndex { $0.number.rawValue == number.rawValue }
      guard let known, !protocols[known].isSuspended else {
        return beginAnew(&conversation)
      }
      conversation.protocolIndex = known
      conversation.parser = protocols[known].kind.makeParser(
        conversation.parserContext(privacy: desk.fields.privacy))
      if !isOfSockets { reconsidered.append(slot) }
    case .unknown: beginAnew(&conversation)
    }
  }

  private mutating func beginAnew(_ conversation: inout Conversation) {
    conversation.state = .unknown
    conversation.turn = .fresh
    conversation.lastDirection = nil
    conversation.offers = 0
    conversation.unreadEvents = 0
    if conversation.wishes.isSaid { listenAgain(to: &conversation) }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Reading datagrams: each is a view of its own, complete or cut.
extension FlowEngine {
  mutating func takeDatagram(
    _ payload: Span<UInt8>, length: Int, moment: inout Moment, in conversation: inout Conversation,
    slot: Int
  ) {
    if conversation.state == .unknown {
      guard recogniseDatagram(payload, length: length, moment: &moment, in: &conversation) else {
        conversation.turn = .fresh
        return refuse(&conversation, at: moment.exit)
      }
    }
    let sender = conversation.sender(moment.direction) ?? .client
    conversation[moment.direction].mayBeInside = false
    var position = 0
    var empty = 0
    while position < payload.count {
      let start = position
      let view = StreamView(payload.extracting(droppingFirst: position), isFinal: true)
      switch step(view, moment.direction, from: sender, of: &conversation, slot: slot) {
      case .skip(let count)?, .body(let count, _)?, .end(let count)?:
        position += min(max(1, count), payload.count - position)
      case .message(let extent)?:
        var end = payload.count
        switch extent {
        case .bytes(let count): end = position + min(max(0, count), payload.count - position)
        case .head, .untilTurn: break
        }
        let part = MessagePart(
          end: moment.end, isOpen: false, sequence: 0, captured: end - position)
        take(part, first: &moment, in: &conversation, slot: slot)
        position = end
      case .more(let count, let ends)?:
        position += min(max(0, count), payload.count - position)
        takeMore(position - start, ends: ends, &moment, in: &conversation, slot: slot)
      case .handOver(_, let successor)?:
        self.successor = successor
        follow(in: &conversation, slot: slot, at: moment.exit)
        return count(.read)
      case .needMore?, .lookUp?, nil:
        return refuseDatagram(&conversation, at: moment.exit, slot: slot)
      }
      empty = position == start ? empty + 1 : 0
      guard empty <= MessageLength.emptyInARow else {
        return refuseDatagram(&conversation, at: moment.exit, slot: slot)
      }
    }
    conversation.failures = 0
    count(payload.count < length && payload.isEmpty ? .lost(.streamGap) : .read)
  }

  private mutating func recogniseDatagram(
    _ payload: Span<UInt8>, length: Int, moment: inout Moment, in conversation: inout Conversation
  ) -> Bool {
    guard !payload.isEmpty else { return false }
    var candidates: ProtocolSet?
    return offer(
      payload, to: &candidates, isWhole: payload.count == length, isOver: true, moment.direction,
      of: &conversation) == .recognised
  }

  /// One bad datagram says little: anybody may have sent it. Several in a row end the conversation.
  private mutating func refuseDatagram(
    _ conversation: inout Conversation, at time: Timestamp, slot: Int
  ) {
    tallies.conversations.lose(.parseFailed)
    noteParseFailure(slot: slot, at: time)
    conversation.failures += 1
    if conversation.failures >= limits.parseFailures {
      abandonCalls(of: &conversation, slot: slot, at: time)
      conversation.parser = nil
      mute(&conversation, at: time)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reading what a ``SegmentAssembler`` hands on: bytes come in order and once.
extension FlowEngine {
  /// Takes the next bytes of a direction.
  mutating func takeSegment(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    conversation.lastActive = moment.exit
    handOver(
      payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
  }

  /// Takes note that the next `count` bytes of a direction will not come; 0 when nobody knows how
  /// many.
  mutating func takeGap(
    _ count: Int, because reason: LossReason, _ direction: SocketEvent.Direction,
    in conversation: inout Conversation, slot: Int
  ) {
    readBacklog(of: &conversation, slot: slot)
    if count > 0, conversation.state == .recognised {
      if conversation[direction].untilTurn { return }
      if conversation[direction].skip >= count {
        // The gap lies within a body that nobody reads.
        conversation[direction].skip -= count
        if conversation[direction].skip == 0, !conversation[direction].isInBody {
          endMessage(direction, at: nil, in: &conversation, slot: slot)
        }
        return
      }
    }
    lose(direction, because: reason, in: &conversation, slot: slot)
  }
}

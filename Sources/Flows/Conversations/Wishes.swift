// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What the probe was asked to copy of a socket's calls. Four bytes: every conversation has one.
struct Wishes {
  private var bits: UInt8 = 0
  /// Step in the pipeline's `bodyBytes`.
  var step: UInt8 = 0
  /// The low bits of the place in the stream of the answer for which it was taken last: one step for
  /// one call.
  var steppedAt: UInt16 = 0

  /// Whether the probe knows which end the socket is. Then it copies requests whole, and little of
  /// answers but the first, without being asked.
  var isRoleKnown: Bool {
    get { bits & 4 != 0 }
    set { bits = newValue ? bits | 4 : bits & ~4 }
  }

  /// Whether it was asked for anything.
  var isSaid: Bool {
    get { bits & 8 != 0 }
    set { bits = newValue ? bits | 8 : bits & ~8 }
  }

  /// Whether a long body is under way in this direction.
  func hasLongBody(_ direction: SocketEvent.Direction) -> Bool {
    bits & UInt8(1) << UInt8(direction.index) != 0
  }

  /// Whether nobody will read what moves in this direction any more.
  func wantsNothing(_ direction: SocketEvent.Direction) -> Bool {
    bits & UInt8(0x10) << UInt8(direction.index) != 0
  }

  mutating func wantNothing(_ direction: SocketEvent.Direction) {
    bits |= UInt8(0x10) << UInt8(direction.index)
  }

  /// All that moves may be of interest again.
  mutating func wantAll() { bits &= 0x0f }

  mutating func turnLongBody(_ direction: SocketEvent.Direction) {
    bits ^= UInt8(1) << UInt8(direction.index)
  }
}

/// Asking the probe for what is to be read, and for no more: requests whole, as they may be many in
/// one send; of answers what their protocol needs; little of long bodies.
extension FlowEngine {
  /// The protocol was recognised.
  mutating func wishAtFirst(_ conversation: inout Conversation) {
    guard isOfSockets, conversation.transport.rawValue != TransportProtocol.udp.rawValue else {
      return
    }
    let answers = protocols[conversation.protocolIndex].answers
    guard answers != .bodies || !conversation.wishes.isRoleKnown || conversation.wishes.isSaid
    else { return }
    sayWishes(&conversation)
  }

  /// Bytes that a parser needed of a chunk in this direction were not copied.
  mutating func wantMore(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation
  ) {
    let place = UInt16(truncatingIfNeeded: conversation[direction].next)
    guard isOfSockets, conversation.sender(direction) != .client,
      protocols[conversation.protocolIndex].answers == .bodies,
      Int(conversation.wishes.step) + 1 < limits.bodyBytes.count,
      conversation.wishes.step == 0 || conversation.wishes.steppedAt != place
    else { return }
    conversation.wishes.step += 1
    conversation.wishes.steppedAt = place
    sayWishes(&conversation)
  }

  /// Bytes were read: what is to come may be long and of no interest.
  @inline(__always)
  mutating func wishForBody(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation
  ) {
    let isLong = conversation.wishes.hasLongBody(direction)
    let rest = conversation[direction].skip
    guard isLong ? rest < limits.longBodyRest : rest >= limits.longBody else { return }
    conversation.wishes.turnLongBody(direction)
    sayWishes(&conversation)
  }

  /// The parser will not look at what else moves in this direction: the length of calls is enough.
  mutating func wantNothing(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation
  ) {
    guard !conversation.wishes.wantsNothing(direction) else { return }
    conversation.wishes.wantNothing(direction)
    sayWishes(&conversation)
  }

  private mutating func sayWishes(_ conversation: inout Conversation) {
    conversation.wishes.isSaid = true
    say(
      SocketVerdict(
        socket: conversation.socket, plane: conversation.plane,
        egress: wanted(.egress, of: &conversation), ingress: wanted(.ingress, of: &conversation)))
  }

  private mutating func wanted(
    _ direction: SocketEvent.Direction, of conversation: inout Conversation
  ) -> SocketVerdict.Wanted {
    let answers = protocols[conversation.protocolIndex].answers
    let isAnswer = conversation.sender(direction) == .server
    if conversation.wishes.wantsNothing(direction) { return SocketVerdict.Wanted(0) }
    if conversation.wishes.hasLongBody(direction) {
      return SocketVerdict.Wanted(0, hasTail: isAnswer && answers == .results)
    }
    guard isAnswer else { return SocketVerdict.Wanted(limits.wholeBytes) }
    return switch answers {
    case .bodies: SocketVerdict.Wanted(limits.bodyBytes[Int(conversation.wishes.step)])
    case .results: SocketVerdict.Wanted(limits.resultBytes, hasTail: true)
    case .rows: SocketVerdict.Wanted(limits.wholeBytes)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Putting the chunks of a TCP direction into the order of their sequence numbers.
///
/// Chunks come out of order only when two threads use one socket at a time. A chunk that is ahead
/// is held for the missing one, briefly; then the bytes between are taken as lost.
extension FlowEngine {
  /// A jump of more than this is no gap, but a stream that was not followed.
  private static let jump: Int32 = 1 << 28

  mutating func takeChunk(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    let direction = moment.direction
    // Plain text from a TLS library comes in order, and its places are those of the cipher text, which
    // is longer: behind bytes that wait to be read only counting on tells where those begin.
    let isPlaced = !moment.isTLS && conversation[direction].isStarted
    let countsOn = moment.isTLS && !conversation[direction].buffer.isEmpty
    var sequence = countsOn ? conversation[direction].next : sequence
    if isPlaced, !conversation[direction].held.isEmpty {
      sequence = conversation[direction].place(of: sequence, length: length)
    }
    let ahead = isPlaced ? Int32(bitPattern: sequence &- conversation[direction].next) : 0
    conversation[direction].isStarted = true
    if ahead == 0 {
      handOver(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
    } else if ahead < 0, ahead > -Self.jump {
      takeRepeated(
        payload, length: length, sequence: sequence, seen: -Int(ahead), moment: &moment,
        in: &conversation, slot: slot)
    } else {
      takeAhead(
        payload, length: length, sequence: sequence, by: Int(ahead), moment: &moment,
        in: &conversation, slot: slot)
    }
    if !conversation[direction].held.isEmpty {
      takeHeld(direction, in: &conversation, slot: slot)
    }
  }

  /// Sequence numbers tell of bytes that are missing behind others. Of a direction of which nothing was
  /// seen yet, only the count of the socket's events tells: when one did not come that no other tells
  /// of, the first bytes of a direction may be the second.
  @inline(__always)
  mutating func noteOrdinal(
    _ event: inout SocketEvent, in conversation: inout Conversation, slot: Int
  ) {
    let step = Int32(bitPattern: event.ordinal &- conversation.lastOrdinal)
    if step == 1, conversation.missedEvents == 0 {
      conversation.lastOrdinal = event.ordinal
    } else if event.ordinal != 0 {
      noteJump(&event, by: step, in: &conversation, slot: slot)
    }
  }

  /// Of plain text nothing but the count of its calls tells that some is missing, and not of which side.
  mutating func notePlainOrdinal(
    _ event: inout SocketEvent, in conversation: inout Conversation, slot: Int
  ) {
    let step = Int32(bitPattern: event.ordinal &- conversation.lastOrdinal)
    let isGap = conversation.lastOrdinal != 0 && step > 1
    conversation.lastOrdinal = event.ordinal
    if isGap { missed(&event, on: conversation) }
    guard isGap, conversation.state == .recognised else { return }
    lose(.egress, in: &conversation, slot: slot)
    lose(.ingress, in: &conversation, slot: slot)
  }

  private mutating func noteJump(
    _ event: inout SocketEvent, by step: Int32, in conversation: inout Conversation, slot: Int
  ) {
    let direction = event.direction
    let hasMissed = conversation.missedEvents > 0
    if conversation.lastOrdinal == 0 || step < -Self.lateOrdinals {
      // It is met, or the count began anew.
      if event.ordinal > 1 { missed(&event, on: conversation) }
      conversation.lastOrdinal = event.ordinal
      conversation.missedEvents = 0
    } else if step <= 0 {
      // One that comes late, or another piece of the last.
      if step < 0, hasMissed { conversation.missedEvents -= 1 }
    } else {
      conversation.lastOrdinal = event.ordinal
      if step > 1 { missed(&event, on: conversation) }
      let isStarted = conversation[direction].isStarted
      if step > 1, !isStarted || event.sequence == conversation[direction].next {
        conversation.missedEvents = UInt8(clamping: Int32(conversation.missedEvents) + step - 1)
      }
      if hasMissed, !isStarted, conversation.state == .recognised,
        event.transport.rawValue != TransportProtocol.udp.rawValue
      {
        lose(direction, in: &conversation, slot: slot)
        conversation.missedEvents = 0
      }
    }
  }

  /// An event of the socket was not seen: of whoever uses it now, or did before.
  private mutating func missed(_ event: inout SocketEvent, on conversation: borrowing Conversation)
  {
    causality.missed(.socket(of: causality.bucket(of: event.process)))
    causality.missed(.socket(of: conversation.user))
  }

  /// Events that threads who share a socket may be told late by.
  private static let lateOrdinals: Int32 = 64

  /// Hands bytes that are next in order to whoever reads the conversation.
  mutating func handOver(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    switch conversation.state {
    case .recognised:
      count(
        read(
          payload, length: length, sequence: sequence, moment: &moment, in: &conversation,
          slot: slot))
      wishForBody(moment.direction, in: &conversation)
    case .unknown:
      lookForProtocol(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
    case .adopted:
      keep(payload, length: length, sequence: sequence, moment: &moment, in: &conversation)
    case .muted:
      tallies.conversations.lose(conversation.unreadReason)
    }
    conversation[moment.direction].next = sequence &+ UInt32(truncatingIfNeeded: length)
  }

  mutating func count(_ outcome: Outcome) {
    switch outcome {
    case .read: tallies.conversations.pass()
    case .lost(let reason): tallies.conversations.lose(reason)
    case .counted: break
    }
  }

  /// Bytes of which the first `seen` were read before, or are taken as lost.
  private mutating func takeRepeated(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, seen: Int, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    guard seen < length else { return tallies.conversations.pass() }
    handOver(
      payload.extracting(droppingFirst: min(seen, payload.count)), length: length - seen,
      sequence: sequence &+ UInt32(truncatingIfNeeded: seen), moment: &moment, in: &conversation,
      slot: slot)
  }

  private mutating func takeAhead(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, by gap: Int, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    let direction = moment.direction
    let isJump = gap < 0 || gap > Int(Self.jump)
    guard !isJump, conversation.state == .recognised else {
      lose(direction, in: &conversation, slot: slot)
      return handOver(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
    }
    if conversation[direction].untilTurn || conversation[direction].skip >= gap {
      // The gap lies within a body that nobody reads.
      if !conversation[direction].untilTurn { conversation[direction].skip -= gap }
      return handOver(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
    }
    if conversation[direction].extendHeld(payload, length, sequence: sequence, moment) {
      heldBytes += payload.count
      return
    }
    if conversation[direction].held.count >= limits.heldChunks {
      releaseHeld(direction, in: &conversation, slot: slot)
      return takeChunk(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
    }
    var bytes: [UInt8] = []
    bytes.append(copying: payload)
    heldBytes += bytes.count
    conversation[direction].held.append(
      Stream.Held(sequence: sequence, length: length, moment: moment, bytes: bytes))
    if conversation[direction].held.count == 1 { waiting.append(slot) }
  }

  /// Reads the held chunks that are next in order now.
  private mutating func takeHeld(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) {
    while let index = conversation[direction].held.firstIndex(where: {
      Int32(bitPattern: $0.sequence &- conversation[direction].next) <= 0
    }) {
      let held = conversation[direction].held.remove(at: index)
      heldBytes -= held.bytes.count
      var moment = held.moment
      let seen = Int(conversation[direction].next &- held.sequence)
      tallies.conversations.pass(held.pieces - 1)
      takeRepeated(
        held.bytes.span, length: held.length, sequence: held.sequence, seen: seen,
        moment: &moment, in: &conversation, slot: slot)
    }
  }

  /// Gives up waiting for the bytes before the held chunks.
  mutating func releaseHeld(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) {
    while !conversation[direction].held.isEmpty {
      let next = conversation[direction].next
      var nearest = 0
      for index in conversation[direction].held.indices
      where conversation[direction].held[index].sequence &- next
        < conversation[direction].held[nearest].sequence &- next
      { nearest = index }
      let sequence = conversation[direction].held[nearest].sequence
      lose(direction, in: &conversation, slot: slot)
      conversation[direction].next = sequence
      takeHeld(direction, in: &conversation, slot: slot)
    }
  }
}

extension Stream {
  /// Where bytes belong that are said to begin at `sequence`. No call repeats bytes: where they lie
  /// over a held chunk, two threads sent at a time and both were told the later's place, and these are
  /// the bytes that are missing before it.
  fileprivate func place(of sequence: UInt32, length: Int) -> UInt32 {
    var room = Int.max
    var overlaps = false
    for chunk in held {
      room = min(room, Int(Int32(bitPattern: chunk.sequence &- next)))
      let ahead = Int(Int32(bitPattern: sequence &- chunk.sequence))
      if ahead < chunk.length, -ahead < length { overlaps = true }
    }
    return overlaps && length <= room ? next : sequence
  }
}

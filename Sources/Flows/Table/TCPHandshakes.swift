// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What is not the next packet of a peaceful connection: how it begins and how it ends.
extension FlowTable {
  mutating func takeUnexpected(
    _ packet: inout DecodedPacket, slot: Int, direction: Int
  ) {
    let flags = packet.flags.rawValue
    let (fin, syn, rst) = (flags & 0x01 != 0, flags & 0x02 != 0, flags & 0x04 != 0)
    let isAcknowledging = flags & 0x10 != 0
    if packet.window == 0 && !rst {
      incidents.slots[incidents(of: slot)].zeroWindows[direction] &+= 1
    }
    learnRealAddress(&packet, slot: slot, direction: direction)
    switch (syn, rst) {
    case (true, false) where !fin:
      if isAcknowledging {
        takeSynAck(&packet, slot: slot, direction: direction)
      } else {
        takeSyn(&packet, slot: slot, direction: direction)
      }
    case (false, true): takeReset(slot: slot, direction: direction)
    case (false, false) where isAcknowledging:
      takeSegment(&packet, slot: slot, direction: direction)
    default: flows[slot].takeOther(direction)
    }
  }

  private mutating func takeSyn(
    _ packet: inout DecodedPacket, slot: Int, direction: Int
  ) {
    let facts = flows[slot].facts
    incidents.slots[incidents(of: slot)].syns &+= 1
    if facts.has(FlowFacts.syn, direction) {
      incidents.slots[incidents(of: slot)].synRetransmissions &+= 1
      incidents.slots[incidents(of: slot)].retransmissions[direction] &+= 1
    } else {
      if facts.hasEither(FlowFacts.synAck) { flows[slot].facts.note(FlowFacts.disordered) }
      if !facts.hasEither(FlowFacts.syn) {
        details[slot].synTime = packet.time
        details[slot].synSequence = packet.sequence
        learnDirection(slot: slot, firstIsClient: direction == 0, score: DirectionScore.handshake)
      }
      flows[slot].facts.note(FlowFacts.syn, direction)
    }
    if flows[slot].phase == .other { enter(.opening, slot: slot) }
    number(&packet, slot: slot, direction: direction)
    flows[slot].takeOther(direction)
  }

  private mutating func takeSynAck(
    _ packet: inout DecodedPacket, slot: Int, direction: Int
  ) {
    let facts = flows[slot].facts
    incidents.slots[incidents(of: slot)].synAcks &+= 1
    if facts.has(FlowFacts.synAck, direction) {
      incidents.slots[incidents(of: slot)].synAckRetransmissions &+= 1
      incidents.slots[incidents(of: slot)].retransmissions[direction] &+= 1
    } else {
      if !facts.hasEither(FlowFacts.synAck) {
        details[slot].synAckTime = packet.time
        details[slot].synAckSequence = packet.sequence
      }
      learnDirection(slot: slot, firstIsClient: direction != 0, score: DirectionScore.handshake)
      flows[slot].facts.note(FlowFacts.synAck, direction)
    }
    switch flows[slot].phase {
    case .other, .opening, .answered:
      if facts.has(FlowFacts.syn, 1 - direction) && !facts.has(FlowFacts.disordered) {
        incidents.slots[incidents(of: slot)].roundTripServer.takeRoundTrip(
          from: details[slot].synTime, to: packet.time)
      }
      enter(.answered, slot: slot)
    case .established where facts.has(FlowFacts.synAck, direction):
      flows[slot].facts.note(FlowFacts.synAckAgain)
    default: break
    }
    number(&packet, slot: slot, direction: direction)
    settle(packet.acknowledgement, slot: slot, direction: 1 - direction)
    flows[slot].takeOther(direction)
  }

  /// A SYN that was tried under several numbers: the one that is answered counts.
  private mutating func settle(_ acknowledgement: UInt32, slot: Int, direction: Int) {
    guard flows[slot].phase == .answered, !flows[slot].facts.has(FlowFacts.data, direction),
      acknowledgement != flows[slot].next[direction],
      acknowledgement != details[slot].first[direction]
    else { return }
    details[slot].first[direction] = acknowledgement
    flows[slot].next[direction] = acknowledgement
    flows[slot].facts.note(FlowFacts.numbered, direction)
  }

  /// Learns the numbers of a direction from its SYN, unless its bytes are known already.
  private mutating func number(_ packet: inout DecodedPacket, slot: Int, direction: Int) {
    let isBeginning = flows[slot].phase == .opening || flows[slot].phase == .answered
    guard isBeginning || !flows[slot].facts.has(FlowFacts.numbered, direction) else { return }
    let first = packet.sequence &+ 1
    details[slot].first[direction] = first
    flows[slot].next[direction] = first &+ UInt32(truncatingIfNeeded: packet.payloadLength)
    flows[slot].facts.note(FlowFacts.numbered, direction)
  }

  private mutating func takeReset(slot: Int, direction: Int) {
    if !flows[slot].facts.hasEither(FlowFacts.rst) {
      flows[slot].facts.note(FlowFacts.rst, direction)
      details[slot].resetPhase = flows[slot].phase
      switch flows[slot].phase {
      case .opening, .answered: enter(.refused, slot: slot)
      case .other, .established, .halfClosed: enter(.reset, slot: slot)
      case .finished:
        // Whatever of it was not acknowledged: nothing follows.
        flows[slot].facts.note(FlowFacts.finAcknowledged, 0)
        flows[slot].facts.note(FlowFacts.finAcknowledged, 1)
        dues[slot] = .min
      case .refused, .reset: break
      }
    }
    flows[slot].takeOther(direction)
  }

  /// Moves a connection that an ACK came for to ``Flow/Phase/established``; false when the packet is
  /// of another connection.
  mutating func establish(
    _ packet: inout DecodedPacket, slot: Int, direction: Int
  ) -> Bool {
    let facts = flows[slot].facts
    switch flows[slot].phase {
    case .other: enter(.established, slot: slot)
    case .opening:
      // The answer to the SYN acknowledges what its sender has not sent: the server still has a
      // connection of these ports, whose end it never saw.
      if !facts.has(FlowFacts.syn, direction)
        && SequenceGaps.isBefore(flows[slot].next[1 - direction], packet.acknowledgement)
      {
        flows[slot].facts.note(FlowFacts.foreignAnswer)
        return false
      }
      flows[slot].facts.forget(FlowFacts.foreignAnswer)
      enter(.established, slot: slot)
    case .answered:
      enter(.established, slot: slot)
      guard facts.has(FlowFacts.synAck, 1 - direction), !facts.has(FlowFacts.disordered) else {
        break
      }
      takeHandshake(&packet, slot: slot, direction: direction)
    default: break
    }
    return true
  }

  private mutating func takeHandshake(
    _ packet: inout DecodedPacket, slot: Int, direction: Int
  ) {
    incidents.slots[incidents(of: slot)].roundTripClient.takeRoundTrip(
      from: details[slot].synAckTime, to: packet.time)
    guard flows[slot].facts.has(FlowFacts.syn, direction) else { return }
    incidents.slots[incidents(of: slot)].roundTrip.takeRoundTrip(
      from: details[slot].synTime, to: packet.time)
    guard packet.payloadLength == 0 else { return }
    flows[slot].track.lastData = TurnTrack.handshake
    flows[slot].dataTime = packet.time
  }

  mutating func takeFin(slot: Int, direction: Int) {
    incidents.slots[incidents(of: slot)].fins &+= 1
    flows[slot].facts.note(FlowFacts.fin, direction)
    switch flows[slot].phase {
    case .refused, .reset: break
    default:
      let isBoth =
        flows[slot].facts.hasAll(FlowFacts.fin, 0)
        && flows[slot].facts.hasAll(FlowFacts.fin, 1)
      enter(isBoth ? .finished : .halfClosed, slot: slot)
    }
  }
}

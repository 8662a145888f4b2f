// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What is not the next packet of a peaceful connection: its beginning, its end, and disorder.
extension FlowTable {
  mutating func takeUnexpected(
    _ packet: inout DecodedPacket, slot: Int, direction: Int, second: Int
  ) {
    let flags = packet.flags.rawValue
    let (fin, syn, rst) = (flags & 0x01 != 0, flags & 0x02 != 0, flags & 0x04 != 0)
    let isAcknowledging = flags & 0x10 != 0
    if packet.window == 0 && !rst {
      incidents.slots[incidents(of: second)].zeroWindows[direction] &+= 1
    }
    learnRealAddress(&packet, slot: slot, direction: direction)
    switch (syn, rst) {
    case (true, false) where !fin:
      if isAcknowledging {
        takeSynAck(&packet, slot: slot, direction: direction, second: second)
      } else {
        takeSyn(&packet, slot: slot, direction: direction, second: second)
      }
    case (false, true): takeReset(slot: slot, direction: direction)
    case (false, false) where isAcknowledging:
      takeSegment(&packet, slot: slot, direction: direction, second: second)
    default: flows[slot].takeOther(direction)
    }
  }

  private mutating func takeSyn(
    _ packet: inout DecodedPacket, slot: Int, direction: Int, second: Int
  ) {
    let facts = flows[slot].facts
    incidents.slots[incidents(of: second)].syns &+= 1
    if facts.has(FlowFacts.syn, direction) {
      incidents.slots[incidents(of: second)].synRetransmissions &+= 1
      incidents.slots[incidents(of: second)].retransmissions[direction] &+= 1
    } else {
      if facts.hasEither(FlowFacts.synAck) { flows[slot].facts.note(FlowFacts.disordered) }
      if !facts.hasEither(FlowFacts.syn) {
        details[slot].synTime = packet.time
        details[slot].synSequence = packet.sequence
        learnDirection(slot: slot, firstIsClient: direction == 0, score: DirectionScore.handshake)
      }
      flows[slot].facts.note(FlowFacts.syn, direction)
    }
    if flows[slot].phase == .other { flows[slot].phase = .opening }
    number(&packet, slot: slot, direction: direction)
    flows[slot].takeOther(direction)
  }

  private mutating func takeSynAck(
    _ packet: inout DecodedPacket, slot: Int, direction: Int, second: Int
  ) {
    let facts = flows[slot].facts
    incidents.slots[incidents(of: second)].synAcks &+= 1
    if facts.has(FlowFacts.synAck, direction) {
      incidents.slots[incidents(of: second)].synAckRetransmissions &+= 1
      incidents.slots[incidents(of: second)].retransmissions[direction] &+= 1
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
        incidents.slots[incidents(of: second)].roundTripServer.take(
          packet.time, since: details[slot].synTime, limit: LatencyLimit.roundTrip)
      }
      flows[slot].phase = .answered
    case .established where facts.has(FlowFacts.synAck, direction):
      flows[slot].facts.note(FlowFacts.synAckAgain)
    default: break
    }
    number(&packet, slot: slot, direction: direction)
    flows[slot].takeOther(direction)
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
      flows[slot].resetPhase = flows[slot].phase
      switch flows[slot].phase {
      case .opening, .answered: flows[slot].phase = .refused
      case .other, .established, .halfClosed: flows[slot].phase = .reset
      case .finished, .refused, .reset: break
      }
    }
    flows[slot].takeOther(direction)
  }

  /// Takes an ACK, with data, with FIN, or bare.
  private mutating func takeSegment(
    _ packet: inout DecodedPacket, slot: Int, direction: Int, second: Int
  ) {
    guard establish(&packet, slot: slot, direction: direction, second: second) else {
      return flows[slot].takeOther(direction)
    }
    flows[slot].facts.note(FlowFacts.spoke, direction)
    let hasFin = packet.flags.rawValue & 0x01 != 0
    if !hasFin && packet.payloadLength <= 1
      && flows[slot].facts.has(FlowFacts.numbered, direction)
      && packet.sequence == flows[slot].next[direction] &- 1
    {
      details[slot].keepaliveSequence = packet.sequence
      details[slot].keepaliveAcknowledgement = packet.acknowledgement
      // The connection is idle since its last sign of life.
      if flows[slot].track.lastData == TurnTrack.handshake { flows[slot].dataTime = packet.time }
      return
    }
    let length = UInt32(truncatingIfNeeded: packet.payloadLength)
    let placement = place(
      packet.sequence, length: length &+ (hasFin ? 1 : 0), slot: slot, direction: direction,
      second: second)
    if placement == .repeated && length > 0 {
      incidents.slots[incidents(of: second)].retransmissions[direction] &+= 1
    }
    if packet.payloadLength > 0 {
      flows[slot].takeData(
        &packet, direction, placement, &seconds.slots[second].counters)
    } else if hasFin || packet.flags.rawValue & 0x20 != 0 {
      flows[slot].takeOther(direction)
    } else {
      flows[slot].takeAcknowledgement(&packet, direction, &seconds.slots[second].counters)
    }
    if hasFin { takeFin(slot: slot, direction: direction, second: second) }
  }

  private mutating func takeFin(slot: Int, direction: Int, second: Int) {
    incidents.slots[incidents(of: second)].fins &+= 1
    flows[slot].facts.note(FlowFacts.fin, direction)
    switch flows[slot].phase {
    case .refused, .reset: break
    default:
      let isBoth =
        flows[slot].facts.hasAll(FlowFacts.fin, 0)
        && flows[slot].facts.hasAll(FlowFacts.fin, 1)
      flows[slot].phase = isBoth ? .finished : .halfClosed
    }
  }

  /// Moves a connection that an ACK came for to ``Flow/Phase/established``; false when the packet is
  /// of another connection.
  private mutating func establish(
    _ packet: inout DecodedPacket, slot: Int, direction: Int, second: Int
  ) -> Bool {
    let facts = flows[slot].facts
    switch flows[slot].phase {
    case .other: flows[slot].phase = .established
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
      flows[slot].phase = .established
    case .answered:
      flows[slot].phase = .established
      guard facts.has(FlowFacts.synAck, 1 - direction), !facts.has(FlowFacts.disordered) else {
        break
      }
      takeHandshake(&packet, slot: slot, direction: direction, second: second)
    default: break
    }
    return true
  }

  private mutating func takeHandshake(
    _ packet: inout DecodedPacket, slot: Int, direction: Int, second: Int
  ) {
    incidents.slots[incidents(of: second)].roundTripClient.take(
      packet.time, since: details[slot].synAckTime, limit: LatencyLimit.roundTrip)
    guard flows[slot].facts.has(FlowFacts.syn, direction) else { return }
    incidents.slots[incidents(of: second)].roundTrip.take(
      packet.time, since: details[slot].synTime, limit: LatencyLimit.roundTrip)
    guard packet.payloadLength == 0 else { return }
    flows[slot].track.lastData = TurnTrack.handshake
    flows[slot].dataTime = packet.time
  }

  /// Finds the place of `length` numbers from `sequence` on, and counts what is not in order.
  private mutating func place(
    _ sequence: UInt32, length: UInt32, slot: Int, direction: Int, second: Int
  ) -> Placement {
    let end = sequence &+ length
    guard flows[slot].facts.has(FlowFacts.numbered, direction) else {
      flows[slot].facts.note(FlowFacts.numbered, direction)
      details[slot].first[direction] = sequence
      flows[slot].next[direction] = end
      return .expected
    }
    let next = flows[slot].next[direction]
    if sequence == next {
      flows[slot].next[direction] = end
      return .expected
    }
    guard length > 0 else { return .old }
    let ahead = Int32(bitPattern: sequence &- next)
    if ahead > 0 {
      flows[slot].next[direction] = end
      if ahead > Self.largestGap {
        forgetGaps(slot: slot, direction: direction)
        details[slot].first[direction] = sequence
      } else {
        addGap(next, sequence, slot: slot, direction: direction)
      }
      return .new
    }
    if SequenceGaps.isBefore(next, end) {
      flows[slot].next[direction] = end
      _ = fillGap(sequence, next, slot: slot, direction: direction)
      return .new
    }
    if fillGap(sequence, end, slot: slot, direction: direction) {
      incidents.slots[incidents(of: second)].outOfOrder[direction] &+= 1
      return .new
    }
    let isUnknown = isBeforeFirst(sequence, slot: slot, direction: direction, second: second)
    return isUnknown ? .old : .repeated
  }

  /// More missing than this is taken for a loss of the capture, not of the network.
  private static var largestGap: Int32 { 1 << 24 }

  /// Whether it lies before the first byte that was seen, so that nobody knows if it was sent before.
  private func isBeforeFirst(_ sequence: UInt32, slot: Int, direction: Int, second: Int) -> Bool {
    let bytes =
      details[slot].totalBytes[direction]
      &+ seconds.slots[second].counters.traffic[direction].bytes
    return bytes < 1 << 30 && SequenceGaps.isBefore(sequence, details[slot].first[direction])
  }

  private mutating func addGap(_ start: UInt32, _ end: UInt32, slot: Int, direction: Int) {
    var place = details[slot].gaps[direction]
    if place == Pool<SequenceGaps>.none {
      place = gaps.insert(SequenceGaps())
      details[slot].gaps[direction] = place
    }
    guard place != Pool<SequenceGaps>.none else { return }
    gaps.slots[Int(place)].add(start, end)
  }

  private mutating func fillGap(
    _ start: UInt32, _ end: UInt32, slot: Int, direction: Int
  ) -> Bool {
    let place = details[slot].gaps[direction]
    guard place != Pool<SequenceGaps>.none else { return false }
    let isFilling = gaps.slots[Int(place)].fill(start, end)
    if gaps.slots[Int(place)].isEmpty { forgetGaps(slot: slot, direction: direction) }
    return isFilling
  }

  mutating func forgetGaps(slot: Int, direction: Int) {
    gaps.remove(details[slot].gaps[direction])
    details[slot].gaps[direction] = Pool<SequenceGaps>.none
  }
}

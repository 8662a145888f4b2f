// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Where a segment stands in its direction.
enum Placement: UInt8 {
  /// It begins with the next byte.
  case expected
  /// It has new bytes, or bytes that were missing.
  case new
  /// All of it was there before.
  case repeated
  /// It has nothing, or lies before all that was seen.
  case old
}

/// Segments of a connection: where they stand, and what is missing before them.
extension FlowTable {
  /// Takes an ACK, with data, with FIN, or bare.
  mutating func takeSegment(
    _ packet: inout DecodedPacket, slot: Int, direction: Int
  ) {
    guard establish(&packet, slot: slot, direction: direction) else {
      return flows[slot].takeOther(direction)
    }
    flows[slot].facts.note(FlowFacts.spoke, direction)
    if flows[slot].facts.has(FlowFacts.fin, 1 - direction) {
      noteEnd(packet.acknowledgement, slot: slot, direction: 1 - direction)
    }
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
      packet.sequence, length: length &+ (hasFin ? 1 : 0), slot: slot, direction: direction)
    if placement == .repeated && length > 0 {
      incidents.slots[incidents(of: slot)].retransmissions[direction] &+= 1
    }
    if packet.payloadLength > 0 {
      flows[slot].takeData(
        &packet, direction, placement, &samples)
    } else if hasFin || packet.flags.rawValue & 0x20 != 0 {
      flows[slot].takeOther(direction)
    } else {
      flows[slot].takeAcknowledgement(&packet, direction, &samples)
    }
    if hasFin { takeFin(slot: slot, direction: direction) }
  }

  /// Notes that the FIN of a direction has arrived, if it has.
  private mutating func noteEnd(_ acknowledgement: UInt32, slot: Int, direction: Int) {
    guard !flows[slot].facts.has(FlowFacts.finAcknowledged, direction),
      !SequenceGaps.isBefore(acknowledgement, flows[slot].next[direction])
    else { return }
    flows[slot].facts.note(FlowFacts.finAcknowledged, direction)
    dues[slot] = .min
  }

  /// Finds the place of `length` numbers from `sequence` on, and counts what is not in order.
  private mutating func place(
    _ sequence: UInt32, length: UInt32, slot: Int, direction: Int
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
      incidents.slots[incidents(of: slot)].outOfOrder[direction] &+= 1
      return .new
    }
    let isUnknown = isBeforeFirst(sequence, slot: slot, direction: direction)
    return isUnknown ? .old : .repeated
  }

  /// More missing than this is taken for a loss of the capture, not of the network.
  private static var largestGap: Int32 { 1 << 24 }

  /// Whether it lies before the first byte that was seen, so that nobody knows if it was sent before.
  private func isBeforeFirst(_ sequence: UInt32, slot: Int, direction: Int) -> Bool {
    bytes(sentIn: direction, of: slot) < 1 << 30
      && SequenceGaps.isBefore(sequence, details[slot].first[direction])
  }

  /// Bytes on the link that a direction had since the flow began.
  private func bytes(sentIn direction: Int, of slot: Int) -> UInt64 {
    details[slot].reportedBytes[direction] &+ details[slot].report.traffic[direction].bytes
      &+ UInt64(flows[slot].traffic[direction].bytes)
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

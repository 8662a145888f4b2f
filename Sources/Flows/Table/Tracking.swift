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

/// The limits of the latencies, nanoseconds: a longer one is of something else.
enum LatencyLimit {
  static let roundTrip: Int64 = 30_000_000_000
  static let systemResponse: Int64 = 10_000_000_000
  static let dataResponse: Int64 = 30_000_000_000
  /// An idle connection outlives it only if its keep-alives do.
  static let idle: Int64 = 4_000_000_000_000
}

extension Flow {
  /// Takes the packet that a peaceful connection brings next; false, and nothing done, for any other.
  ///
  /// That is an ACK, maybe with PSH and data, with the number that was expected.
  @inline(__always)
  mutating func takeExpected(
    _ packet: inout DecodedPacket, _ direction: Int, _ counters: inout FlowCounters
  ) -> Bool {
    let wanted = FlowFacts.seen | FlowFacts.numbered | FlowFacts.spoke
    guard phase == .established, packet.flags.rawValue & 0x37 == 0x10, packet.window != 0,
      packet.sequence == next[direction], facts.hasAll(wanted, direction)
    else { return false }
    if packet.payloadLength > 0 {
      next[direction] = packet.sequence &+ UInt32(truncatingIfNeeded: packet.payloadLength)
      takeData(&packet, direction, .expected, &counters)
    } else {
      takeAcknowledgement(&packet, direction, &counters)
    }
    return true
  }

  /// Takes data that is new or repeated.
  ///
  /// The answer to data is timed when it is the next in its order and the end that waits for it has
  /// not sent a bare ACK since: with one, data of the other end was on its way already.
  mutating func takeData(
    _ packet: inout DecodedPacket, _ direction: Int, _ placement: Placement,
    _ counters: inout FlowCounters
  ) {
    let other = 1 - direction
    if track.lastData == UInt8(truncatingIfNeeded: other) {
      let kind = track.kind[other]
      if placement == .expected && (kind == .data || kind == .push) {
        counters.dataResponse[direction].take(
          packet.time, since: dataTime, limit: LatencyLimit.dataResponse)
      }
      if packet.payloadLength > 1 && (placement == .expected || placement == .new) {
        counters.idle[direction].take(packet.time, since: dataTime, limit: LatencyLimit.idle)
      }
    } else if track.lastData == TurnTrack.handshake && packet.payloadLength > 1
      && facts.has(FlowFacts.syn, direction)
    {
      counters.idle[direction].take(packet.time, since: dataTime, limit: LatencyLimit.idle)
    }
    facts.note(FlowFacts.data, direction)
    track.lastData = UInt8(truncatingIfNeeded: direction)
    track.lastPacket = track.lastData
    track.kind[direction] = packet.flags.rawValue & 0x0f == 0x08 ? .push : .data
    dataTime = packet.time
  }

  /// Takes an ACK without data, which times the system of the end that sends it when it is the very
  /// answer to data that was pushed.
  @inline(__always)
  mutating func takeAcknowledgement(
    _ packet: inout DecodedPacket, _ direction: Int, _ counters: inout FlowCounters
  ) {
    let other = 1 - direction
    if track.lastPacket == UInt8(truncatingIfNeeded: other) && track.kind[other] == .push
      && !SequenceGaps.isBefore(packet.acknowledgement, next[other])
    {
      counters.systemResponse[direction].take(
        packet.time, since: dataTime, limit: LatencyLimit.systemResponse)
    } else if track.lastData == TurnTrack.handshake {
      dataTime = packet.time
    }
    track.lastPacket = UInt8(truncatingIfNeeded: direction)
    track.kind[direction] = .acknowledgement
  }

  /// Takes a packet after which no latency is to be timed.
  mutating func takeOther(_ direction: Int) {
    track.lastPacket = UInt8(truncatingIfNeeded: direction)
    track.kind = BothWays(.other)
  }

  /// A datagram is answered by the next one that comes back.
  @inline(__always)
  mutating func takeDatagram(
    _ packet: inout DecodedPacket, _ direction: Int, _ counters: inout FlowCounters
  ) {
    if track.lastData == UInt8(truncatingIfNeeded: 1 - direction) {
      counters.dataResponse[direction].take(
        packet.time, since: dataTime, limit: LatencyLimit.dataResponse)
    }
    track.lastData = UInt8(truncatingIfNeeded: direction)
    dataTime = packet.time
  }
}

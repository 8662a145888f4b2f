// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Whose turn it is: what the latencies of system, application and client begin with.
struct TurnTrack: BitwiseCopyable {
  /// What the last packet of each direction was.
  var kind = BothWays<Kind>(.none)
  /// Who sent the last packet.
  var lastPacket: UInt8 = 2
  /// Who sent the last data, 0 or 1; ``handshake`` and ``nobody`` before there was any.
  var lastData: UInt8 = TurnTrack.nobody

  static let nobody: UInt8 = 2
  /// A handshake was seen, whole, and no data since.
  static let handshake: UInt8 = 3

  enum Kind: UInt8 {
    case none
    case data
    /// Data with PSH.
    case push
    /// An acknowledgement without data.
    case acknowledgement
    /// Anything that is neither, after which no latency is taken.
    case other
  }
}

extension Flow {
  /// Takes the packet that a peaceful connection brings next; false, and nothing done, for any other.
  ///
  /// That is an ACK, maybe with PSH and data, with the number that was expected.
  @inline(__always)
  mutating func takeExpected(
    _ packet: inout DecodedPacket, _ direction: Int, _ pool: inout Pool<FlowSamples>
  ) -> Bool {
    let wanted = FlowFacts.seen | FlowFacts.numbered | FlowFacts.spoke
    guard phase == .established, packet.flags.rawValue & 0x37 == 0x10, packet.window != 0,
      packet.sequence == next[direction], facts.hasAll(wanted, direction)
    else { return false }
    if packet.payloadLength > 0 {
      next[direction] = packet.sequence &+ UInt32(truncatingIfNeeded: packet.payloadLength)
      takeData(&packet, direction, .expected, &pool)
    } else {
      takeAcknowledgement(&packet, direction, &pool)
    }
    return true
  }

  /// Takes data that is new or repeated.
  ///
  /// The answer to data is timed when it is the next in its order and the end that waits for it has
  /// not sent a bare ACK since: with one, data of the other end was on its way already.
  mutating func takeData(
    _ packet: inout DecodedPacket, _ direction: Int, _ placement: Placement,
    _ pool: inout Pool<FlowSamples>
  ) {
    let other = 1 - direction
    if track.lastData == UInt8(truncatingIfNeeded: other) {
      let kind = track.kind[other]
      if placement == .expected && (kind == .data || kind == .push) {
        sample(.dataResponse, direction, at: packet.time, &pool)
      }
      if packet.payloadLength > 1 && (placement == .expected || placement == .new) {
        sample(.idle, direction, at: packet.time, &pool)
      }
    } else if track.lastData == TurnTrack.handshake && packet.payloadLength > 1
      && facts.has(FlowFacts.syn, direction)
    {
      sample(.idle, direction, at: packet.time, &pool)
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
    _ packet: inout DecodedPacket, _ direction: Int, _ pool: inout Pool<FlowSamples>
  ) {
    let other = 1 - direction
    if track.lastPacket == UInt8(truncatingIfNeeded: other) && track.kind[other] == .push
      && !SequenceGaps.isBefore(packet.acknowledgement, next[other])
    {
      sample(.systemResponse, direction, at: packet.time, &pool)
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
    _ packet: inout DecodedPacket, _ direction: Int, _ pool: inout Pool<FlowSamples>
  ) {
    if track.lastData == UInt8(truncatingIfNeeded: 1 - direction) {
      sample(.dataResponse, direction, at: packet.time, &pool)
    }
    track.lastData = UInt8(truncatingIfNeeded: direction)
    dataTime = packet.time
  }

  /// Takes the time since the last data as a sample of what `direction` sends, if it can be one.
  private mutating func sample(
    _ latency: Latency, _ direction: Int, at time: Timestamp, _ pool: inout Pool<FlowSamples>
  ) {
    guard let elapsed = latency.microseconds(from: dataTime, to: time) else { return }
    pool.slots[samples(in: &pool)].take(elapsed, of: latency, direction)
  }

  /// The place of the open second's samples.
  mutating func samples(in pool: inout Pool<FlowSamples>) -> Int {
    // Two places for each slot, one for the second and one for the report: there is always one.
    if samples == Pool<FlowSamples>.none { samples = pool.insert(FlowSamples()) }
    return Int(samples)
  }
}

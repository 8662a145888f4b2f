// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Taking segments that are not the next, or that come while others are held.
extension SegmentAssembler {
  mutating func takeOutOfOrder<Sink: SegmentSink & ~Copyable>(
    _ packet: inout DecodedPacket, _ payload: Span<UInt8>, direction: Int, slot: Int,
    of streams: inout FlowStreams, into sink: inout Sink
  ) {
    var offset = 0
    let length = packet.payloadLength
    guard !hasStrayed(&packet, direction, &streams, into: &sink) else { return }
    while true {
      let distance = streams.positions[direction].distance(
        to: packet.sequence &+ UInt32(truncatingIfNeeded: offset))
      if distance < 0 { offset -= distance }
      guard offset < length else { break }
      if distance <= 0, mayFollow(&packet, direction, streams) {
        let first = streams.positions[direction].firstHeld
        if first != StreamPosition.none,
          streams.positions[direction].distance(to: held[Int(first)].sequence) <= 0
        {
          // These bytes are held already, for what they acknowledge; this copy shows that they need
          // not wait, and the first copy counts.
          handFirst(direction, &streams, into: &sink)
          continue
        }
        offset = hand(&packet, payload, from: offset, direction, &streams, into: &sink)
        drain(&streams, into: &sink)
      } else if hold(&packet, payload, from: offset, direction, &streams) {
        break
      } else if streams.held > 0 {
        giveWay(&streams, because: .reassemblyFull, into: &sink)
      } else {
        jump(to: &packet, offset, direction, &streams, into: &sink)
      }
    }
    if packet.flags.rawValue & 0x01 != 0 {
      if streams.positions[direction].firstHeld == StreamPosition.none,
        streams.positions[direction].distance(
          to: packet.sequence &+ UInt32(truncatingIfNeeded: length)) == 0,
        mayFollow(&packet, direction, streams)
      {
        finish(direction, at: packet.time, of: &streams, into: &sink)
        drain(&streams, into: &sink)
      } else {
        holdEnd(&packet, direction, &streams)
      }
    }
    if streams.held > 0 {
      wait(for: slot, &streams)
      notePacket(&streams, into: &sink)
    }
  }

  private func mayFollow(
    _ packet: inout DecodedPacket, _ direction: Int, _ streams: FlowStreams
  ) -> Bool {
    packet.flags.rawValue & 0x10 == 0 || packet.isLaterFragment
      || Self.hasSeen(packet.acknowledgement, streams.positions[1 - direction])
  }

  /// Hands on a segment's bytes up to the next held ones; where they end.
  private mutating func hand<Sink: SegmentSink & ~Copyable>(
    _ packet: inout DecodedPacket, _ payload: Span<UInt8>, from start: Int, _ direction: Int,
    _ streams: inout FlowStreams, into sink: inout Sink
  ) -> Int {
    var end = packet.payloadLength
    let first = streams.positions[direction].firstHeld
    if first != StreamPosition.none {
      end = min(end, start + streams.positions[direction].distance(to: held[Int(first)].sequence))
    }
    streams.positions[direction].next &+= UInt32(truncatingIfNeeded: end - start)
    streams.positions[direction].strayed = 0
    streams.positions[direction].hasBytes = true
    let captured = min(start, payload.count)..<min(end, payload.count)
    sink.read(
      payload.clipped(captured), length: end - start,
      sequence: packet.sequence &+ UInt32(truncatingIfNeeded: start),
      acknowledgement: acknowledgement(in: &packet, direction, streams), at: packet.time,
      direction: direction, of: &streams)
    return end
  }

  /// Goes on with bytes that can be held no more, whatever is missing before them.
  private mutating func jump<Sink: SegmentSink & ~Copyable>(
    to packet: inout DecodedPacket, _ offset: Int, _ direction: Int,
    _ streams: inout FlowStreams, into sink: inout Sink
  ) {
    let place = packet.sequence &+ UInt32(truncatingIfNeeded: offset)
    let missing = streams.positions[direction].distance(to: place)
    if missing > 0 {
      streams.positions[direction].next = place
      sink.lose(missing, because: .reassemblyFull, direction: direction, of: &streams)
    }
    let other = 1 - direction
    let unseen = streams.positions[other].distance(to: packet.acknowledgement)
    if packet.flags.rawValue & 0x10 != 0, streams.positions[other].isStarted, unseen > 0 {
      streams.positions[other].next = packet.acknowledgement
      if streams.positions[other].isAssumed { streams.positions[other].isAssumedLost = true }
      sink.lose(unseen, because: .reassemblyFull, direction: other, of: &streams)
    }
  }

  /// Counts a segment that lies where none can be, and after enough of them goes where they are;
  /// whether it is of no use.
  private mutating func hasStrayed<Sink: SegmentSink & ~Copyable>(
    _ packet: inout DecodedPacket, _ direction: Int, _ streams: inout FlowStreams,
    into sink: inout Sink
  ) -> Bool {
    let length = packet.payloadLength
    let distance = streams.positions[direction].distance(to: packet.sequence)
    let isFar = abs(distance) >= Self.reach
    // A keep-alive and a window probe repeat one byte, or none.
    guard isFar || (length > 1 && distance + length <= 0) else { return false }
    streams.positions[direction].strayed &+= 1
    if Int(streams.positions[direction].strayed) >= limits.strayedSegments {
      while streams.held > 0 { giveWay(&streams, because: .streamGap, into: &sink) }
      streams.positions[direction].strayed = 0
      streams.positions[direction].next = packet.sequence
      streams.positions[direction].isAcknowledged = false
      sink.lose(0, because: .streamGap, direction: direction, of: &streams)
      return false
    }
    if isFar, length > 0 { tally.recall(.malformedPacket) }
    return isFar
  }
}

extension Tally {
  /// Counts something as dropped that was counted as passed.
  fileprivate mutating func recall(_ reason: LossReason) {
    passed &-= 1
    drop(reason)
  }
}

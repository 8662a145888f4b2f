// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Puts TCP segments into the order in which the ends of the connection had them.
///
/// Within a direction that is the order of sequence numbers; of bytes seen twice the first copy
/// counts. Between the directions it is the order of acknowledgements: a segment comes after what it
/// acknowledges. So segments that the capture, or the network, put into another order come out as
/// they were, and a segment that comes in order, as almost all do, goes straight through uncopied.
///
/// Missing bytes are given up when the receiver has acknowledged them, when they are waited for too
/// long, when there is no room to hold more behind them, or when the flow ends. The memory is bounded
/// by ``SegmentLimits``; no segment is refused because of it, only waited for less.
struct SegmentAssembler: ~Copyable {
  /// A segment, or a part of one, that waits for what comes before it.
  struct Held {
    var sequence: UInt32 = 0
    var length: UInt32 = 0
    /// The segment's; used when `hasAcknowledgement`.
    var acknowledgement: UInt32 = 0
    var hasAcknowledgement = false
    /// Takes one sequence number behind its bytes: nothing follows.
    var isFinal = false
    var time = Timestamp(nanoseconds: 0)
    var bytes = TextPool.Chain()
    var next = StreamPosition.none
  }

  /// No window is that large (RFC 7323 section 2.3): what lies further off is of no use.
  static let reach = 1 << 30

  let limits: SegmentLimits
  var held: [Held] = []
  var freeHeld: [UInt32] = []
  var pool: TextPool
  /// Slots of flows that hold something; a slot may have moved on since.
  var waiting: [Int] = []
  /// A held segment's bytes in one piece.
  var scratch: [UInt8] = []
  /// Segments with payload: all that were no use are `malformedPacket`.
  var tally = Tally()

  init(limits: SegmentLimits) {
    self.limits = limits
    pool = TextPool(limit: limits.heldBytes)
  }

  /// Segments held, of all flows.
  var heldCount: Int { held.count - freeHeld.count }

  /// Takes a segment of the flow in `slot`; `payload` is what was captured of its bytes.
  mutating func take<Sink: SegmentSink & ~Copyable>(
    _ packet: inout DecodedPacket, _ payload: Span<UInt8>, direction: Int, slot: Int,
    of streams: inout FlowStreams, into sink: inout Sink
  ) {
    let flags = packet.flags.rawValue
    if flags & 0x06 != 0, isBeginningOrReset(&packet, direction, &streams) { return }
    if !streams.positions[direction].isStarted {
      streams.positions[direction].isStarted = true
      streams.positions[direction].next = packet.sequence
    }
    let hasAcknowledgement = flags & 0x10 != 0 && !packet.isLaterFragment
    if hasAcknowledgement {
      streams.positions[1 - direction].acknowledge(packet.acknowledgement)
    }
    let length = packet.payloadLength
    let isFinal = flags & 0x01 != 0
    if length == 0, !isFinal {
      if streams.held > 0 { notePacket(&streams, into: &sink) }
      return
    }
    if length > 0 { tally.pass() }
    guard
      streams.held == 0, packet.sequence == streams.positions[direction].next,
      !hasAcknowledgement
        || Self.hasSeen(packet.acknowledgement, streams.positions[1 - direction])
    else {
      return takeOutOfOrder(
        &packet, payload, direction: direction, slot: slot, of: &streams, into: &sink)
    }
    streams.positions[direction].next &+= UInt32(truncatingIfNeeded: length)
    if length > 0 {
      streams.positions[direction].strayed = 0
      sink.read(
        payload, length: length, sequence: packet.sequence, at: packet.time,
        direction: direction, of: &streams)
    }
    if isFinal { finish(direction, at: packet.time, of: &streams, into: &sink) }
  }

  /// Whether all that `acknowledgement` acknowledges of a direction was handed on.
  @inline(__always)
  static func hasSeen(_ acknowledgement: UInt32, _ position: StreamPosition) -> Bool {
    !position.isStarted || position.distance(to: acknowledgement) <= 0
  }

  /// Looks at SYN and RST; whether there is nothing else to look at.
  private mutating func isBeginningOrReset(
    _ packet: inout DecodedPacket, _ direction: Int, _ streams: inout FlowStreams
  ) -> Bool {
    if packet.flags.rawValue & 0x04 != 0 {
      // Its payload, if any, is a diagnostic text (RFC 9293 section 3.5.3), not the stream's.
      if packet.payloadLength > 0 { tally.pass() }
      return true
    }
    // SYN takes the sequence number before the first byte.
    packet.sequence &+= 1
    if !streams.positions[direction].isStarted {
      streams.positions[direction].isStarted = true
      streams.positions[direction].next = packet.sequence
    }
    return false
  }

  mutating func finish<Sink: SegmentSink & ~Copyable>(
    _ direction: Int, at time: Timestamp, of streams: inout FlowStreams, into sink: inout Sink
  ) {
    guard !streams.positions[direction].isFinished else { return }
    streams.positions[direction].isFinished = true
    streams.positions[direction].next &+= 1
    sink.finish(direction: direction, of: &streams, at: time)
  }

  /// Takes a segment that is not the next, or that comes while others are held.
  private mutating func takeOutOfOrder<Sink: SegmentSink & ~Copyable>(
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
        offset = hand(packet, payload, from: offset, direction, &streams, into: &sink)
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
    _ packet: DecodedPacket, _ payload: Span<UInt8>, from start: Int, _ direction: Int,
    _ streams: inout FlowStreams, into sink: inout Sink
  ) -> Int {
    var end = packet.payloadLength
    let first = streams.positions[direction].firstHeld
    if first != StreamPosition.none {
      end = min(end, start + streams.positions[direction].distance(to: held[Int(first)].sequence))
    }
    streams.positions[direction].next &+= UInt32(truncatingIfNeeded: end - start)
    streams.positions[direction].strayed = 0
    let captured = min(start, payload.count)..<min(end, payload.count)
    sink.read(
      payload.extracting(captured), length: end - start,
      sequence: packet.sequence &+ UInt32(truncatingIfNeeded: start), at: packet.time,
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

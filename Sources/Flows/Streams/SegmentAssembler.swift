// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Puts TCP segments into the order in which the ends of the connection had them.
///
/// Within a direction that is the order of sequence numbers; of bytes seen twice the first copy
/// counts. Between the directions it is the order of acknowledgements: a segment comes after what it
/// acknowledges. So segments that the capture, or the network, put into another order come out as
/// they were, and a segment that comes in order, as almost all do, goes straight through uncopied.
///
/// A direction of which nothing was seen begins where the other side says that it is: so what a
/// connection that was met in its middle loses first, is missed too.
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

  /// What lies further from an assumed place says that it was assumed wrongly: some 16 MiB are on their
  /// way at a time.
  private static let assumedReach = 1 << 24

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

  /// Gives back what more segments than are held took.
  mutating func giveBack() {
    pool.giveBack()
    guard SlotTrim.isWorthIt(used: heldCount, of: held.count) else { return }
    let end = SlotTrim.end(of: held.count, &freeHeld)
    if end < held.count { held.cut(to: end) }
  }

  var footprint: Int { pool.footprint + held.heldBytes }

  /// Whether there may not be room to hold one more segment.
  @inline(__always)
  var isCrowded: Bool {
    (freeHeld.isEmpty && held.count >= limits.heldSegments) || pool.room < limits.heldBytes / 32
  }

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
      streams.positions[direction].isTentative = packet.payloadLength == 0
    } else if streams.positions[direction].isAssumed {
      if packet.payloadLength > 0 { begin(direction, at: packet.sequence, &streams, into: &sink) }
    } else if streams.positions[direction].isTentative, packet.payloadLength > 0 {
      streams.positions[direction].settle(at: packet.sequence)
      streams.positions[direction].isTentative = false
    }
    let hasAcknowledgement = flags & 0x10 != 0 && !packet.isLaterFragment
    if hasAcknowledgement {
      if !streams.positions[1 - direction].isAcknowledged, flags & 0x02 == 0 {
        noteFirst(packet.acknowledgement, of: 1 - direction, &streams)
      }
      streams.positions[1 - direction].acknowledge(packet.acknowledgement)
      if streams.positions[1 - direction].isAssumedLost {
        missUnseen(1 - direction, &streams, into: &sink)
      }
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
      streams.positions[direction].hasBytes = true
      sink.read(
        payload, length: length, sequence: packet.sequence,
        acknowledgement: acknowledgement(in: &packet, direction, streams), at: packet.time,
        direction: direction, of: &streams)
    }
    if isFinal { finish(direction, at: packet.time, of: &streams, into: &sink) }
  }

  /// Up to where the sender of a packet has the other direction's bytes, as far as it was seen to say.
  @inline(__always)
  func acknowledgement(
    in packet: inout DecodedPacket, _ direction: Int, _ streams: FlowStreams
  ) -> UInt32 {
    packet.flags.rawValue & 0x10 != 0 && !packet.isLaterFragment
      ? packet.acknowledgement : streams.positions[1 - direction].acknowledged
  }

  /// Whether all that `acknowledgement` acknowledges of a direction was handed on.
  @inline(__always)
  static func hasSeen(_ acknowledgement: UInt32, _ position: StreamPosition) -> Bool {
    !position.isStarted || position.distance(to: acknowledgement) <= 0
  }

  /// Takes the first bytes of a direction whose place the other side told.
  private mutating func begin<Sink: SegmentSink & ~Copyable>(
    _ direction: Int, at sequence: UInt32, _ streams: inout FlowStreams, into sink: inout Sink
  ) {
    let distance = streams.positions[direction].distance(to: sequence)
    let isLost = streams.positions[direction].isAssumedLost
    streams.positions[direction].isAssumed = false
    streams.positions[direction].isAssumedLost = false
    if distance < -1, !isLost {
      // They were on their way when the other side was met.
      streams.positions[direction].next = sequence
    } else if abs(distance) > Self.assumedReach {
      streams.positions[direction].next = sequence
    } else if distance > 0 {
      streams.positions[direction].next = sequence
      sink.lose(distance, because: .streamGap, direction: direction, of: &streams)
    }
  }

  /// Gives up, at once, what was acknowledged of a direction of which nothing is ever seen.
  private mutating func missUnseen<Sink: SegmentSink & ~Copyable>(
    _ direction: Int, _ streams: inout FlowStreams, into sink: inout Sink
  ) {
    let count = streams.positions[direction].distance(
      to: streams.positions[direction].acknowledged)
    guard streams.held == 0, count > 0 else { return }
    streams.positions[direction].next = streams.positions[direction].acknowledged
    sink.lose(count, because: .streamGap, direction: direction, of: &streams)
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
    let isAnswer = packet.flags.rawValue & 0x10 != 0
    if !streams.positions[direction].isStarted || streams.positions[direction].isAssumed
      || (streams.positions[direction].isEmpty
        && (isAnswer || !streams.positions[direction].isAcknowledged))
    {
      // Tried again it may have another number: that which is answered counts.
      streams.positions[direction].isStarted = true
      streams.positions[direction].isAssumed = false
      streams.positions[direction].next = packet.sequence
    }
    if isAnswer, streams.positions[1 - direction].isEmpty {
      streams.positions[1 - direction].isStarted = true
      streams.positions[1 - direction].isTentative = false
      streams.positions[1 - direction].next = packet.acknowledgement
      streams.positions[1 - direction].acknowledged = packet.acknowledgement
      streams.positions[1 - direction].isAcknowledged = true
    }
    return false
  }

  /// Looks at the first acknowledgement of a direction of which only SYN/ACKs were seen, maybe of
  /// several numbers: it says which of them counts. What is within reach may have been lost.
  private func noteFirst(
    _ acknowledgement: UInt32, of direction: Int, _ streams: inout FlowStreams
  ) {
    guard streams.positions[direction].isStarted, streams.positions[direction].isEmpty,
      !streams.positions[direction].isTentative
    else { return }
    let distance = streams.positions[direction].distance(to: acknowledgement)
    if distance < 0 || distance > 1 << 20 { streams.positions[direction].next = acknowledgement }
  }

  mutating func finish<Sink: SegmentSink & ~Copyable>(
    _ direction: Int, at time: Timestamp, of streams: inout FlowStreams, into sink: inout Sink
  ) {
    guard !streams.positions[direction].isFinished else { return }
    streams.positions[direction].isFinished = true
    streams.positions[direction].next &+= 1
    sink.finish(direction: direction, of: &streams, at: time)
  }
}

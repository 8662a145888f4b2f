// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Waiting for missing bytes, and going on without them.
extension SegmentAssembler {
  /// Whether bytes are missing in a direction before what is held of it, or at all as far as the
  /// receiver's word goes.
  private func isMissing(_ direction: Int, _ streams: FlowStreams) -> Bool {
    let first = streams.positions[direction].firstHeld
    guard first != StreamPosition.none else { return hasLost(direction, streams) }
    return streams.positions[direction].distance(to: held[Int(first)].sequence) > 0
  }

  /// Whether the receiver has bytes of this direction that were not seen.
  private func hasLost(_ direction: Int, _ streams: FlowStreams) -> Bool {
    let position = streams.positions[direction]
    guard position.isStarted, position.isAcknowledged,
      position.distance(to: position.acknowledged) > 0
    else { return false }
    return position.firstHeld == StreamPosition.none
      || position.distance(to: held[Int(position.firstHeld)].sequence) > 0
  }

  /// Goes on without the next missing bytes, or without waiting for an acknowledged segment: one
  /// step, after which less is held or less is missing.
  mutating func giveWay<Sink: SegmentSink & ~Copyable>(
    _ streams: inout FlowStreams, because reason: LossReason, into sink: inout Sink
  ) {
    streams.waited = 0
    // What the receiver is known to have is the surest to be lost.
    if let direction = firstLost(streams) {
      let goal = streams.positions[direction].acknowledged
      while hasLost(direction, streams), streams.positions[direction].distance(to: goal) > 0 {
        let place = firstKnown(behind: direction, upTo: goal, streams)
        leaveOut(direction, upTo: place, &streams, because: reason, into: &sink)
        drain(&streams, into: &sink)
      }
      return
    }
    if let direction = isMissing(0, streams) ? 0 : isMissing(1, streams) ? 1 : nil {
      let place = held[Int(streams.positions[direction].firstHeld)].sequence
      leaveOut(direction, upTo: place, &streams, because: reason, into: &sink)
    } else if streams.held > 0 {
      // Each waits for the other, which no real connection does.
      let direction = streams.positions[0].firstHeld != StreamPosition.none ? 0 : 1
      handFirst(direction, &streams, into: &sink)
    }
    drain(&streams, into: &sink)
  }

  /// The direction that bytes were lost of; of both, the one whose next segment waits for nothing else.
  private func firstLost(_ streams: FlowStreams) -> Int? {
    guard hasLost(0, streams) else { return hasLost(1, streams) ? 1 : nil }
    guard hasLost(1, streams), !waitsForItsOwn(0, streams), waitsForItsOwn(1, streams) else {
      return 0
    }
    return 1
  }

  private func waitsForItsOwn(_ direction: Int, _ streams: FlowStreams) -> Bool {
    let first = streams.positions[direction].firstHeld
    guard first != StreamPosition.none else { return false }
    return !held[Int(first)].hasAcknowledgement
      || Self.hasSeen(held[Int(first)].acknowledgement, streams.positions[1 - direction])
  }

  /// The first place behind missing bytes, up to `goal`, that something held begins at, or waits for:
  /// what the other side says once it has the bytes up to there comes before it has more.
  private func firstKnown(
    behind direction: Int, upTo goal: UInt32, _ streams: FlowStreams
  ) -> UInt32 {
    let position = streams.positions[direction]
    var place = goal
    func limit(_ candidate: UInt32) {
      let distance = position.distance(to: candidate)
      if distance > 0, distance < position.distance(to: place) { place = candidate }
    }
    if position.firstHeld != StreamPosition.none {
      limit(held[Int(position.firstHeld)].sequence)
    }
    let other = streams.positions[1 - direction].firstHeld
    if other != StreamPosition.none, held[Int(other)].hasAcknowledgement {
      limit(held[Int(other)].acknowledgement)
    }
    return place
  }

  private mutating func leaveOut<Sink: SegmentSink & ~Copyable>(
    _ direction: Int, upTo place: UInt32, _ streams: inout FlowStreams,
    because reason: LossReason, into sink: inout Sink
  ) {
    let count = streams.positions[direction].distance(to: place)
    streams.positions[direction].next = place
    if streams.positions[direction].isAssumed { streams.positions[direction].isAssumedLost = true }
    sink.lose(count, because: reason, direction: direction, of: &streams)
  }

  /// Counts a packet of a flow that holds something: after enough of them, what the receiver has and
  /// we have not is lost.
  mutating func notePacket<Sink: SegmentSink & ~Copyable>(
    _ streams: inout FlowStreams, into sink: inout Sink
  ) {
    guard hasLost(0, streams) || hasLost(1, streams) else { return }
    streams.waited &+= 1
    if Int(streams.waited) > limits.reorderedPackets {
      giveWay(&streams, because: .streamGap, into: &sink)
    }
  }

  /// Waits no more for what has waited longest, so that nobody's missing bytes use up the room of all.
  mutating func makeRoom<Sink: SegmentSink & ~Copyable>(
    _ flows: inout [FlowStreams], into sink: inout Sink
  ) {
    var done = 0
    while done < waiting.count, isCrowded {
      let slot = waiting[done]
      while flows[slot].held > 0 { giveWay(&flows[slot], because: .reassemblyFull, into: &sink) }
      flows[slot].isWaiting = false
      done += 1
    }
    waiting.removeFirst(done)
  }

  mutating func wait(for slot: Int, _ streams: inout FlowStreams) {
    guard !streams.isWaiting else { return }
    streams.isWaiting = true
    waiting.append(slot)
  }

  /// Goes on where too long was waited.
  mutating func expire<Sink: SegmentSink & ~Copyable>(
    _ flows: inout [FlowStreams], now: Timestamp, into sink: inout Sink
  ) {
    var kept = 0
    for index in waiting.indices {
      let slot = waiting[index]
      while flows[slot].held > 0, isOverdue(flows[slot], now: now) {
        giveWay(&flows[slot], because: .streamGap, into: &sink)
      }
      flows[slot].isWaiting = flows[slot].held > 0
      if flows[slot].isWaiting {
        waiting[kept] = slot
        kept += 1
      }
    }
    waiting.removeLast(waiting.count - kept)
  }

  private func isOverdue(_ streams: FlowStreams, now: Timestamp) -> Bool {
    let isLost = hasLost(0, streams) || hasLost(1, streams)
    let patience = isLost ? limits.acknowledgedHoldTime : limits.holdTime
    for direction in 0..<2 {
      let first = streams.positions[direction].firstHeld
      if first != StreamPosition.none, now - held[Int(first)].time >= patience { return true }
    }
    return false
  }

  /// Hands on all that is held of a flow that ended.
  mutating func end<Sink: SegmentSink & ~Copyable>(
    _ streams: inout FlowStreams, into sink: inout Sink
  ) {
    while streams.held > 0 { giveWay(&streams, because: .streamGap, into: &sink) }
  }
}

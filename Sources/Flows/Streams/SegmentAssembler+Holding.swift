// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Holding segments for what is missing before them.
extension SegmentAssembler {
  /// Holds what is new of a segment from `start` on; false when there is no room for it.
  mutating func hold(
    _ packet: inout DecodedPacket, _ payload: Span<UInt8>, from start: Int, _ direction: Int,
    _ streams: inout FlowStreams
  ) -> Bool {
    let end = packet.sequence &+ UInt32(truncatingIfNeeded: packet.payloadLength)
    var place = packet.sequence &+ UInt32(truncatingIfNeeded: start)
    var previous = StreamPosition.none
    var current = streams.positions[direction].firstHeld
    let last = streams.positions[direction].lastHeld
    if last != StreamPosition.none, Int32(bitPattern: place &- self.end(of: last)) >= 0 {
      (previous, current) = (last, StreamPosition.none)
    }
    while Int32(bitPattern: end &- place) > 0 {
      while current != StreamPosition.none, Int32(bitPattern: self.end(of: current) &- place) <= 0 {
        (previous, current) = (current, held[Int(current)].next)
      }
      var stop = end
      if current != StreamPosition.none {
        let next = held[Int(current)].sequence
        if Int32(bitPattern: next &- place) <= 0 {
          place = self.end(of: current)
          continue
        }
        if Int32(bitPattern: next &- end) < 0 { stop = next }
      }
      let offset = Int(place &- packet.sequence)
      let length = Int(stop &- place)
      var piece = Held(sequence: place, length: UInt32(length), time: packet.time)
      piece.acknowledgement = packet.acknowledgement
      piece.hasAcknowledgement = packet.flags.rawValue & 0x10 != 0 && !packet.isLaterFragment
      let captured = min(offset, payload.count)..<min(offset + length, payload.count)
      guard
        let added = add(
          piece, payload.clipped(captured), behind: previous, before: current,
          &streams.positions[direction])
      else { return false }
      streams.held += 1
      (previous, place) = (added, stop)
    }
    return true
  }

  /// Holds the end of a stream; without room it is forgotten, and the flow's end will do.
  mutating func holdEnd(
    _ packet: inout DecodedPacket, _ direction: Int, _ streams: inout FlowStreams
  ) {
    let place = packet.sequence &+ UInt32(truncatingIfNeeded: packet.payloadLength)
    let last = streams.positions[direction].lastHeld
    guard !streams.positions[direction].isFinished,
      streams.positions[direction].distance(to: place) >= 0,
      last == StreamPosition.none
        || (!held[Int(last)].isFinal && Int32(bitPattern: place &- end(of: last)) >= 0)
    else { return }
    var piece = Held(sequence: place, isFinal: true, time: packet.time)
    piece.acknowledgement = packet.acknowledgement
    piece.hasAcknowledgement = packet.flags.rawValue & 0x10 != 0 && !packet.isLaterFragment
    if add(
      piece, Span<UInt8>(), behind: last, before: StreamPosition.none,
      &streams.positions[direction]) != nil
    {
      streams.held += 1
    }
  }

  private func end(of number: UInt32) -> UInt32 {
    held[Int(number)].sequence &+ held[Int(number)].length
  }

  private mutating func add(
    _ piece: Held, _ bytes: Span<UInt8>, behind previous: UInt32, before next: UInt32,
    _ position: inout StreamPosition
  ) -> UInt32? {
    guard Int(position.heldCount) < limits.heldSegmentsPerDirection,
      Int(position.heldBytes) + bytes.count <= limits.heldBytesPerDirection,
      !freeHeld.isEmpty || held.count < limits.heldSegments
    else { return nil }
    var piece = piece
    guard pool.append(bytes, to: &piece.bytes) else { return nil }
    piece.next = next
    let number: UInt32
    if let reused = freeHeld.popLast() {
      number = reused
      held[Int(number)] = piece
    } else {
      number = UInt32(held.count)
      held.append(piece)
    }
    if previous == StreamPosition.none {
      position.firstHeld = number
    } else {
      held[Int(previous)].next = number
    }
    if next == StreamPosition.none { position.lastHeld = number }
    position.heldCount += 1
    position.heldBytes += UInt32(bytes.count)
    return number
  }

  /// Hands on whatever is next in order now, of either direction.
  mutating func drain<Sink: SegmentSink & ~Copyable>(
    _ streams: inout FlowStreams, into sink: inout Sink
  ) {
    var isIdle = streams.held == 0
    while !isIdle {
      isIdle = true
      for direction in 0..<2 {
        while true {
          let first = streams.positions[direction].firstHeld
          guard first != StreamPosition.none,
            streams.positions[direction].distance(to: held[Int(first)].sequence) <= 0,
            !held[Int(first)].hasAcknowledgement
              || Self.hasSeen(
                held[Int(first)].acknowledgement, streams.positions[1 - direction])
          else { break }
          handFirst(direction, &streams, into: &sink)
          isIdle = false
        }
      }
    }
    if streams.held == 0 { streams.waited = 0 }
  }

  /// Hands on the first held segment of a direction, which must not lie behind missing bytes.
  mutating func handFirst<Sink: SegmentSink & ~Copyable>(
    _ direction: Int, _ streams: inout FlowStreams, into sink: inout Sink
  ) {
    let number = Int(streams.positions[direction].firstHeld)
    var piece = held[number]
    streams.positions[direction].firstHeld = piece.next
    if piece.next == StreamPosition.none {
      streams.positions[direction].lastHeld = StreamPosition.none
    }
    streams.positions[direction].heldCount -= 1
    streams.positions[direction].heldBytes -= UInt32(piece.bytes.count)
    streams.held -= 1
    freeHeld.append(UInt32(number))
    scratch.removeAll(keepingCapacity: true)
    pool.copy(piece.bytes, into: &scratch)
    pool.release(&piece.bytes)
    // What was handed on since it was held: the rest of it is new.
    let seen = -streams.positions[direction].distance(to: piece.sequence)
    if seen < Int(piece.length) {
      streams.positions[direction].next = piece.sequence &+ piece.length
      streams.positions[direction].strayed = 0
      streams.positions[direction].hasBytes = true
      sink.read(
        scratch.span.extracting(droppingFirst: min(max(0, seen), scratch.count)),
        length: Int(piece.length) - max(0, seen),
        sequence: piece.sequence &+ UInt32(truncatingIfNeeded: max(0, seen)),
        acknowledgement: piece.hasAcknowledgement
          ? piece.acknowledgement : streams.positions[1 - direction].acknowledged,
        at: piece.time, direction: direction, of: &streams)
    }
    if piece.isFinal { finish(direction, at: piece.time, of: &streams, into: &sink) }
  }
}

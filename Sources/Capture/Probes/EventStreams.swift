// SPDX-License-Identifier: Apache-2.0

internal import CProbes

/// The lanes and the rings read as one stream, in the order of time.
///
/// A call that follows from another, on whatever CPU, must be told after it. Each stream is in
/// order by itself, so they are merged by their records' times; but one that is looked at later
/// could show what happened after the others were looked at. So no record is told that is younger
/// than the beginning of the round: when a call had ended before another began, its record was
/// there before the other's time, and hence before this round's look at any stream.
struct EventStreams: ~Copyable {
  /// A stream that has records, and the first of them.
  private struct Cursor {
    var time: UInt64
    var position: UInt64
    var end: UInt64
    /// The position up to which room was given back.
    var released: UInt64
    /// A lane's number; the rings come after the last.
    var stream: Int
  }

  let lanes: EventLanes
  /// What happens seldom, and whoever is to be woken waits for it.
  let ring: EventRing
  /// Plain text of TLS libraries.
  let plain: EventRing
  let slots: SocketSlots
  /// The streams that have records, as a binary heap: the oldest record first.
  private var heap: [Cursor] = []
  /// Room is given back in parcels of this many bytes: each store makes the writer fetch the line.
  private let parcel: UInt64
  /// Bytes of a lane that wait, beyond which the reader competes with the host's services for a
  /// processor; nil when it always does.
  private let urgent: UInt64?
  private var priority = ThreadPriority()

  /// Maps what the probes share with this process.
  init(of probe: LoadedProbe, options: ProbeOptions) throws(SystemError) {
    let lanes = try EventLanes(
      descriptor: probe.map("lanes"), count: options.laneCount, laneBytes: options.laneSize)
    let ring = try EventRing(descriptor: probe.map("ring"), size: Int(options.ringSize))
    let plain = try EventRing(
      descriptor: probe.map("plain"), size: Int(options.plainRingSize))
    let slots = try SocketSlots(descriptor: probe.map("slots"))
    heap.reserveCapacity(lanes.count + 2)
    self.lanes = lanes
    self.ring = ring
    self.plain = plain
    self.slots = slots
    parcel = UInt64(min(options.laneSize, options.ringSize) / 16)
    urgent = options.givesWay ? UInt64(options.laneSize / 8 * 3) : nil
  }

  /// Hands over every record that is not younger than `now`, which was read just before, with the
  /// number of its stream; `body` borrows it. Returns bytes that were freed.
  mutating func drain(upTo now: UInt64, _ body: (RawSpan, Int) -> Void) -> Int {
    var freed: UInt64 = 0
    var heap: [Cursor] = []
    swap(&heap, &self.heap)
    defer {
      heap.removeAll(keepingCapacity: true)
      swap(&heap, &self.heap)
    }
    for stream in 0..<lanes.count + 2 {
      let (start, end) = bounds(of: stream)
      guard start < end else { continue }
      if let urgent, end &- start > urgent { priority.restore() }
      var cursor = Cursor(time: 0, position: start, end: end, released: start, stream: stream)
      if look(&cursor), cursor.time <= now {
        Self.add(cursor, to: &heap)
      } else {
        release(&cursor, &freed)
      }
    }
    while !heap.isEmpty {
      heap[0].position &+= tell(heap[0], body)
      if heap[0].position &- heap[0].released > parcel {
        release(&heap[0], &freed)
        // A thread that waits long for its turn finds here how much came meanwhile.
        if let urgent, bounds(of: heap[0].stream).end &- heap[0].position > urgent {
          priority.restore()
        }
      }
      if !look(&heap[0]) || heap[0].time > now {
        release(&heap[0], &freed)
        let last = heap.removeLast()
        if heap.isEmpty { break }
        heap[0] = last
      }
      Self.siftDown(&heap)
    }
    if urgent != nil { priority.lower() }
    return Int(freed)
  }

  private func bounds(of stream: Int) -> (start: UInt64, end: UInt64) {
    if stream < lanes.count { return (lanes.start(of: stream), lanes.end(of: stream)) }
    return stream == lanes.count ? (ring.start, ring.end) : (plain.start, plain.end)
  }

  /// The record at a position of a stream, which is moved behind what is none; nil when there is none.
  @_lifetime(borrow self)
  private func record(of stream: Int, at position: inout UInt64, before end: UInt64) -> RawSpan? {
    if stream < lanes.count { return lanes.record(of: stream, at: position) }
    if stream == lanes.count { return ring.record(at: &position, before: end) }
    return plain.record(at: &position, before: end)
  }

  /// Hands over the record of a cursor. Returns the positions that it took.
  private func tell(_ cursor: Cursor, _ body: (RawSpan, Int) -> Void) -> UInt64 {
    var position = cursor.position
    guard let record = record(of: cursor.stream, at: &position, before: cursor.end) else {
      return 0
    }
    body(record, cursor.stream)
    return cursor.stream < lanes.count
      ? UInt64(record.byteCount) : EventRing.room(record.byteCount)
  }

  /// Finds the record that the cursor is at. False when there is none.
  private func look(_ cursor: inout Cursor) -> Bool {
    guard cursor.position < cursor.end,
      let record = record(of: cursor.stream, at: &cursor.position, before: cursor.end)
    else { return false }
    cursor.time = Self.time(of: record)
    return true
  }

  private static let timeOffset = MemoryLayout<mf_head>.offset(of: \.when)!

  /// The time of a record of whatever kind; one too short for a head is told at once.
  private static func time(of record: RawSpan) -> UInt64 {
    guard record.byteCount >= MemoryLayout<mf_head>.size else { return 0 }
    return unsafe record.unsafeLoadUnaligned(fromByteOffset: timeOffset, as: UInt64.self)
  }

  private func release(_ cursor: inout Cursor, _ freed: inout UInt64) {
    guard cursor.position != cursor.released else { return }
    if cursor.stream < lanes.count {
      lanes.release(cursor.stream, before: cursor.position)
    } else if cursor.stream == lanes.count {
      ring.release(before: cursor.position)
    } else {
      plain.release(before: cursor.position)
    }
    freed &+= cursor.position &- cursor.released
    cursor.released = cursor.position
  }

  private static func add(_ cursor: Cursor, to heap: inout [Cursor]) {
    heap.append(cursor)
    var child = heap.count - 1
    while child > 0, heap[child].time < heap[(child - 1) / 2].time {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private static func siftDown(_ heap: inout [Cursor]) {
    var parent = 0
    while true {
      var least = parent
      for child in 2 * parent + 1...2 * parent + 2 where child < heap.count {
        if heap[child].time < heap[least].time { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}

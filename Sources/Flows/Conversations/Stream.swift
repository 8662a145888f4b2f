// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// One direction of a conversation: how far it was read and what waits to be read.
///
/// Silent it holds no memory of its own: buffers come from and return to a ``BufferPool``.
struct Stream {
  /// Bytes kept from one event, by where they start in the buffer.
  struct Mark {
    var start: Int
    var moment: Moment
  }

  /// A chunk that came before the bytes that precede it.
  struct Held {
    var sequence: UInt32
    var length: Int
    var moment: Moment
    var bytes: [UInt8]
    /// Events that brought them.
    var pieces: UInt64 = 1
  }

  /// Marks of one buffer at most; bytes beyond share the last.
  static let markLimit = 64
  /// Bytes of one held chunk at most, when it is put together from several.
  static let heldBytes = 65_536

  var isStarted = false
  /// All that comes belongs to the open message, until the other side speaks.
  var untilTurn = false
  /// The open message's body is walked over by the parser, which will say where it ends.
  var isInBody = false
  /// What comes next may begin inside of a message, as bytes were lost.
  var mayBeInside = false
  /// TCP sequence number of the first byte not yet seen.
  var next: UInt32 = 0
  /// Bytes of the open message, or of something the parser skips, that are still to come.
  var skip = 0
  /// The pending call that ends with this direction's open message.
  var open = PendingCalls.none
  /// Unread bytes that the parser is asked about next, at the earliest; and those that it was asked
  /// about, `Int.max` when asking before that is of no use.
  @Narrow var wanted = 0
  @Narrow var asked = 0
  /// Unread bytes; the last of them stands before `next`.
  var buffer: [UInt8] = []
  var marks: [Mark] = []
  var held: [Held] = []

  var footprint: Int { buffer.capacity + marks.heldBytes }

  mutating func append(_ bytes: Span<UInt8>, moment: Moment, pool: inout BufferPool) {
    if buffer.capacity == 0 { pool.take(&buffer, &marks) }
    if marks.isEmpty || (marks[marks.count - 1].moment != moment && marks.count < Self.markLimit) {
      marks.append(Mark(start: buffer.count, moment: moment))
    }
    pool.unread += bytes.count
    buffer.append(copying: bytes)
  }

  /// Forgets the first `count` buffered bytes.
  mutating func consume(_ count: Int, pool: inout BufferPool) {
    guard count < buffer.count else { return clear(pool: &pool) }
    pool.unread -= count
    buffer.removeSubrange(0..<count)
    var first = 0
    while first + 1 < marks.count, marks[first + 1].start <= count { first += 1 }
    marks.removeSubrange(0..<first)
    for index in marks.indices { marks[index].start = max(0, marks[index].start - count) }
  }

  /// Adds to the last held chunk what the same call moved behind it.
  mutating func extendHeld(
    _ payload: Span<UInt8>, _ length: Int, sequence: UInt32, _ moment: Moment
  ) -> Bool {
    guard let last = held.indices.last, held[last].bytes.count == held[last].length,
      sequence == held[last].sequence &+ UInt32(truncatingIfNeeded: held[last].length),
      moment == held[last].moment, held[last].length + length <= Self.heldBytes
    else { return false }
    held[last].bytes.append(copying: payload)
    held[last].length += length
    held[last].pieces += 1
    return true
  }

  /// Forgets the message that it is in.
  mutating func forget(pool: inout BufferPool) {
    clear(pool: &pool)
    skip = 0
    untilTurn = false
    isInBody = false
  }

  /// Whether there is something to do when the other side speaks.
  var isUnfinished: Bool { untilTurn || !buffer.isEmpty }

  /// Whether the parser was not asked about all there is, and might make a message of it.
  var isUnasked: Bool { buffer.count > asked }

  /// Takes note that its unread bytes do not decide the message, which `needed` would, if that is known.
  ///
  /// The parser walks over all of them when it is asked. So it is asked again when there is an eighth
  /// more, but of few bytes each time.
  mutating func waitForMore(_ needed: Int, limit: Int) {
    // Never more than fits: what waits for that waits for ever.
    let more = needed > 0 || buffer.count >= Self.fewBytes ? max(1, buffer.count / 8) : 1
    wanted = min(needed > buffer.count ? needed : buffer.count + more, limit)
    asked = needed > buffer.count ? limit : buffer.count
  }

  private static let fewBytes = 256

  mutating func clear(pool: inout BufferPool) {
    (wanted, asked) = (0, 0)
    pool.unread -= buffer.count
    if buffer.capacity > 0 { pool.give(&buffer, &marks) }
  }
}

/// Buffers that streams borrow while a message is incomplete.
struct BufferPool {
  static let limit = 256
  private var free: [(bytes: [UInt8], marks: [Stream.Mark])] = []
  /// Bytes in the buffers that streams have.
  fileprivate(set) var unread = 0
  /// The fewest that were free since the last ``giveBack()``: so many were not needed.
  private var spare = 0

  mutating func take(_ bytes: inout [UInt8], _ marks: inout [Stream.Mark]) {
    guard let pair = free.popLast() else { return }
    spare = min(spare, free.count)
    (bytes, marks) = pair
    bytes.removeAll(keepingCapacity: true)
    marks.removeAll(keepingCapacity: true)
  }

  /// Takes the arrays back, or lets them go when it has enough; they are empty afterwards.
  mutating func give(_ bytes: inout [UInt8], _ marks: inout [Stream.Mark]) {
    if free.count < Self.limit { free.append((bytes, marks)) }
    bytes = []
    marks = []
  }

  /// Lets go of what was not needed since it was called last.
  mutating func giveBack() {
    free.removeFirst(min(spare, free.count))
    spare = free.count
  }

  mutating func empty() {
    free = []
    spare = 0
  }

  var footprint: Int { free.reduce(0) { $0 + $1.bytes.heldBytes + $1.marks.heldBytes } }
}

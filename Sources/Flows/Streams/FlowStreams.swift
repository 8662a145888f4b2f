// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// How far both directions of a flow were read, and who reads them: one for each slot of the flow
/// table, so small that it costs nothing to have for a flow that is only a SYN.
struct FlowStreams: BitwiseCopyable {
  enum Mode: UInt8 {
    /// No payload yet.
    case fresh
    /// `conversation` reads what comes.
    case followed
    /// No protocol was found; nothing is read before `mutedUntil`.
    case muted
    /// There was no room for a conversation.
    case refused
    /// Both sides have said that nothing will follow.
    case finished
  }

  /// By direction.
  var positions = BothWays(StreamPosition())
  /// Slot of the conversation; only when `followed`.
  var conversation: UInt32 = 0
  var mode = Mode.fresh
  /// Whether it was last muted because its protocol is not read any more.
  var isSuspended = false
  /// How often it was muted.
  var mutes: UInt8 = 0
  /// Datagrams that no protocol wanted since it was last muted.
  var offers: UInt8 = 0
  /// Packets since bytes were known to be missing that the receiver has.
  var waited: UInt8 = 0
  /// Whether the assembler looks after it when time passes.
  var isWaiting = false
  /// Segments held of both directions.
  var held: UInt32 = 0
  var mutedUntil = Timestamp(nanoseconds: 0)

  /// Whether what is put in order is read, now or from the first payload on.
  var isRead: Bool { mode == .followed || mode == .fresh }

  /// Forgets the places that were reached, for a flow that was not followed for a while.
  mutating func restart() {
    positions = BothWays(StreamPosition())
  }
}

/// One TCP direction: the place that was reached, and what is held behind it.
struct StreamPosition: BitwiseCopyable {
  /// The number that means no held segment.
  static let none = UInt32.max

  /// Sequence number of the first byte not yet handed on.
  var next: UInt32 = 0
  /// The highest acknowledgement of this direction's bytes that was seen; means nothing before
  /// `isAcknowledged`.
  var acknowledged: UInt32 = 0
  /// Held segments, by sequence number: a list through the assembler's.
  var firstHeld = StreamPosition.none
  var lastHeld = StreamPosition.none
  var heldBytes: UInt32 = 0
  var heldCount: UInt16 = 0
  /// Segments in a row that lay where none could.
  var strayed: UInt16 = 0
  var isStarted = false
  /// Whether bytes of it were handed on.
  var hasBytes = false
  /// Whether `next` is the number of a segment without bytes that nothing was seen before: a keep-alive
  /// has the number of the last byte, one too low (RFC 9293 section 3.8.4).
  var isTentative = false
  var isAcknowledged = false
  var isFinished = false
  /// Whether no byte of it was seen yet, and `next` is what the other side had acknowledged when it was
  /// first seen; and whether such bytes were given up since.
  var isAssumed = false
  var isAssumedLost = false

  /// Whether no bytes of it were seen.
  var isEmpty: Bool { !hasBytes && firstHeld == StreamPosition.none && !isFinished }

  /// Bytes from the place that was reached to `sequence`; negative for what was handed on already.
  @inline(__always)
  func distance(to sequence: UInt32) -> Int { Int(Int32(bitPattern: sequence &- next)) }

  /// Takes the first number that is sure.
  mutating func settle(at sequence: UInt32) {
    let ahead = distance(to: sequence)
    if ahead == 1 { next = sequence }
    if ahead > 0 { isTentative = false }
  }

  @inline(__always)
  mutating func acknowledge(_ sequence: UInt32) {
    if isTentative { settle(at: sequence) }
    // Tools that make packets often leave the number out.
    if !isStarted, sequence != 0 {
      (isStarted, isAssumed) = (true, true)
      next = sequence
    }
    if !isAcknowledged || Int32(bitPattern: sequence &- acknowledged) > 0 {
      acknowledged = sequence
      isAcknowledged = true
    }
  }
}

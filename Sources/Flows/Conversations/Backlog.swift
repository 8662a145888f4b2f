// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What was seen of a conversation while its bytes might have been some protocol's, but did not say
/// whose: read once they do, so that a conversation joined in the middle loses none of its calls.
///
/// Bounded by ``FlowLimits/recognitionBytes`` a turn and ``FlowLimits/backlogBytes`` in all.
struct Backlog {
  /// What one call of the application, or one packet, moved.
  struct Piece {
    /// Where its bytes begin in the turn's, and how many of them are there: the first of `length`.
    var start: Int
    var captured: Int
    var length: Int
    var moment: Moment
    /// Events that told of it.
    var events: UInt64
  }

  /// What one side said until the other spoke.
  struct Turn {
    var direction: SocketEvent.Direction
    var sequence: UInt32
    var bytes: [UInt8] = []
    var pieces: [Piece] = []
    /// Whether some of its bytes are missing.
    var isCut = false
    /// Every protocol has refused it.
    var isRefused = false
    /// It is a request, as its response was recognised.
    var isAnswered = false
    /// Bytes that it is to have before the protocols are asked again.
    var wanted = 0
    /// The protocols that it may be of: whoever said no is not asked again.
    var candidates: ProtocolSet = 0

    init(_ direction: SocketEvent.Direction, sequence: UInt32) {
      self.direction = direction
      self.sequence = sequence
    }

    var events: UInt64 { pieces.reduce(0) { $0 + $1.events } }
  }

  /// Pieces of one turn at most; what comes beyond is added to the last.
  static let pieceLimit = 64

  private(set) var turns: [Turn] = []

  /// Bytes kept of all turns.
  var count: Int { turns.reduce(0) { $0 + $1.bytes.count } }

  var isEmpty: Bool { turns.isEmpty }

  mutating func begin(_ direction: SocketEvent.Direction, sequence: UInt32) {
    turns.append(Turn(direction, sequence: sequence))
  }

  /// Adds to the last turn, of which at most `limit` bytes are kept.
  mutating func append(_ payload: Span<UInt8>, length: Int, moment: Moment, limit: Int) {
    let last = turns.count - 1
    var piece = Piece(
      start: turns[last].bytes.count, captured: 0, length: 0, moment: moment, events: 0)
    if let previous = turns[last].pieces.last,
      turns[last].pieces.count == Self.pieceLimit
        || (previous.moment == moment && previous.captured == previous.length)
    {
      piece = previous
      piece.moment = moment
      turns[last].pieces.removeLast()
    }
    let room = piece.captured == piece.length ? limit - turns[last].bytes.count : 0
    let kept = max(0, min(payload.count, room))
    turns[last].bytes.append(copying: payload.extracting(first: kept))
    if kept < length { turns[last].isCut = true }
    piece.captured += kept
    piece.length += length
    piece.events += 1
    turns[last].pieces.append(piece)
  }

  /// Notes that nobody knows what the last turn is, of which no more than `limit` bytes are kept.
  mutating func refuse(limit: Int) {
    let last = turns.count - 1
    turns[last].isRefused = true
    guard turns[last].bytes.count > limit else { return }
    turns[last].bytes.removeLast(turns[last].bytes.count - limit)
    turns[last].isCut = true
    for index in turns[last].pieces.indices {
      let room = max(0, limit - turns[last].pieces[index].start)
      turns[last].pieces[index].captured = min(turns[last].pieces[index].captured, room)
      turns[last].pieces[index].start = min(turns[last].pieces[index].start, limit)
    }
  }

  mutating func noteAnswer(to index: Int) { turns[index].isAnswered = true }

  /// Takes note that the protocols were asked about the last turn: again when there is an eighth more,
  /// of few bytes each time.
  mutating func waitForMore(for candidates: ProtocolSet) {
    turns[turns.count - 1].candidates = candidates
    let count = turns[turns.count - 1].bytes.count
    turns[turns.count - 1].wanted = count < 64 ? 0 : count + count / 8
  }

  /// Takes the oldest turn out.
  mutating func takeFirst() -> Turn {
    turns.removeFirst()
  }
}

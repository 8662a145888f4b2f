// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Reading the messages of a TCP direction out of its chunks, which come in order here.
///
/// Bytes beyond the captured prefix of a chunk are a hole: harmless inside a body, else the parser
/// gets what precedes it as its final view and the stream goes on with the next chunk.
extension FlowEngine {
  /// Reads one chunk; the reason when it could not be read to its end.
  mutating func read(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: Moment,
    in conversation: inout Conversation, slot: Int
  ) -> LossReason? {
    let direction = moment.direction
    if conversation[direction.opposite].untilTurn {
      endTurn(direction.opposite, in: &conversation, slot: slot)
    }
    conversation.lastDirection = direction
    var offset = 0
    while offset < payload.count {
      offset += skip(
        length - offset, captured: payload.count - offset, moment, in: &conversation, slot: slot)
      guard offset < payload.count else { break }
      let rest = payload.extracting(droppingFirst: offset)
      let consumed = readMessages(
        rest, isFinal: payload.count < length,
        sequence: sequence &+ UInt32(truncatingIfNeeded: offset), moment: moment,
        in: &conversation, slot: slot)
      guard let consumed else {
        giveUp(&conversation, slot: slot, at: moment.exit)
        return .parseFailed
      }
      offset += consumed
    }
    guard offset < length else { return nil }
    offset += skip(length - offset, captured: 0, moment, in: &conversation, slot: slot)
    guard offset < length else { return nil }
    return takeHole(length - offset, moment, in: &conversation, slot: slot)
  }

  /// Goes on behind bytes that were not captured and that the parser would have had to read.
  private mutating func takeHole(
    _ length: Int, _ moment: Moment, in conversation: inout Conversation, slot: Int
  ) -> LossReason? {
    let direction = moment.direction
    let sender = conversation.sender(direction) ?? .client
    conversation.parser?.bytesWereLost(from: sender)
    if conversation[direction].isInBody {
      // Where the body ends cannot be seen any more, but the other side waits for its end.
      conversation[direction].isInBody = false
      conversation[direction].untilTurn = true
      _ = skip(length, captured: 0, moment, in: &conversation, slot: slot)
      if sender == .client || conversation.pendingCount == 0 { return nil }
    }
    if sender == .server { doubtAnswers(in: &conversation, slot: slot, at: moment.exit) }
    doubt(sender, in: &conversation)
    return .streamGap
  }

  /// Passes over what belongs to the open message, and ends it with its last byte.
  private mutating func skip(
    _ length: Int, captured: Int, _ moment: Moment, in conversation: inout Conversation, slot: Int
  ) -> Int {
    let direction = moment.direction
    var count = length
    if !conversation[direction].untilTurn {
      count = min(length, conversation[direction].skip)
      guard count > 0 else { return 0 }
      conversation[direction].skip -= count
    }
    let open = conversation[direction].open
    guard open != PendingCalls.none else { return count }
    extend(open, by: min(count, captured), moment)
    if conversation[direction].skip == 0, !conversation[direction].untilTurn,
      !conversation[direction].isInBody
    {
      endMessage(direction, at: moment, in: &conversation, slot: slot)
    }
    return count
  }

  /// Reads messages at the front of the stream's unread bytes and keeps what is incomplete.
  ///
  /// Returns how many of `bytes` were taken, at least one; nil when they are not the protocol.
  private mutating func readMessages(
    _ bytes: Span<UInt8>, isFinal: Bool, sequence: UInt32, moment: Moment,
    in conversation: inout Conversation, slot: Int
  ) -> Int? {
    let direction = moment.direction
    if conversation[direction].buffer.isEmpty, bytes.count < limits.streamBytes {
      let parsed = parse(
        bytes, isFinal: isFinal, marks: [], moment: moment, sequence: sequence,
        in: &conversation, slot: slot)
      guard let parsed else { return nil }
      if parsed < bytes.count {
        conversation[direction].append(
          bytes.extracting(droppingFirst: parsed), moment: moment, pool: &buffers)
      }
      return bytes.count
    }
    let before = conversation[direction].buffer.count
    let taken = bytes.extracting(first: limits.streamBytes - before)
    conversation[direction].append(taken, moment: moment, pool: &buffers)
    let isLast = isFinal && taken.count == bytes.count
    let parsed = parseBuffer(
      direction, isFinal: isLast, sequence: sequence &- UInt32(truncatingIfNeeded: before),
      moment: moment, in: &conversation, slot: slot)
    return parsed == nil ? nil : taken.count
  }

  /// Parses what is buffered; a full buffer is the parser's final view.
  mutating func parseBuffer(
    _ direction: SocketEvent.Direction, isFinal: Bool, sequence: UInt32, moment: Moment,
    in conversation: inout Conversation, slot: Int
  ) -> Int? {
    var (bytes, marks): ([UInt8], [Stream.Mark]) = ([], [])
    swap(&bytes, &conversation[direction].buffer)
    swap(&marks, &conversation[direction].marks)
    var parsed = parse(
      bytes.span, isFinal: isFinal, marks: marks, moment: moment, sequence: sequence,
      in: &conversation, slot: slot)
    if parsed == 0, bytes.count >= limits.streamBytes {
      parsed = parse(
        bytes.span, isFinal: isFinal, isFull: true, marks: marks, moment: moment,
        sequence: sequence, in: &conversation, slot: slot)
    }
    swap(&bytes, &conversation[direction].buffer)
    swap(&marks, &conversation[direction].marks)
    guard let parsed else { return nil }
    conversation[direction].consume(parsed, pool: &buffers)
    return parsed
  }

  /// Parses messages from the front of `view` until it is used up, a message reaches beyond it, or
  /// more is needed; the first of a full buffer must do with what there is. Returns how many bytes
  /// were used; nil when they are not the protocol.
  private mutating func parse(
    _ view: Span<UInt8>, isFinal: Bool, isFull: Bool = false, marks: [Stream.Mark],
    moment: Moment, sequence: UInt32, in conversation: inout Conversation, slot: Int
  ) -> Int? {
    let direction = moment.direction
    let sender = conversation.sender(direction) ?? .client
    var position = 0
    while position < view.count {
      fields.removeAll()
      let isFinal = isFinal || (isFull && position == 0)
      let rest = StreamView(view.extracting(droppingFirst: position), isFinal: isFinal)
      guard let step = step(rest, from: sender, of: &conversation) else { return nil }
      let start = position
      switch step {
      case .needMore:
        return isFinal ? nil : position
      case .skip(let count):
        guard advance(&position, by: count, to: view.count, &conversation[direction]) else {
          return nil
        }
      case .body(let count, let isLast):
        guard advance(&position, by: count, to: view.count, &conversation[direction]) else {
          return nil
        }
        if marks.isEmpty {
          takeBody(position - start, isLast, moment, in: &conversation, slot: slot)
        } else {
          let last = Self.moment(at: position - 1, marks)
          takeBody(position - start, isLast, last, in: &conversation, slot: slot)
        }
      case .message(let length):
        guard
          let isOpen = advance(&position, over: length, to: view.count, &conversation[direction])
        else { return nil }
        var part = MessagePart(
          end: moment.end, isOpen: isOpen,
          sequence: sequence &+ UInt32(truncatingIfNeeded: start), captured: position - start)
        if marks.isEmpty {
          take(part, first: moment, in: &conversation, slot: slot)
        } else {
          part.end = Self.moment(at: position - 1, marks).end
          take(part, first: Self.moment(at: start, marks), in: &conversation, slot: slot)
        }
      }
    }
    return position
  }

  /// Moves over `count` bytes of a view of `limit`, and over those behind it when they come; false when
  /// no stream is that long.
  @inline(__always)
  private func advance(
    _ position: inout Int, by count: Int, to limit: Int, _ stream: inout Stream
  ) -> Bool {
    let (end, overflow) = position.addingReportingOverflow(max(1, count))
    guard !overflow else { return false }
    if end > limit { stream.skip = end - limit }
    position = min(end, limit)
    return true
  }

  /// Moves over a message; whether it is open: goes on beyond the view, or in a body.
  @inline(__always)
  private func advance(
    _ position: inout Int, over length: MessageLength, to limit: Int, _ stream: inout Stream
  ) -> Bool? {
    stream.isInBody = false
    switch length {
    case .bytes(let count):
      guard advance(&position, by: count, to: limit, &stream) else { return nil }
      return stream.skip > 0
    case .head(let count):
      guard advance(&position, by: count, to: limit, &stream) else { return nil }
      stream.isInBody = true
      return true
    case .untilTurn:
      position = limit
      stream.untilTurn = true
      return true
    }
  }

  @inline(__always)
  mutating func step(
    _ view: borrowing StreamView, from sender: Side, of conversation: inout Conversation
  ) -> ParseStep? {
    do throws(ParseError) {
      return try conversation.parser?.nextMessage(
        in: view, from: sender, into: &message, fields: &fields)
    } catch {
      return nil
    }
  }

  private static func moment(at offset: Int, _ marks: [Stream.Mark]) -> Moment {
    var index = marks.count - 1
    while index > 0, marks[index].start > offset { index -= 1 }
    return marks[index].moment
  }
}

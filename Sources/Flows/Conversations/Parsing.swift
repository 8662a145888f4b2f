// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// Walking over a view of a direction, from message to message.
extension FlowEngine {
  /// Parses messages from the front of `view` until it is used up, a message reaches beyond it, or
  /// more is needed; the first of a full buffer must do with what there is. Returns how many bytes
  /// were used; nil when they are not the protocol.
  mutating func parse(
    _ view: Span<UInt8>, isFinal: Bool, isFull: Bool = false, marks: [Stream.Mark],
    moment: inout Moment, sequence: UInt32, in conversation: inout Conversation, slot: Int
  ) -> Int? {
    let direction = moment.direction
    let sender = conversation.sender(direction) ?? .client
    var position = 0
    var empty = 0
    while position < view.count {
      let isFinal = isFinal || (isFull && position == 0)
      let rest = StreamView(view.extracting(droppingFirst: position), isFinal: isFinal)
      guard let step = step(rest, direction, from: sender, of: &conversation, slot: slot) else {
        return nil
      }
      let start = position
      switch step {
      case .needMore(let count):
        needed = count
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
          takeBody(position - start, isLast, &moment, in: &conversation, slot: slot)
        } else {
          var last = Self.moment(at: position - 1, marks)
          takeBody(position - start, isLast, &last, in: &conversation, slot: slot)
        }
      case .end(let count):
        guard advance(&position, by: count, to: view.count, &conversation[direction]) else {
          return nil
        }
        var last = marks.isEmpty ? moment : Self.moment(at: position - 1, marks)
        takeEnd(position - start, &last, in: &conversation, slot: slot)
      case .more(let count, let ends):
        guard count == 0 || advance(&position, by: count, to: view.count, &conversation[direction])
        else { return nil }
        var last = marks.isEmpty ? moment : Self.moment(at: max(start, position - 1), marks)
        takeMore(position - start, ends: ends, &last, in: &conversation, slot: slot)
      case .handOver(let count, let successor):
        guard count == 0 || advance(&position, by: count, to: view.count, &conversation[direction])
        else { return nil }
        self.successor = successor
        return position
      case .lookUp: return nil
      case .message(let length):
        guard
          let isOpen = advance(&position, over: length, to: view.count, &conversation[direction])
        else { return nil }
        var part = MessagePart(
          end: moment.end, isOpen: isOpen, isUntilTurn: length.isUntilTurn,
          sequence: sequence &+ UInt32(truncatingIfNeeded: start), captured: position - start)
        if marks.isEmpty {
          take(part, first: &moment, in: &conversation, slot: slot)
        } else {
          part.end = Self.moment(at: max(start, position - 1), marks).end
          var first = Self.moment(at: start, marks)
          take(part, first: &first, in: &conversation, slot: slot)
        }
      }
      empty = position == start ? empty + 1 : 0
      guard empty <= MessageLength.emptyInARow else { return nil }
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
    case .bytes(0): return false
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
    _ view: borrowing StreamView, _ direction: SocketEvent.Direction, from sender: Side,
    of conversation: inout Conversation, slot: Int
  ) -> ParseStep? {
    lay(direction, from: sender, of: &conversation)
    limits.breadcrumb.enter(
      .reading, protocol: protocols[conversation.protocolIndex].number.rawValue, view.bytes)
    defer { limits.breadcrumb.leave() }
    do throws(ParseError) {
      guard var step = try conversation.parser?.nextMessage(in: view, from: sender, on: &desk)
      else { return nil }
      if case .lookUp(let id) = step {
        desk.answer(id, with: asked(id, answeredBy: direction, slot: slot))
        step = try conversation.parser?.nextMessage(in: view, from: sender, on: &desk) ?? step
      }
      if desk.wantsNothing { wantNothing(direction, in: &conversation) }
      switch step {
      case .message(let length): conversation[direction].mayBeInside = length.isUntilTurn
      case .end: conversation[direction].mayBeInside = false
      default: break
      }
      return step
    } catch {
      // The inside of a message makes no sense; its end may be that of these bytes.
      return desk.mayBeInside ? .skip(view.bytes.count) : nil
    }
  }

  /// Lays what the parser may want to know on the desk.
  @inline(__always)
  private mutating func lay(
    _ direction: SocketEvent.Direction, from sender: Side, of conversation: inout Conversation
  ) {
    desk.clear()
    desk.mayBeInside = conversation[direction].mayBeInside
    desk.waiting = conversation.mayLackAnswer && sender == .client ? 0 : conversation.awaited
    let oldest = oldest(answeredBy: direction, in: &conversation)
    if conversation.answersToDrop > 0 {
      desk.oldest = .unknown
    } else if oldest != PendingCalls.none {
      desk.oldest = .note(pending.slots[oldest].note)
    } else {
      desk.oldest = conversation.unheld > 0 ? .unknown : .nothing
    }
  }

  private static func moment(at offset: Int, _ marks: [Stream.Mark]) -> Moment {
    var index = marks.count - 1
    while index > 0, marks[index].start > offset { index -= 1 }
    return marks[index].moment
  }
}

extension MessageLength {
  // Comparing with == would be a call into another module.

  fileprivate var isUntilTurn: Bool {
    if case .untilTurn = self { true } else { false }
  }
}

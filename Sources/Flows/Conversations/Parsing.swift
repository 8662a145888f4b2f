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
        needed = 0
        return isFinal ? nil : position
      case .needBytes(let count):
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
          takeBody(position - start, isLast, moment, in: &conversation, slot: slot)
        } else {
          let last = Self.moment(at: position - 1, marks)
          takeBody(position - start, isLast, last, in: &conversation, slot: slot)
        }
      case .end(let count):
        guard advance(&position, by: count, to: view.count, &conversation[direction]) else {
          return nil
        }
        let last = marks.isEmpty ? moment : Self.moment(at: position - 1, marks)
        takeEnd(position - start, last, in: &conversation, slot: slot)
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
    case .nothing:
      return false
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
    limits.breadcrumb.enter(
      .reading, protocol: protocols[conversation.protocolIndex].number.rawValue, view.bytes)
    defer { limits.breadcrumb.leave() }
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

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What opens and closes, and outcomes.
extension AMQP10Parser {
  /// Each of these is answered by its like (part 2, sections 2.4.1, 2.5.1, 2.6.3): what the client says is
  /// the request, and what the server says without having been asked is one-way.
  mutating func readOpening(
    _ said: AMQP10Performative, _ frame: AMQP10Frame, _ bytes: Span<UInt8>, _ side: Side,
    on desk: inout Desk
  ) -> ParseStep {
    let facts = AMQP10Facts(said, bytes)
    let number =
      switch said.kind {
      case .attach: nameHash(bytes, facts.name)
      case .detach: UInt64(frame.channel) << 32 | (facts.handle ?? 0)
      case .begin: UInt64(facts.remoteChannel ?? frame.channel)
      case .end: UInt64(frame.channel)
      default: UInt64(0)
      }
    let key = Self.key(said.kind, number)
    if side == .client {
      desk.message.kind = .request
      desk.message.exchange = key
    } else {
      guard let asked = desk.asked(key) else { return .lookUp(key) }
      if asked != .nothing {
        desk.message.kind = .response
        desk.message.exchange = key
      }
    }
    if said.kind == .attach, let handle = facts.handle {
      links.note(
        side, frame.channel, handle, bytes.clipped(facts.address), isSettled: facts.isSettled)
    } else if said.kind == .detach, let handle = facts.handle {
      links.remove(side, frame.channel, handle)
    }
    if desk.message.kind != .response {
      describe(said.kind, facts.address, bytes, side, on: &desk)
      if said.kind == .open {
        desk.message.texts.requestDomain = desk.fields.append(bytes, at: facts.host)
        append("amqp.container", facts.name, bytes, on: &desk)
      } else if said.kind == .attach {
        append("amqp.link", facts.name, bytes, on: &desk)
      }
    }
    if side == .server, !facts.condition.isEmpty {
      write(condition: facts.condition, bytes, on: &desk)
    }
    return .message(.bytes(frame.length))
  }

  /// Part 2, sections 2.8.15 to 2.8.18; others are whoever's, of brokers mostly for what clients did.
  private func write(condition: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk) {
    let isOfServer =
      bytes.equals("amqp:internal-error", at: condition)
      || bytes.equals("amqp:not-implemented", at: condition)
      || bytes.equals("amqp:resource-limit-exceeded", at: condition)
      || bytes.equals("amqp:connection:forced", at: condition)
      || bytes.equals("amqp:link:detach-forced", at: condition)
    desk.message.status = isOfServer ? .serverError : .clientError
    desk.message.texts.responseException = desk.fields.append(bytes, at: condition)
  }

  mutating func readOutcome(
    _ said: AMQP10Performative, _ frame: AMQP10Frame, _ bytes: Span<UInt8>, _ side: Side,
    on desk: inout Desk
  ) -> ParseStep {
    var fields = said.fields
    let isReceiver = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) } == 1
    let first = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) }
    let last = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) }
    _ = try? fields.next(in: bytes)
    let state = try? fields.next(in: bytes)
    // A sender settles what was told before; what is received in part is none.
    guard isReceiver, let first, let state, !state.isNull, state.descriptor != 0x23 else {
      outcome = nil
      return .skip(frame.length)
    }
    if outcome == nil {
      let end = max(last ?? first, first)
      outcome = AMQP10Outcome(
        first: end - first >= Self.deliveries ? end - Self.deliveries + 1 : first, last: end)
    }
    guard let next = outcome?.first, let end = outcome?.last else { return .skip(frame.length) }
    desk.message.kind = .response
    desk.message.exchange = Self.key(.transfer, UInt64(frame.channel) << 32 | next)
    desk.message.requestID = next
    write(state, bytes, on: &desk)
    outcome?.first = next &+ 1
    guard next == end else { return .message(.bytes(0)) }
    outcome = nil
    return .message(.bytes(frame.length))
  }

  /// Part 3, section 3.4.
  private func write(
    _ state: AMQP10Cursor.Value, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    var fields = AMQP10Cursor.inside(state)
    switch state.descriptor {
    case 0x24: desk.message.texts.responseResult = desk.fields.append("accepted")
    case 0x25:
      desk.message.status = .clientError
      let error = (try? fields.next(in: bytes)).map(AMQP10Cursor.inside)
      var inner = error ?? fields
      let condition = (try? inner.next(in: bytes)).map(AMQP10Cursor.text) ?? 0..<0
      if condition.isEmpty {
        desk.message.texts.responseException = desk.fields.append("rejected")
      } else {
        write(condition: condition, bytes, on: &desk)
      }
    case 0x26: desk.message.texts.responseResult = desk.fields.append("released")
    case 0x27:
      let isFailed = (try? fields.next(in: bytes)).flatMap { AMQP10Cursor.number($0, bytes) } == 1
      if isFailed {
        // Whoever was to take it could not.
        desk.message.status = .serverError
        desk.message.texts.responseException = desk.fields.append("modified")
      } else {
        desk.message.texts.responseResult = desk.fields.append("modified")
      }
    default: break
    }
  }
}

/// What the fields of an opening, or of what closes, say.
struct AMQP10Facts {
  /// Of a container or a link.
  private(set) var name = 0..<0
  private(set) var host = 0..<0
  private(set) var handle: UInt64?
  private(set) var remoteChannel: UInt16?
  private(set) var address = 0..<0
  private(set) var isSettled = false
  private(set) var condition = 0..<0

  init(_ said: AMQP10Performative, _ bytes: Span<UInt8>) {
    var fields = said.fields
    var index = 0
    var isReceiver = false
    while index <= 6, let field = try? fields.next(in: bytes) {
      switch (said.kind, index) {
      case (.open, 0), (.attach, 0): name = AMQP10Cursor.text(field)
      case (.open, 1): host = AMQP10Cursor.text(field)
      case (.begin, 0):
        remoteChannel = AMQP10Cursor.number(field, bytes).map { UInt16(truncatingIfNeeded: $0) }
      case (.attach, 1), (.detach, 0): handle = AMQP10Cursor.number(field, bytes)
      case (.attach, 2): isReceiver = AMQP10Cursor.number(field, bytes) == 1
      case (.attach, 3): isSettled = AMQP10Cursor.number(field, bytes) == 1
      // Of a sender the target counts, of a receiver the source.
      case (.attach, 5) where isReceiver, (.attach, 6) where !isReceiver:
        var inner = AMQP10Cursor.inside(field)
        address = (try? inner.next(in: bytes)).map(AMQP10Cursor.text) ?? 0..<0
      case (.close, 0), (.end, 0), (.detach, 2):
        var inner = AMQP10Cursor.inside(field)
        condition = (try? inner.next(in: bytes)).map(AMQP10Cursor.text) ?? 0..<0
      default: break
      }
      index += 1
    }
  }
}

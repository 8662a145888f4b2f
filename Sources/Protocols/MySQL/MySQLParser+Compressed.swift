// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The compressed protocol: packets in frames, wherever those begin and end. A frame has a length, a
/// number, and a length before compression (0: sent as it is); each is inflated by itself.
extension MySQLParser {
  /// Bytes that are inflated of one frame.
  private static let inflatedBytes = 65_536
  /// Bytes of a whole frame that are waited for: no view is longer.
  private static let longestFrame = 32_768
  /// Bytes of a packet that is not whole at a frame's end.
  private static let carriedBytes = 4_096

  /// One frame, as far as it was captured. A command that spans frames is what its first one shows; an
  /// answer is walked over, from frame to frame.
  mutating func nextCompressed(
    _ bytes: Span<UInt8>, isFinal: Bool, _ side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard bytes.count >= 7 else {
      guard isFinal else { return .needMore() }
      return isInFrames(side) ? loseFrame(bytes) : .skip(bytes.count)
    }
    let length = bytes.littleEndian24(at: 0)
    if seeksEnd(from: side) {
      // The last frame of these bytes, if it is whole, may hold the end of the answer.
      guard 7 + length == bytes.count else { return .skip(min(7 + length, bytes.count)) }
      let step = findEnd(Self.content(of: bytes, length).span, on: &desk)
      if case .end = step { return .end(bytes.count) }
      return .skip(bytes.count)
    }
    let isWhole = bytes.count >= 7 + length
    if !isWhole, !isFinal {
      if side == .server, 7 + length <= Self.longestFrame { return .needMore(atLeast: 7 + length) }
      if bytes.count < 8_192 { return .needMore() }
    }
    if isInFrames(side) {
      if bytes[3] == nextFrame {
        return isWhole ? try walkFrame(bytes, length, on: &desk) : loseFrame(bytes)
      }
      // Another answer has begun.
      forgetWalk()
    }
    // Only a command's first frame, and an answer that is waited for, are worth it.
    let isNeeded = side == .client ? bytes[3] == 0 : desk.oldest != .nothing
    guard isNeeded else { return .skip(7 + length) }
    if side == .server { nextFrame = bytes[3] &+ 1 }
    if bytes.littleEndian24(at: 4) == 0 {
      let plain = bytes.clipped(from: 7, to: min(7 + length, bytes.count, 7 + Self.inflatedBytes))
      return try message(inFrame: plain, 7 + length, side, isWhole: isWhole, on: &desk)
    }
    let content = Self.content(of: bytes, length)
    return try message(inFrame: content.span, 7 + length, side, isWhole: isWhole, on: &desk)
  }

  /// The message that begins in a frame of `length` bytes, which holds `inner`.
  private mutating func message(
    inFrame inner: Span<UInt8>, _ length: Int, _ side: Side, isWhole: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if side == .client { return try request(inFrame: inner, length, on: &desk) }
    let canGoOn = isWhole && inner.count < Self.inflatedBytes
    return response(inFrame: inner, length, canGoOn: canGoOn, on: &desk)
  }

  /// What the frame at the front of `bytes` holds, as far as it is there; empty when it cannot be read.
  private static func content(of bytes: Span<UInt8>, _ length: Int) -> [UInt8] {
    let frame = bytes.clipped(from: 7, to: 7 + length)
    if bytes.littleEndian24(at: 4) != 0 { return ZlibPrefix.inflate(frame, limit: inflatedBytes) }
    let plain = frame.extracting(first: inflatedBytes)
    var content: [UInt8] = []
    content.reserveCapacity(plain.count)
    for index in plain.indices { content.append(plain[index]) }
    return content
  }

  private mutating func request(
    inFrame inner: Span<UInt8>, _ length: Int, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard inner.count > 4 else {
      desk.message = Message(.request)
      leave(Note(.query), on: &desk)
      desk.message.flags.insert(.truncated)
      return .message(.bytes(length))
    }
    let step = try nextRequest(inner, isFinal: true, on: &desk)
    continuesPacket = false
    if case .message = step { return .message(.bytes(length)) }
    return .skip(length)
  }

  private mutating func response(
    inFrame inner: Span<UInt8>, _ length: Int, canGoOn: Bool, on desk: inout Desk
  ) -> ParseStep {
    let first = Note(desk.oldest.note)
    desk.message = Message(.response)
    guard inner.count > 4 else {
      desk.message.flags.insert(.truncated)
      desk.message.isEndSeen = false
      desk.message.status = .parseFailed
      return finish(.untilTurn, desk.message.isEndSeen)
    }
    var response = MySQLResponse(to: first.command, hasLegacyEOF: hasLegacyEOF)
    let extent = response.advance(inner)
    if case .interruption = extent {
      isInterrupted = true
      return .skip(length)
    }
    describe(response, inner, on: &desk)
    learn(response, first)
    switch extent {
    case .end(inner.count): return finish(.bytes(length), desk.message.isEndSeen)
    case .end: return finish(.untilTurn, desk.message.isEndSeen)
    case .unseen(let place) where canGoOn && carry(inner, from: place):
      desk.message.isEndSeen = response.failure != nil
      desk.message.affectedRows = nil
      walk = response
      return finish(.head(length), desk.message.isEndSeen)
    default:
      desk.message.isEndSeen = response.failure != nil
      return finish(.untilTurn, desk.message.isEndSeen)
    }
  }

  /// Whether an answer is walked over from frame to frame.
  private func isInFrames(_ side: Side) -> Bool { side == .server && (walk != nil || isBlind) }

  /// Goes on in an answer, of which a frame before was read, with the whole frame at the front of `bytes`.
  private mutating func walkFrame(
    _ bytes: Span<UInt8>, _ length: Int, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    nextFrame &+= 1
    let inflated = Self.content(of: bytes, length)
    guard var response = walk, inflated.count < Self.inflatedBytes else {
      return passFrame(inflated.span, length, on: &desk)
    }
    let content = carried + inflated
    switch response.advance(content.span) {
    case .malformed:
      forgetWalk()
      throw ParseError(at: 7, expected: "an answer of the server")
    case .unseen(let place) where carry(content.span, from: place):
      walk = response
      return .body(7 + length, isLast: false)
    case .unseen, .interruption: return passFrame(inflated.span, length, on: &desk)
    case .end:
      forgetWalk()
      desk.message = Message(.response)
      describe(response, content.span, on: &desk)
      learn(response, nil)
      return .end(7 + length)
    }
  }

  /// Where in the answer the frame begins is not known: only what looks like its end is found.
  private mutating func passFrame(
    _ content: Span<UInt8>, _ length: Int, on desk: inout Desk
  ) -> ParseStep {
    forgetWalk()
    if case .end = findEnd(content, on: &desk) { return .end(7 + length) }
    isBlind = true
    return .body(7 + length, isLast: false)
  }

  /// A part of the frame is missing: the end is looked for behind it.
  private mutating func loseFrame(_ bytes: Span<UInt8>) -> ParseStep {
    forgetWalk()
    seeksEnd = true
    return .body(bytes.count, isLast: false)
  }

  /// Keeps what is not passed of a frame; false when that is too much.
  private mutating func carry(_ content: Span<UInt8>, from place: Int) -> Bool {
    let rest = content.clipped(from: place, to: content.count)
    guard rest.count <= Self.carriedBytes else { return false }
    carried = []
    for index in rest.indices { carried.append(rest[index]) }
    return true
  }

  mutating func forgetWalk() {
    walk = nil
    carried = []
    isBlind = false
  }
}

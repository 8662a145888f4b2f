// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// HTTP/2, RFC 9113: calls are streams, and any number of them are under way.
///
/// A request is told of when its header block is there, and so is a response. What follows them is walked
/// over frame by frame, and no byte of a body is kept. The stream's id pairs them.
struct HTTP2Parser: ProtocolParser {
  /// What is known of one direction.
  struct Direction: Sendable {
    var decoder = HPACKDecoder()
    /// Whether a frame begins where the next bytes do.
    var isInStep = false
    /// Whether its first byte was seen; and whether it was not, and no longer can be.
    var hasBegun = false
    var isJoined = false
    /// Whether the rest of a header block is passed over.
    var isInBlock = false
    /// The rest of a frame whose front was read.
    var body: HTTP2Body?
  }

  private var directions: InlineArray<2, Direction> = [Direction(), Direction()]
  var streams = HTTP2Streams()
  /// Of streams whose bodies are looked into, a few at a time.
  var contents: [HTTP2Content] = []

  var heldBytes: Int {
    512 + self[.client].decoder.footprint + self[.server].decoder.footprint + streams.footprint
      + contents.capacity * MemoryLayout<HTTP2Content>.stride
  }

  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if !self[side].isInStep {
      if let step = findStep(bytes, isFinal: view.isFinal, from: side) { return step }
    }
    if let body = self[side].body { return messages(body, bytes, at: 0, from: side, on: &desk) }
    var offset = 0
    while true {
      guard bytes.count - offset >= HTTP2Frame.headSize else {
        if offset > 0 { return .skip(offset) }
        guard view.isFinal else { return .needMore(atLeast: HTTP2Frame.headSize) }
        bytesWereLost(from: side)
        return .skip(bytes.count)
      }
      let frame = HTTP2Frame(bytes, at: offset)
      if let fault = frame.fault { throw ParseError(at: offset, expected: fault) }
      if self[side].isInBlock != (frame.kind == .continuation) {
        throw ParseError(at: offset, expected: "the rest of the headers, and no other frame")
      }
      let isPassedOver =
        switch frame.kind {
        case .data, .headers, .pushPromise, .reset, .goAway: false
        default: true
        }
      if isPassedOver {
        if frame.kind == .continuation, frame.endsHeaders { self[side].isInBlock = false }
        offset += frame.total
        if offset >= bytes.count { return .skip(offset) }
      } else if offset > 0 {
        return .skip(offset)
      } else {
        return try read(frame, bytes, isFinal: view.isFinal, from: side, on: &desk)
      }
    }
  }

  mutating func bytesWereLost(from side: Side) {
    self[side].isInStep = false
    self[side].isInBlock = false
    self[side].body = nil
    self[side].isJoined = true
    streams.loseMessages(of: side)
    contents.removeAll()
    self[side].decoder.forget()
  }

  // In line, or each access would be a coroutine with memory of its own.
  subscript(side: Side) -> Direction {
    @inline(__always) _read { yield directions[Int(side.rawValue)] }
    @inline(__always) _modify { yield &directions[Int(side.rawValue)] }
  }

  /// Finds the head of a frame; nil when the view begins with it.
  private mutating func findStep(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side
  ) -> ParseStep? {
    if side == .client, bytes[0] == UInt8(ascii: "P"), HTTP2Recognition.preface(bytes) {
      guard bytes.count >= 24 else { return isFinal ? .skip(bytes.count) : .needMore(atLeast: 24) }
      begin(side)
      return .skip(24)
    }
    // What a server says first are its settings, RFC 9113 section 3.4.
    if side == .server, self[.client].hasBegun, !self[.server].hasBegun, !self[.server].isJoined,
      bytes.count >= HTTP2Frame.headSize
    {
      let frame = HTTP2Frame(bytes, at: 0)
      if frame.kind == .settings, frame.fault == nil, !frame.endsStream {
        begin(side)
        return nil
      }
    }
    switch HTTP2Recognition.frames(bytes, side: side, isTruncated: isFinal) {
    case .undecided where !isFinal && bytes.count < HTTP2Block.limit: return .needMore()
    case .yes:
      self[side].isInStep = true
      self[side].isJoined = true
      return nil
    case .no, .undecided:
      self[side].isJoined = true
      return .skip(bytes.count)
    }
  }

  private mutating func begin(_ side: Side) {
    self[side].isInStep = true
    self[side].hasBegun = true
    self[side].decoder.begin()
  }

  /// Reads a frame that may say something of a call.
  private mutating func read(
    _ frame: HTTP2Frame, _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    switch frame.kind {
    case .data: try data(frame, bytes, isFinal: isFinal, from: side, on: &desk)
    case .reset: reset(frame, bytes, isFinal: isFinal, from: side, on: &desk)
    case .goAway: goAway(frame, bytes, isFinal: isFinal, from: side, on: &desk)
    default: try headers(frame, bytes, isFinal: isFinal, from: side, on: &desk)
    }
  }

  /// Reads a header block, and says what it is.
  private mutating func headers(
    _ frame: HTTP2Frame, _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard side == .server || frame.isOfClient && frame.kind == .headers else {
      throw ParseError(at: 5, expected: "a stream of the client's")
    }
    var needed = 0
    let gathered = try HTTP2Block.gather(
      bytes, frame, isFinal: isFinal, into: &desk.headers.block, needed: &needed)
    guard let block = gathered else { return .needMore(atLeast: needed) }
    var found = HTTP2Headers(in: &desk.headers)
    defer { found.leave(to: &desk.headers) }
    var whole: [UInt8] = []
    swap(&whole, &desk.headers.block)
    defer { swap(&whole, &desk.headers.block) }
    do throws(HPACKFault) {
      if block.isCopied {
        try self[side].decoder.decode(
          whole.span, isCut: block.isCut, scratch: &desk.headers.scratch, to: &found)
      } else {
        try self[side].decoder.decode(
          bytes.clipped(block.range), isCut: block.isCut, scratch: &desk.headers.scratch,
          to: &found)
      }
    } catch {
      throw ParseError(at: HTTP2Frame.headSize, expected: "fields in the form of HPACK")
    }
    if block.isCut { self[side].decoder.forget() }
    self[side].isInBlock = !block.endsHeaders
    let head = HTTP2Head(frame: frame, block: block, isEnd: frame.endsStream)
    switch (side, frame.kind) {
    case (.client, _): return request(head, found, on: &desk)
    case (_, .pushPromise): return promise(head, found, on: &desk)
    default: return response(head, found, on: &desk)
    }
  }
}

/// A header block, as far as its frames tell.
struct HTTP2Head {
  var frame: HTTP2Frame
  var block: HTTP2Block
  /// Whether nothing follows on the stream.
  var isEnd: Bool
}

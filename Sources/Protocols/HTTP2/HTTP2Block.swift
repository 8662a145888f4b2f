// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A header block and the frames that it lies in: a HEADERS or PUSH_PROMISE, and CONTINUATIONs behind it,
/// RFC 9113 section 4.3.
struct HTTP2Block {
  /// A block that is longer, with the heads of its frames, is read as if the capture had ended here.
  static let limit = 32_768

  /// Where it lies in the view; of several frames it was copied.
  var range: Range<Int>
  var isCopied = false
  /// Bytes of its frames, the last of which may end behind the view.
  var total: Int
  var isCut: Bool
  /// Whether its last frame was seen.
  var endsHeaders: Bool

  /// Takes the block together that begins with `frame` at the front of `bytes`; its fragments are copied
  /// into `room` when there are several. Nil when more bytes are needed: how many is in `needed`, 0 when
  /// nobody knows.
  static func gather(
    _ bytes: Span<UInt8>, _ frame: HTTP2Frame, isFinal: Bool, into room: inout [UInt8],
    needed: inout Int
  ) throws(ParseError) -> HTTP2Block? {
    let limit = min(bytes.count, Self.limit)
    let isFinal = isFinal || bytes.count >= Self.limit
    var end = frame.total
    guard end <= limit || isFinal else {
      needed = min(end, Self.limit)
      return nil
    }
    let body = bytes.clipped(from: HTTP2Frame.headSize, to: min(end, limit))
    guard let fragment = fragment(of: frame, in: body, isCut: end > limit) else {
      throw ParseError(at: HTTP2Frame.headSize, expected: "padding that is less than the frame")
    }
    let start = HTTP2Frame.headSize + fragment.lowerBound
    var block = HTTP2Block(
      range: start..<(start + fragment.count), total: end, isCut: end > limit,
      endsHeaders: frame.endsHeaders)
    if frame.endsHeaders || end > limit { return block }
    room.removeAll(keepingCapacity: true)
    append(bytes, block.range, to: &room)
    repeat {
      guard limit - end >= HTTP2Frame.headSize else {
        guard isFinal else { return nil }
        block.isCut = true
        break
      }
      let next = HTTP2Frame(bytes, at: end)
      guard next.kind == .continuation, next.stream == frame.stream else {
        throw ParseError(at: end, expected: "the rest of the headers")
      }
      let last = end + next.total
      guard last <= limit || isFinal else { return nil }
      append(bytes, (end + HTTP2Frame.headSize)..<min(last, limit), to: &room)
      end = last
      block.total = end
      block.isCut = end > limit
      block.endsHeaders = next.endsHeaders
    } while !block.endsHeaders && !block.isCut
    block.isCopied = true
    block.range = 0..<room.count
    return block
  }

  /// Where the fragment of a block lies in the body of its first frame, without what stands around it; nil
  /// when that is more than the frame.
  static func fragment(of frame: HTTP2Frame, in body: Span<UInt8>, isCut: Bool) -> Range<Int>? {
    var start = 0
    var end = frame.length
    if frame.isPadded {
      guard body.count > 0 else { return isCut ? 0..<0 : nil }
      start = 1
      end -= Int(body[0])
    }
    if frame.kind == .pushPromise {
      start += 4
    } else if frame.hasPriority {
      start += 5
    }
    guard start <= end else { return nil }
    let clipped = min(end, body.count)
    return min(start, clipped)..<clipped
  }

  private static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to room: inout [UInt8]) {
    for index in range { room.append(bytes[index]) }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A body that is looked into as it comes: of a declared length, or in chunks (RFC 9112 section 7.1).
struct HTTP1Body: Sendable {
  private enum Part: UInt8 {
    case none, content, size, data, dataEnd, trailers
  }

  private var part = Part.none
  private var rest = 0

  /// None.
  init() {}

  init(length: Int) {
    rest = length
    part = length > 0 ? .content : .none
  }

  static var chunked: HTTP1Body {
    var body = HTTP1Body()
    body.part = .size
    return body
  }

  var isUnderWay: Bool { part != .none }

  /// Moves over what is there of the body at the front of `bytes`, and hands its content to `reader`; how
  /// many bytes, 0 when a line is not complete.
  mutating func advance(
    _ bytes: Span<UInt8>, to reader: inout HTTPContentReader
  ) throws(ParseError) -> Int {
    var offset = 0
    while isUnderWay, offset < bytes.count {
      if part == .content || part == .data {
        let count = min(rest, bytes.count - offset)
        reader.feed(bytes, offset..<(offset + count))
        rest -= count
        offset += count
        if rest == 0 { part = part == .data ? .dataEnd : .none }
        continue
      }
      guard
        let feed = bytes.firstIndex(of: HTTP1Headers.lineFeed, from: offset, to: bytes.count)
      else {
        if bytes.count - offset > HTTP1Chunks.lineLimit {
          throw ParseError(at: offset, expected: "a chunk's line of at most 8192 bytes")
        }
        return offset
      }
      switch part {
      case .size:
        rest = try HTTP1Chunks.size(bytes, from: offset)
        part = rest == 0 ? .trailers : .data
      case .dataEnd: part = .size
      default:
        let isEmpty =
          feed == offset || feed == offset + 1 && bytes[offset] == HTTP1Headers.carriageReturn
        if isEmpty { part = .none }
      }
      offset = feed + 1
    }
    return offset
  }
}

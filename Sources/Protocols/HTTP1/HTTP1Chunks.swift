// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks a chunked body, RFC 9112 section 7.1, without looking into it.
struct HTTP1Chunks {
  private(set) var isInside = false
  private var isInTrailers = false

  /// A line of sizes, extensions or trailers that is longer is refused.
  static let lineLimit = 8_192

  mutating func begin() {
    isInside = true
    isInTrailers = false
  }

  /// Moves over what is known of the body at the front of `bytes`: how many bytes (they may exceed the
  /// view), or 0 when the first line is not complete.
  mutating func advance(_ bytes: Span<UInt8>) throws(ParseError) -> Int {
    var offset = 0
    while isInside, offset < bytes.count {
      guard
        let feed = bytes.firstIndex(of: HTTP1Headers.lineFeed, from: offset, to: bytes.count)
      else {
        if bytes.count - offset > Self.lineLimit {
          throw ParseError(at: offset, expected: "a chunk's line of at most 8192 bytes")
        }
        return offset
      }
      if isInTrailers {
        let isEmpty =
          feed == offset || feed == offset + 1 && bytes[offset] == HTTP1Headers.carriageReturn
        if isEmpty { isInside = false }
        offset = feed + 1
      } else {
        let size = try Self.size(bytes, from: offset)
        offset = feed + 1
        if size == 0 { isInTrailers = true } else { offset += size + 2 }
      }
    }
    return offset
  }

  /// The chunk's size that the line at `start` begins with.
  static func size(_ bytes: Span<UInt8>, from start: Int) throws(ParseError) -> Int {
    var size = 0
    var index = start
    while index < bytes.count, let digit = hexadecimal(bytes[index]) {
      guard index - start < 12 else { break }
      size = size << 4 | digit
      index += 1
    }
    let isEnded = index < bytes.count && [0x0D, 0x0A, 0x20, 0x09, 0x3B].contains(bytes[index])
    guard index > start, isEnded else { throw ParseError(at: start, expected: "a chunk's size") }
    return size
  }

  private static func hexadecimal(_ byte: UInt8) -> Int? {
    switch byte {
    case 0x30...0x39: Int(byte) - 0x30
    case 0x41...0x46, 0x61...0x66: Int(byte | 0x20) - 0x57
    default: nil
    }
  }
}

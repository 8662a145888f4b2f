// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The first line of a request, as places in the view: RFC 9112 section 3.
struct HTTP1RequestLine {
  var method: Range<Int>
  var target: Range<Int>
  /// Empty when the line is cut before it.
  var version: Range<Int>
  /// Where the header lines begin; nil when the line does not end in the bytes.
  var end: Int?

  /// Tokens longer than this are no methods that anyone uses.
  static let methodLimit = 32

  /// Reads the line at the front of `bytes`, or as much of it as lies before `limit`.
  init(_ bytes: Span<UInt8>, to limit: Int) throws(ParseError) {
    let methodEnd = try Self.methodEnd(bytes, to: limit)
    method = 0..<methodEnd
    let start = min(methodEnd + 1, limit)
    guard let feed = bytes.firstIndex(of: HTTP1Headers.lineFeed, from: start, to: limit) else {
      target = start..<limit
      version = limit..<limit
      if let space = bytes.firstIndex(of: UInt8(ascii: " "), from: start, to: limit) {
        target = start..<space
      }
      return
    }
    let last = bytes[feed - 1] == HTTP1Headers.carriageReturn ? feed - 1 : feed
    guard last - 9 > start, bytes[last - 9] == UInt8(ascii: " "),
      HTTP1Version.isVersion(bytes, at: last - 8)
    else { throw ParseError(at: start, expected: "a target and HTTP/1.x") }
    target = start..<(last - 9)
    version = (last - 3)..<last
    end = feed + 1
  }

  /// Where the method ends: at the first space, or at `limit` when the line is cut before it.
  private static func methodEnd(_ bytes: Span<UInt8>, to limit: Int) throws(ParseError) -> Int {
    var index = 0
    while index < limit {
      let byte = bytes[index]
      if byte == UInt8(ascii: " "), index > 0 { return index }
      guard byte &- 0x41 < 26 || byte == UInt8(ascii: "-"), index < methodLimit else {
        throw ParseError(at: index, expected: "a method")
      }
      index += 1
    }
    return limit
  }
}

/// The first line of a response, as places in the view: RFC 9112 section 4.
struct HTTP1StatusLine {
  var version: Range<Int>
  /// Nil when the line is cut before it.
  var code: Int32?
  var reason: Range<Int>
  /// Where the header lines begin; nil when the line does not end in the bytes.
  var end: Int?

  /// Reads the line at the front of `bytes`, or as much of it as lies before `limit`.
  init(_ bytes: Span<UInt8>, to limit: Int) throws(ParseError) {
    let prefix = min(limit, 8)
    guard HTTP1Version.isPrefix(bytes, count: prefix) else {
      throw ParseError(at: 0, expected: "HTTP/1.x")
    }
    version = min(5, prefix)..<prefix
    reason = limit..<limit
    guard limit > 8 else { return }
    guard bytes[8] == UInt8(ascii: " ") else { throw ParseError(at: 8, expected: "a space") }
    var value: Int32 = 0
    for index in 9..<min(12, max(9, limit)) {
      let digit = bytes[index] &- 0x30
      guard digit < 10 else { throw ParseError(at: index, expected: "a status code") }
      value = value * 10 + Int32(digit)
    }
    guard limit >= 12 else { return }
    guard value >= 100 else { throw ParseError(at: 9, expected: "a status code from 100") }
    code = value
    guard let feed = bytes.firstIndex(of: HTTP1Headers.lineFeed, from: 12, to: limit) else {
      reason = min(13, limit)..<limit
      return
    }
    let last = bytes[feed - 1] == HTTP1Headers.carriageReturn ? feed - 1 : feed
    if last > 12, bytes[12] != UInt8(ascii: " ") {
      throw ParseError(at: 12, expected: "a space or the line's end")
    }
    reason = min(13, last)..<last
    end = feed + 1
  }
}

/// `HTTP/1.x`, RFC 9112 section 2.3.
enum HTTP1Version {
  @inline(__always)
  static func isVersion(_ bytes: Span<UInt8>, at offset: Int) -> Bool {
    bytes.word(at: offset) & Self.mask == Self.text && bytes[offset + 7] &- 0x30 < 2
  }

  /// Whether the first `count` bytes, at most 8, begin a version.
  static func isPrefix(_ bytes: Span<UInt8>, count: Int) -> Bool {
    if count == 8 { return isVersion(bytes, at: 0) }
    let mask = (1 << UInt64(count * 8)) &- 1 as UInt64
    return bytes.word(at: 0) & mask == text & mask
  }

  /// `HTTP/1.` as ``Span/word(at:)`` reads it.
  private static let text: UInt64 = 0x002E_312F_5054_5448
  private static let mask: UInt64 = 0x00FF_FFFF_FFFF_FFFF
}

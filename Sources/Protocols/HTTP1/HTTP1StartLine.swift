// SPDX-License-Identifier: Apache-2.0

import Bytes

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
    guard HTTP1Version.isBlank(bytes[8]) else { throw ParseError(at: 8, expected: "a space") }
    var start = 9
    while start < limit, HTTP1Version.isBlank(bytes[start]) { start += 1 }
    var value: Int32 = 0
    for index in start..<max(start, min(start + 3, limit)) {
      let digit = bytes[index] &- 0x30
      guard digit < 10 else { throw ParseError(at: index, expected: "a status code") }
      value = value * 10 + Int32(digit)
    }
    let codeEnd = start + 3
    guard limit >= codeEnd else { return }
    guard value >= 100 else { throw ParseError(at: start, expected: "a status code from 100") }
    code = value
    guard let feed = bytes.firstIndex(of: HTTP1Headers.lineFeed, from: codeEnd, to: limit) else {
      reason = min(codeEnd + 1, limit)..<limit
      return
    }
    let last = bytes[feed - 1] == HTTP1Headers.carriageReturn ? feed - 1 : feed
    if last > codeEnd, !HTTP1Version.isBlank(bytes[codeEnd]) {
      throw ParseError(at: codeEnd, expected: "a space or the line's end")
    }
    reason = min(codeEnd + 1, last)..<last
    end = feed + 1
  }
}

/// `HTTP/1.x`, RFC 9112 section 2.3.
enum HTTP1Version {
  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// Whether the eight bytes at `offset` are a version of HTTP, whichever and in whatever case.
  static func isAny(_ bytes: Span<UInt8>, at offset: Int) -> Bool {
    // Bits that make letters small leave the slash, the digits and the dot as they are.
    let folded = bytes.word(at: offset) | 0x0000_0000_2020_2020
    return folded & 0x00ff_00ff_ffff_ffff == 0x002e_002f_7074_7468
      && bytes[offset + 5] &- 0x30 < 10 && bytes[offset + 7] &- 0x30 < 10
  }

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

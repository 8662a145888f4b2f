// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The first line of a request, as places in the view: RFC 9112 section 3.
///
/// Any bytes are read, as far as they can be: what is not a line of HTTP the server answers with an
/// error, and that answer is a call's.
struct HTTP1RequestLine {
  enum Form {
    /// A method, a target and a version; or the line's beginning, when `end` is nil.
    case usual
    /// No version, as in HTTP/0.9: nothing follows the line.
    case simple
    /// Not a line of HTTP. Method and target are what stands where they would.
    case unreadable
  }

  var form = Form.usual
  /// Empty when the line does not begin with a word.
  var method: Range<Int>
  var target: Range<Int>
  /// Empty when the line has none, or is cut before it.
  var version: Range<Int>
  /// Where the header lines begin; nil when the line does not end in the bytes.
  var end: Int?

  /// Reads the line at the front of `bytes`, or as much of it as lies before `limit`.
  init(_ bytes: Span<UInt8>, to limit: Int) {
    var index = 0
    while index < limit, Self.isTokenByte(bytes[index]) { index += 1 }
    method = 0..<index
    target = index..<index
    version = index..<index
    guard index < limit else { return }
    guard index > 0, HTTP1Version.isBlank(bytes[index]) else {
      // A word alone is still a word.
      let isLine = bytes[index] == HTTP1Headers.lineFeed || bytes[index] == 0x0D
      if !isLine { method = 0..<0 }
      form = .unreadable
      return
    }
    while index < limit, HTTP1Version.isBlank(bytes[index]) { index += 1 }
    let start = index
    if takeUsual(bytes, from: start, to: limit) { return }
    var last = start
    while index < limit, bytes[index] != HTTP1Headers.lineFeed {
      let byte = bytes[index]
      if HTTP1Version.isBlank(byte) || byte == HTTP1Headers.carriageReturn {
        index += 1
        continue
      }
      guard byte > 0x20, byte != 0x7F, last == index || !hasReturn(bytes, last, index) else {
        target = start..<last
        form = .unreadable
        return
      }
      index += 1
      last = index
    }
    target = start..<last
    version = last..<last
    guard index < limit else {
      if let blank = Self.blank(bytes, from: start, to: last) { target = start..<blank }
      return
    }
    end = index + 1
    takeVersion(bytes)
  }

  /// Reads the rest of a line as nearly all are: target, blank, version and the line's end. False, and
  /// nothing done, when it is another.
  @inline(__always)
  private mutating func takeUsual(_ bytes: Span<UInt8>, from start: Int, to limit: Int) -> Bool {
    guard let blank = bytes.firstBlankOrControl(from: start, to: limit), blank > start,
      blank + 10 <= limit, HTTP1Version.isBlank(bytes[blank]),
      HTTP1Version.isAny(bytes, at: blank + 1)
    else { return false }
    let last = blank + 9
    let isLine = bytes[last] == HTTP1Headers.lineFeed
    guard
      isLine
        || bytes[last] == HTTP1Headers.carriageReturn && last + 1 < limit
          && bytes[last + 1] == HTTP1Headers.lineFeed
    else { return false }
    let feed = isLine ? last : last + 1
    target = start..<blank
    version = (last - 3)..<last
    end = feed + 1
    return true
  }

  /// Whether a carriage return stands between two places of a line, where none may.
  private func hasReturn(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    bytes.firstIndex(of: HTTP1Headers.carriageReturn, from: start, to: end) != nil
  }

  private static func blank(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int? {
    var index = start
    while index < end, !HTTP1Version.isBlank(bytes[index]) { index += 1 }
    return index < end ? index : nil
  }

  /// Splits the version off the target of a line that has ended.
  private mutating func takeVersion(_ bytes: Span<UInt8>) {
    let (start, last) = (target.lowerBound, target.upperBound)
    guard last - 9 > start, HTTP1Version.isBlank(bytes[last - 9]),
      HTTP1Version.isAny(bytes, at: last - 8)
    else {
      form = start == last ? .unreadable : .simple
      return
    }
    version = (last - 3)..<last
    var targetEnd = last - 9
    while targetEnd > start, HTTP1Version.isBlank(bytes[targetEnd - 1]) { targetEnd -= 1 }
    target = start..<targetEnd
  }

  /// Whether the method is a short one of letters.
  func hasPlainMethod(_ bytes: Span<UInt8>) -> Bool {
    guard method.count <= 32 else { return false }
    for index in method where bytes[index] | 0x20 &- 0x61 >= 26 && bytes[index] != 0x2D {
      return false
    }
    return true
  }

  /// A byte of a word, RFC 9110 section 5.6.2.
  @inline(__always)
  static func isTokenByte(_ byte: UInt8) -> Bool {
    if byte | 0x20 &- 0x61 < 26 || byte &- 0x30 < 10 { return true }
    switch byte {
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: return true
    default: return false
    }
  }
}

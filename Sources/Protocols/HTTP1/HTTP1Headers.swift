// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The header lines of a message that we care for, as places in the view; nothing is copied here.
struct HTTP1Headers {
  /// The declared length of the body; the first one counts, as does the first of a list.
  var contentLength: Int64?
  /// Whether the last transfer coding is chunked, RFC 9112 section 6.1.
  var isChunked = false
  /// Whether there is a transfer coding; it overrides the declared length.
  var hasTransferCoding = false
  var host: Text = .empty
  var userAgent: Text = .empty
  var referer: Text = .empty
  var forwardedFor: Text = .empty
  var requestID: Text = .empty
  var trace = TraceHeaders()
  /// Where the body begins; nil when the head does not end in the bytes.
  var end: Int?

  /// Reads header lines from `start` to the empty line, or to `limit`; an unfinished line is ignored.
  init(_ bytes: Span<UInt8>, from start: Int, to limit: Int) {
    var line = start
    while let feed = bytes.firstIndex(of: Self.lineFeed, from: line, to: limit) {
      let last = feed > line && bytes[feed &- 1] == Self.carriageReturn ? feed &- 1 : feed
      if last == line {
        end = feed &+ 1
        return
      }
      if Self.isOfInterest(bytes[line]) { read(bytes, from: line, to: last) }
      line = feed &+ 1
    }
  }

  /// Whether a name that we care for begins like this: most lines are dropped by this alone.
  @inline(__always)
  private static func isOfInterest(_ byte: UInt8) -> Bool {
    let letter = (byte | 0x20) &- 0x61
    return letter < 26 && (1 << UInt32(letter)) & Self.initials != 0
  }

  /// One bit for each initial in `b c h n r s t u x`, `a` the lowest.
  private static let initials: UInt32 = 0b1001_1110_0010_0000_1000_0110

  /// Reads the header line between `start` and `end`.
  private mutating func read(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
    var length = 0
    guard let name = HeaderName(bytes, from: start, to: end, length: &length) else { return }
    // Most names are told apart by their length alone.
    switch (length, name) {
    case (4, HeaderName("host")): Self.keep(&host, Self.value(bytes, start + 5, end))
    case (7, HeaderName("referer")): Self.keep(&referer, Self.value(bytes, start + 8, end))
    case (10, HeaderName("user-agent")): Self.keep(&userAgent, Self.value(bytes, start + 11, end))
    case (12, HeaderName("x-request-id")): Self.keep(&requestID, Self.value(bytes, start + 13, end))
    case (14, HeaderName("content-length")):
      if contentLength == nil {
        contentLength = Self.number(bytes, Self.value(bytes, start + 15, end))
      }
    case (15, HeaderName("x-forwarded-for")):
      Self.keep(&forwardedFor, Self.value(bytes, start + 16, end))
    case (17, HeaderName("transfer-encoding")):
      hasTransferCoding = true
      isChunked = Self.endsInChunked(bytes, Self.value(bytes, start + 18, end))
    case (2...3, _), (11...13, _), (17, _), (21, _):
      if let header = TraceHeader(name) {
        trace.note(header, at: Self.value(bytes, start + length + 1, end))
      }
    default: break
    }
  }

  @inline(__always)
  private static func keep(_ field: inout Text, _ value: Text) {
    if field.isEmpty { field = value }
  }

  /// The place of a value without the white space around it, RFC 9112 section 5.1.
  @inline(__always)
  private static func value(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Text {
    var first = start
    var last = end
    while first < last, isBlank(bytes[first]) { first &+= 1 }
    while last > first, isBlank(bytes[last &- 1]) { last &-= 1 }
    return Text(
      offset: UInt32(truncatingIfNeeded: first), length: UInt32(truncatingIfNeeded: last &- first))
  }

  @inline(__always)
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// The number that `place` begins with; nil when it begins with none or one past 2^50, which no
  /// body is.
  private static func number(_ bytes: Span<UInt8>, _ place: Text) -> Int64? {
    var value: Int64?
    for index in Int(place.offset)..<Int(place.offset + place.length) {
      let digit = bytes[index] &- 0x30
      guard digit < 10 else { return bytes[index] == UInt8(ascii: ",") ? value : nil }
      value = (value ?? 0) * 10 + Int64(digit)
      if let value, value > 1 << 50 { return nil }
    }
    return value
  }

  private static func endsInChunked(_ bytes: Span<UInt8>, _ place: Text) -> Bool {
    guard place.length >= 7 else { return false }
    let start = Int(place.offset + place.length) - 7
    return HeaderName(bytes.extracting(start..<(start + 7))) == HeaderName("chunked")
  }

  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
}

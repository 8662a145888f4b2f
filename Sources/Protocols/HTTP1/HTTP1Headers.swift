// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The header lines of a message that we care for, as places in the view; nothing is copied here.
struct HTTP1Headers {
  /// The declared length of the body; the first one counts, as does the first of a list.
  var contentLength: Int64?
  /// Whether the last transfer coding is chunked, RFC 9112 section 6.1.
  var isChunked = false
  /// Whether there is a transfer coding; it overrides the declared length.
  var hasTransferCoding = false
  var host = Place()
  var userAgent = Place()
  var referer = Place()
  var forwardedFor = Place()
  var requestID = Place()
  var trace = TraceHeaders()
  /// Where they were asked for.
  var content = HTTPContent.Fields()
  var isEncoded = false
  /// Where the body begins; nil when the head does not end in the bytes.
  var end: Int?

  // In line, as what is made elsewhere is copied.
  @inline(__always)
  init() {}

  /// Reads header lines from `start` to the empty line, or to `limit`; an unfinished line is ignored.
  mutating func read(
    linesOf bytes: Span<UInt8>, from start: Int, to limit: Int, withContent: Bool
  ) {
    var line = start
    while let feed = bytes.firstIndex(of: Self.lineFeed, from: line, to: limit) {
      let last = feed > line && bytes[feed &- 1] == Self.carriageReturn ? feed &- 1 : feed
      if last == line {
        end = feed &+ 1
        return
      }
      read(bytes, from: line, to: last, withContent)
      line = feed &+ 1
    }
  }

  /// Reads the header line between `start` and `end`. By the first letters most lines are dropped, and the
  /// usual ones are known.
  @inline(__always)
  private mutating func read(
    _ bytes: Span<UInt8>, from start: Int, to end: Int, _ withContent: Bool
  ) {
    let word = bytes.word(at: start) | 0x2020_2020_2020_2020
    // In the order of their bytes, small; `-` and `_` as `-` and DEL.
    switch UInt16(truncatingIfNeeded: word) {
    case 0x6F68:  // ho(st)
      if HeaderName("host").isName(bytes, from: start, to: end, length: 4) {
        Self.keep(&host, Self.value(bytes, start &+ 5, end))
      }
    case 0x7375:  // us(er-agent)
      if HeaderName("user-agent").isName(bytes, from: start, to: end, length: 10) {
        Self.keep(&userAgent, Self.value(bytes, start &+ 11, end))
      }
    case 0x6F63: readContent(bytes, from: start, to: end, withContent)  // co(ntent-)
    case 0x7274:  // tr(aceparent), tr(ansfer-encoding)
      if HeaderName("traceparent").isName(bytes, from: start, to: end, length: 11) {
        trace.note(.traceparent, at: Self.value(bytes, start &+ 12, end))
      } else {
        readOther(bytes, from: start, to: end)
      }
    // re sw b3 ub ne ea, x before - or _
    case 0x6572, 0x7773, 0x3362, 0x6275, 0x656E, 0x6165, 0x2D78, 0x7F78:
      readOther(bytes, from: start, to: end)
    case 0x6F73 where withContent: readOther(bytes, from: start, to: end)  // so(apaction)
    default: break
    }
  }

  /// The same of a line that begins with `co`: `content-length`; where content is asked for also
  /// `content-type` and `content-encoding`.
  @inline(__always)
  private mutating func readContent(
    _ bytes: Span<UInt8>, from start: Int, to end: Int, _ withContent: Bool
  ) {
    switch UInt8(truncatingIfNeeded: bytes.word(at: start &+ 1) >> 56 | 0x20) {
    case UInt8(ascii: "l"):
      guard contentLength == nil,
        HeaderName("content-length").isName(bytes, from: start, to: end, length: 14)
      else { return }
      contentLength = Self.number(bytes, Self.value(bytes, start &+ 15, end))
    case UInt8(ascii: "t") where withContent:
      if HeaderName("content-type").isName(bytes, from: start, to: end, length: 12) {
        Self.keep(&content.type, Self.value(bytes, start &+ 13, end))
      }
    case UInt8(ascii: "e") where withContent: readOther(bytes, from: start, to: end)
    default: break
    }
  }

  /// The same of the names that are not in nearly every message.
  private mutating func readOther(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
    var length = 0
    guard let name = HeaderName(bytes, from: start, to: end, length: &length) else { return }
    // Most names are told apart by their length alone.
    switch length {
    case 7 where name == HeaderName("referer"):
      Self.keep(&referer, Self.value(bytes, start + 8, end))
    case 12 where name == HeaderName("x-request-id"):
      Self.keep(&requestID, Self.value(bytes, start + 13, end))
    case 10 where name == HeaderName("soapaction"):
      Self.keep(&content.soapAction, Self.value(bytes, start + 11, end))
    case 12 where name == HeaderName("x-amz-target"):
      Self.keep(&content.amazonTarget, Self.value(bytes, start + 13, end))
    case 16 where name == HeaderName("content-encoding"): isEncoded = true
    case 21 where name == HeaderName("x-clickhouse-database"):
      Self.keep(&content.clickHouseDatabase, Self.value(bytes, start + 22, end))
    case 15 where name == HeaderName("x-forwarded-for"):
      Self.keep(&forwardedFor, Self.value(bytes, start + 16, end))
    case 17 where name == HeaderName("transfer-encoding"):
      hasTransferCoding = true
      isChunked = Self.endsInChunked(bytes, Self.value(bytes, start + 18, end))
    case 2, 3, 11, 12, 13, 14, 15, 16, 17, 21:
      if let header = TraceHeader(name) {
        trace.note(header, at: Self.value(bytes, start + length + 1, end))
      }
    default: break
    }
  }

  @inline(__always)
  private static func keep(_ field: inout Place, _ value: Place) {
    if field.isEmpty { field = value }
  }

  /// The place of a value without the white space around it, RFC 9112 section 5.1.
  @inline(__always)
  private static func value(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Place {
    var first = start
    var last = end
    while first < last, isBlank(bytes[first]) { first &+= 1 }
    while last > first, isBlank(bytes[last &- 1]) { last &-= 1 }
    return Place(start: first, end: last)
  }

  @inline(__always)
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// The number that `place` begins with; nil when it begins with none or one past 2^50, which no
  /// body is.
  private static func number(_ bytes: Span<UInt8>, _ place: Place) -> Int64? {
    var value: Int64?
    for index in place.range {
      let digit = bytes[index] &- 0x30
      guard digit < 10 else { return bytes[index] == UInt8(ascii: ",") ? value : nil }
      value = (value ?? 0) * 10 + Int64(digit)
      if let value, value > 1 << 50 { return nil }
    }
    return value
  }

  private static func endsInChunked(_ bytes: Span<UInt8>, _ place: Place) -> Bool {
    guard place.range.count >= 7 else { return false }
    let start = place.range.upperBound - 7
    return HeaderName(bytes.clipped(from: start, to: start + 7)) == HeaderName("chunked")
  }

  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
}

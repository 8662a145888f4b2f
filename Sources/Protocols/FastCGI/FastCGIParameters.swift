// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The parameters of a request, put together from their records (section 3.4): names and values behind
/// their lengths.
struct FastCGIParameters: ~Copyable {
  private var copy = InlineArray<16_384, UInt8>(repeating: 0)
  private var count = 0
  private let id: UInt64
  /// Where the last record ends, perhaps beyond the view.
  private(set) var end: Int
  /// Whether the record without contents was there that ends them.
  private(set) var isWhole = false

  init(_ id: UInt64, from place: Int) {
    self.id = id
    end = place
  }

  /// Reads the records of `window`; how many bytes are needed to go on, nil when they are all there.
  mutating func gather(_ window: Span<UInt8>) -> Int? {
    while true {
      guard let record = FastCGIRecord(window, at: end) else { return end + FastCGIRecord.head }
      guard record.type == FastCGIRecord.parameters, record.id == id else { return nil }
      let start = end + FastCGIRecord.head
      guard end + record.whole <= window.count else {
        take(window, start..<min(start + record.length, window.count))
        end += record.whole
        return end
      }
      take(window, start..<(start + record.length))
      end += record.whole
      guard record.length > 0 else {
        isWhole = true
        return nil
      }
    }
  }

  private mutating func take(_ window: Span<UInt8>, _ range: Range<Int>) {
    for index in range where count < copy.count {
      copy[count] = window[index]
      count += 1
    }
  }

  func describe(on desk: inout Desk) {
    let bytes = copy.span.clipped(from: 0, to: count)
    var request = CGIRequest()
    var cursor = ByteCursor(at: 0, to: count)
    while let name = Self.length(&cursor, bytes), let value = Self.length(&cursor, bytes),
      let name = try? cursor.range(of: name, in: bytes),
      let value = try? cursor.range(of: value, in: bytes)
    {
      request.take(name, value, bytes)
    }
    request.describe(bytes, on: &desk)
  }

  /// One byte, or four of which the highest bit is a mark.
  private static func length(_ cursor: inout ByteCursor, _ bytes: Span<UInt8>) -> Int? {
    guard let first = try? cursor.byte(in: bytes) else { return nil }
    guard first >= 0x80 else { return Int(first) }
    guard let rest = try? cursor.number(of: 3, in: bytes) else { return nil }
    return Int(first & 0x7f) << 24 | Int(rest)
  }
}

/// What the variables of a request say (RFC 3875 section 4.1).
struct CGIRequest {
  private var method = 0..<0
  private var host = 0..<0
  private var serverName = 0..<0
  private var uri = 0..<0
  private var documentURI = 0..<0
  private var script = 0..<0
  private var agent = 0..<0
  private var referer = 0..<0
  private var forwardedFor = 0..<0
  private var requestID = 0..<0
  private var version = 0..<0
  private var length = 0..<0
  private var trace = TraceHeaders()

  mutating func take(_ name: Range<Int>, _ value: Range<Int>, _ bytes: Span<UInt8>) {
    if bytes.hasPrefix("HTTP_", at: name.lowerBound), name.count > 5 {
      return takeHeader(HeaderName(bytes.clipped(name.dropFirst(5))), value)
    }
    if bytes.isText("REQUEST_METHOD", at: name) {
      method = value
    } else if bytes.isText("REQUEST_URI", at: name) {
      uri = value
    } else if bytes.isText("DOCUMENT_URI", at: name) || bytes.isText("SCRIPT_NAME", at: name) {
      documentURI = value
    } else if bytes.isText("SERVER_NAME", at: name) {
      serverName = value
    } else if bytes.isText("SCRIPT_FILENAME", at: name) {
      script = value
    } else if bytes.isText("SERVER_PROTOCOL", at: name) {
      version = value
    } else if bytes.isText("CONTENT_LENGTH", at: name) {
      length = value
    }
  }

  private mutating func takeHeader(_ name: HeaderName?, _ value: Range<Int>) {
    guard let name else { return }
    switch name {
    case HeaderName("host"): host = value
    case HeaderName("user-agent"): agent = value
    case HeaderName("referer"): referer = value
    case HeaderName("x-forwarded-for"): forwardedFor = value
    case HeaderName("x-request-id"): requestID = value
    default:
      if let header = TraceHeader(name) {
        trace.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
      }
    }
  }

  func describe(_ bytes: Span<UInt8>, on desk: inout Desk) {
    desk.message.texts.version = desk.fields.append(bytes.clipped(version))
    desk.message.texts.requestType = desk.fields.append(bytes.clipped(method))
    desk.message.texts.requestDomain = desk.fields.append(
      freeText: bytes, at: host.isEmpty ? serverName : host)
    let target = uri.isEmpty ? documentURI : uri
    if !target.isEmpty {
      let resource = desk.fields.append(resource: bytes, at: target)
      desk.message.texts.requestResource = resource.text
      desk.message.texts.endpoint = resource.endpoint
    }
    desk.message.texts.userAgent = desk.fields.append(freeText: bytes, at: agent)
    desk.message.texts.referer = desk.fields.append(
      url: bytes, at: Place(start: referer.lowerBound, end: referer.upperBound))
    desk.message.texts.proxyClient = desk.fields.append(freeText: bytes, at: forwardedFor)
    desk.message.texts.requestXRequestID = desk.fields.append(freeText: bytes, at: requestID)
    trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
    desk.message.length = number(bytes)
    // What proxies put there may have a query.
    let end =
      bytes.firstIndex(of: UInt8(ascii: "?"), from: script.lowerBound, to: script.upperBound)
      ?? script.upperBound
    desk.fields.append(
      attribute: "fastcgi.script", bytes.clipped(from: script.lowerBound, to: end),
      to: &desk.message.attributes)
  }

  private func number(_ bytes: Span<UInt8>) -> Int64? {
    guard (1...15).contains(length.count) else { return nil }
    var value: Int64 = 0
    for index in length {
      guard bytes[index] &- 0x30 < 10 else { return nil }
      value = value * 10 + Int64(bytes[index] - 0x30)
    }
    return value
  }
}

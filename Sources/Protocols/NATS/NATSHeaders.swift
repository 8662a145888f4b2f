// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The headers in front of a payload: a line with the version and perhaps a status, and fields
/// (https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-4.md).
struct NATSHeaders {
  private(set) var status: Int?
  /// What the server says of the status.
  private(set) var description = 0..<0
  private(set) var messageID = 0..<0
  private(set) var trace = TraceHeaders()

  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard bytes.hasPrefix("NATS/1.", at: range.lowerBound) else { return }
    let view = bytes.clipped(from: 0, to: range.upperBound)
    var place = range.lowerBound
    guard let first = TextLine(view, from: place) else { return }
    readStatus(bytes, first.text)
    place = first.end
    while place < view.count, let line = TextLine(view, from: place), !line.text.isEmpty {
      readField(bytes, line.text)
      place = line.end
    }
  }

  private mutating func readStatus(_ bytes: Span<UInt8>, _ line: Range<Int>) {
    var words = TextWords(line)
    _ = words.next(in: bytes)
    guard let code = words.next(in: bytes), code.count == 3 else { return }
    status = bytes.decimal(at: code)
    description = words.rest
  }

  private mutating func readField(_ bytes: Span<UInt8>, _ line: Range<Int>) {
    guard let colon = bytes.firstIndex(of: 0x3a, from: line.lowerBound, to: line.upperBound) else {
      return
    }
    var start = colon + 1
    while start < line.upperBound, bytes[start] == 0x20 { start += 1 }
    guard let name = HeaderName(bytes.clipped(from: line.lowerBound, to: colon)) else { return }
    if name == HeaderName("nats-msg-id") {
      messageID = start..<line.upperBound
    } else if let header = TraceHeader(name) {
      trace.note(header, at: Place(start: start, end: line.upperBound))
    }
  }
}

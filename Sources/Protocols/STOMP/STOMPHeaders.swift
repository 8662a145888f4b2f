// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The headers of a frame (section "Frames"): of several of one name the first counts.
struct STOMPHeaders {
  private(set) var destination = 0..<0
  private(set) var messageID = 0..<0
  private(set) var id = 0..<0
  private(set) var subscription = 0..<0
  private(set) var receipt = 0..<0
  private(set) var receiptID = 0..<0
  private(set) var correlationID = 0..<0
  private(set) var replyTo = 0..<0
  private(set) var host = 0..<0
  private(set) var version = 0..<0
  private(set) var transaction = 0..<0
  /// The short text of an error.
  private(set) var text = 0..<0
  private(set) var length: Int?
  private(set) var trace = TraceHeaders()
  /// Where what follows the empty line begins; nil when that is not in view.
  private(set) var end: Int?
  /// Where a line begins that is no header.
  private(set) var fault: Int?

  /// Whether a line that begins so may be a header, or is empty.
  static func mayBegin(with bytes: Span<UInt8>) -> Bool {
    for index in 0..<bytes.count {
      switch bytes[index] {
      case UInt8(ascii: ":"): return index > 0
      case 0x21...0x7e: continue
      case 0x0d where index == 0: return bytes.count == 1
      default: return false
      }
    }
    return true
  }

  /// Reads the lines from `start` on.
  init(_ bytes: Span<UInt8>, from start: Int) {
    var place = start
    while place < bytes.count, let line = TextLine(bytes, from: place) {
      place = line.end
      if line.text.isEmpty {
        end = place
        return
      }
      guard
        let colon = bytes.firstIndex(
          of: UInt8(ascii: ":"), from: line.text.lowerBound, to: line.text.upperBound),
        colon > line.text.lowerBound
      else {
        fault = line.text.lowerBound
        return
      }
      take(line.text.lowerBound..<colon, (colon + 1)..<line.text.upperBound, bytes)
    }
  }

  private mutating func take(_ name: Range<Int>, _ value: Range<Int>, _ bytes: Span<UInt8>) {
    func note(_ known: StaticString, _ field: inout Range<Int>) -> Bool {
      guard bytes.equals(known, at: name) else { return false }
      if field.isEmpty { field = value }
      return true
    }
    switch bytes[name.lowerBound] {
    case UInt8(ascii: "c"):
      if note("correlation-id", &correlationID) { return }
      if bytes.equals("content-length", at: name) {
        length = length ?? bytes.decimal(at: value)
        return
      }
    case UInt8(ascii: "d"): if note("destination", &destination) { return }
    case UInt8(ascii: "h"): if note("host", &host) { return }
    case UInt8(ascii: "i"): if note("id", &id) { return }
    case UInt8(ascii: "m"):
      if note("message-id", &messageID) || note("message", &text) { return }
    case UInt8(ascii: "r"):
      if note("receipt-id", &receiptID) || note("receipt", &receipt) || note("reply-to", &replyTo) {
        return
      }
    case UInt8(ascii: "s"): if note("subscription", &subscription) { return }
    case UInt8(ascii: "t"): if note("transaction", &transaction) { return }
    case UInt8(ascii: "v"): if note("version", &version) { return }
    default: break
    }
    guard let folded = HeaderName(bytes.clipped(name)), let header = TraceHeader(folded) else {
      return
    }
    trace.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What is sent along with a call: names and values, of which the ids of traces are read, and who calls.
struct DubboAttachments {
  private(set) var group = DubboText()
  private(set) var application = DubboText()
  private var trace = TraceHeaders()
  /// The values of trace headers, one behind another, without marks.
  private var values = InlineArray<768, UInt8>(repeating: 0)
  private var count = 0

  /// Reads a map of Hessian's (section 4.8).
  mutating func read(map: inout HessianCursor, in bytes: Span<UInt8>) throws(EndOfBytes) {
    switch map.next(in: bytes) {
    case UInt8(ascii: "H"): try map.cursor.skip(1, in: bytes)
    case UInt8(ascii: "M"):
      try map.cursor.skip(1, in: bytes)
      if try map.text(in: bytes) == nil, try map.integer(in: bytes) == nil { return }
    default: return
    }
    while let next = map.next(in: bytes), next != UInt8(ascii: "Z") {
      guard let name = try map.text(in: bytes) else { return }
      guard let value = try map.text(in: bytes) else {
        try map.skip(in: bytes)
        continue
      }
      take(DubboText(range: name), DubboText(range: value), bytes)
    }
  }

  /// Reads an object of JSONB's, which its type may stand before.
  mutating func read(jsonb: inout ByteCursor, in bytes: Span<UInt8>) throws(EndOfBytes) {
    _ = try JSONBText.type(at: &jsonb, in: bytes)
    guard try jsonb.byte(in: bytes) == 0xa6 else { return }
    while jsonb.remaining > 1 {
      let name = try JSONBText.read(at: &jsonb, in: bytes)
      let value = try JSONBText.read(at: &jsonb, in: bytes)
      take(DubboText(range: name), DubboText(range: value), bytes)
    }
  }

  /// Reads an object of JSON.
  mutating func read(json: Range<Int>, in bytes: Span<UInt8>) {
    var place = json.lowerBound
    while let name = JSONText.next(at: &place, to: json.upperBound, in: bytes) {
      guard place + 1 < json.upperBound, bytes[place] == UInt8(ascii: ":"), bytes[place + 1] == 0x22
      else { continue }
      guard let value = JSONText.next(at: &place, to: json.upperBound, in: bytes) else { return }
      take(DubboText(range: name), DubboText(range: value), bytes)
    }
  }

  /// Looks for names that are known, each before its value: the arguments are of the users' classes, and
  /// nobody else knows how long they are.
  mutating func search(kryo cursor: ByteCursor, in bytes: Span<UInt8>) {
    var cursor = cursor
    while let name = kryo(at: &cursor, in: bytes) {
      var next = cursor
      guard isKnown(name, bytes), next.place + 1 < bytes.count, bytes[next.place] == 3,
        bytes[next.place + 1] == 1, let value = kryo(at: &next, in: bytes)
      else { continue }
      take(name, value, bytes)
      cursor = next
    }
  }

  /// The next text behind the class's number and the mark that it is not null.
  private func kryo(at cursor: inout ByteCursor, in bytes: Span<UInt8>) -> DubboText? {
    let end = min(cursor.end, bytes.count)
    while cursor.place >= 0, cursor.place + 2 < end {
      guard bytes[cursor.place] == 3, bytes[cursor.place + 1] == 1 else {
        cursor.place += 1
        continue
      }
      cursor.place += 2
      var next = cursor
      if let text = try? KryoText.read(at: &next, in: bytes) {
        // A text that is none of a name's length may hide others.
        if text.range.count <= 64 { cursor = next }
        return text
      }
    }
    return nil
  }

  /// The same among texts as Java writes them: Java Object Serialization, section 6.4.2, TC_STRING.
  mutating func search(java cursor: ByteCursor, in bytes: Span<UInt8>) {
    var cursor = cursor
    while let name = java(at: &cursor, in: bytes) {
      guard isKnown(name, bytes), cursor.place < bytes.count, bytes[cursor.place] == 0x74,
        let value = java(at: &cursor, in: bytes)
      else { continue }
      take(name, value, bytes)
    }
  }

  private func java(at cursor: inout ByteCursor, in bytes: Span<UInt8>) -> DubboText? {
    while cursor.remaining > 3 {
      guard let code = try? cursor.byte(in: bytes) else { return nil }
      var next = cursor
      if code == 0x74, let count = try? next.number(of: 2, in: bytes), (1...1_024).contains(count),
        let range = try? next.range(of: Int(count), in: bytes)
      {
        cursor = next
        return DubboText(range: range)
      }
    }
    return nil
  }

  private func isKnown(_ name: DubboText, _ bytes: Span<UInt8>) -> Bool {
    guard let known = header(name, bytes) else { return false }
    return TraceHeader(known) != nil || known == Self.group || known == Self.application
  }

  private static let group = HeaderName("group")
  private static let application = HeaderName("remote.application")

  private func header(_ name: DubboText, _ bytes: Span<UInt8>) -> HeaderName? {
    guard (1...24).contains(name.range.count) else { return nil }
    var letters = InlineArray<24, UInt8>(repeating: 0)
    for (place, index) in name.range.enumerated() { letters[place] = name.byte(index, of: bytes) }
    return HeaderName(letters.span.clipped(from: 0, to: name.range.count))
  }

  private mutating func take(_ name: DubboText, _ value: DubboText, _ bytes: Span<UInt8>) {
    guard let known = header(name, bytes) else { return }
    if known == Self.group { group = value }
    if known == Self.application { application = value }
    guard let header = TraceHeader(known), value.range.count <= values.count - count else { return }
    let start = count
    for index in value.range {
      values[count] = value.byte(index, of: bytes)
      count += 1
    }
    trace.note(header, at: Place(start: start, end: count))
  }

  /// Writes the ids of the trace.
  func describe(on desk: inout Desk) {
    trace.write(from: values.span, to: &desk.message.texts, into: &desk.fields)
  }

  func describe(
    _ name: StaticString, _ value: DubboText, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    guard !value.isEmpty, value.range.count <= 128 else { return }
    var letters = InlineArray<128, UInt8>(repeating: 0)
    for (place, index) in value.range.enumerated() { letters[place] = value.byte(index, of: bytes) }
    desk.fields.append(
      attribute: name, letters.span.clipped(from: 0, to: value.range.count),
      to: &desk.message.attributes)
  }
}

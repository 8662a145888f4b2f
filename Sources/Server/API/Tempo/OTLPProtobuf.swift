// SPDX-License-Identifier: Apache-2.0

import Query

/// Messages of protobuf, field by field.
struct ProtobufText {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  mutating func number(_ field: UInt64, _ value: UInt64) {
    varint(field << 3)
    varint(value)
  }

  mutating func fixed64(_ field: UInt64, _ value: UInt64) {
    varint(field << 3 | 1)
    for shift in stride(from: 0, to: 64, by: 8) as StrideTo<UInt64> {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  mutating func bytes(_ field: UInt64, _ value: some Collection<UInt8>) {
    varint(field << 3 | 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ field: UInt64, _ value: String) {
    if !value.isEmpty { bytes(field, value.utf8) }
  }

  mutating func message(_ field: UInt64, _ write: (inout ProtobufText) -> Void) {
    var inner = ProtobufText()
    write(&inner)
    bytes(field, inner.bytes)
  }
}

/// `opentelemetry.proto.trace.v1`, as far as spans of calls need it.
extension OTLPTrace {
  /// `TracesData`, of which Tempo's `Trace` has the same fields.
  func write(to text: inout ProtobufText) {
    for group in groups {
      text.message(1) { resourceSpans in
        resourceSpans.message(1) { resource in
          for attribute in group.resource { resource.message(1) { attribute.write(to: &$0) } }
        }
        resourceSpans.message(2) { scopeSpans in
          scopeSpans.message(1) { $0.text(1, Self.scope) }
          for place in group.spans {
            scopeSpans.message(2) { span(tree.spans[place], &$0) }
          }
        }
      }
    }
  }

  private func span(_ span: TraceSpan, _ text: inout ProtobufText) {
    text.bytes(1, Hexadecimal.bytes(tree.id))
    text.bytes(2, Hexadecimal.bytes(span.id))
    if let parent = parent(of: span) { text.bytes(4, Hexadecimal.bytes(parent)) }
    text.text(5, span.name)
    text.number(6, UInt64(span.kind.rawValue))
    text.fixed64(7, span.nanoseconds.start)
    text.fixed64(8, span.nanoseconds.end)
    for attribute in span.attributes { text.message(9) { attribute.write(to: &$0) } }
    text.message(15) { status in
      status.text(2, span.message)
      if span.status != .unset { status.number(3, UInt64(span.status.rawValue)) }
    }
  }
}

extension TraceAttribute {
  fileprivate func write(to text: inout ProtobufText) {
    text.text(1, name)
    text.message(2) { value in
      switch self.value {
      case .text(let text): value.bytes(1, text.utf8)
      case .flag(let flag): value.number(2, flag ? 1 : 0)
      case .number(let number): value.number(3, UInt64(bitPattern: number))
      case .double(let number): value.fixed64(4, number.bitPattern)
      }
    }
  }
}

/// Ids in other writings.
enum Hexadecimal {
  /// A digit that is none counts as 0.
  static func bytes(_ text: String) -> [UInt8] {
    let digits = text.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// RFC 4648, section 4, as JSON of protobuf has bytes.
  static func base64(_ text: String) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let bytes = bytes(text)
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(bytes.count, start + 3)]
      var block = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      block <<= UInt32(3 - part.count) * 8
      for index in 0..<4 {
        let digit = Int(block >> UInt32(18 - index * 6) & 63)
        result.append(index <= part.count ? letters[digit] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Values of attributes as text: `AnyValue` of opentelemetry/proto/common/v1/common.proto, whose field
/// numbers these are. Lists and maps become JSON, bytes Base64.
enum ProtobufValue {
  /// How deep lists and maps may lie in each other.
  static let depth = 16

  /// Reads an `AnyValue`; whether it is a text, or holds some.
  ///
  /// - Parameter isInside: Of a list or map, where texts stand in quotation marks.
  static func append(
    _ range: Range<Int>, in bytes: Span<UInt8>, to text: inout [UInt8], depth: Int = 0,
    isInside: Bool = false
  ) throws(FormatError) -> Bool {
    guard depth < Self.depth else { throw JSONValue.tooDeep }
    var message = ProtobufMessage(range)
    var isText = false
    var isEmpty = true
    while let field = try message.next(in: bytes) {
      // Of several the last would count; one that is sent twice is nobody's.
      guard isEmpty else { continue }
      isEmpty = false
      switch field.number {
      case 1:
        let value = bytes.clipped(try field.range())
        if isInside { JSONValue.quote(value, to: &text) } else { text.append(value) }
        isText = true
      case 2: text += (try field.varint() != 0 ? "true" : "false").utf8
      case 3: text += String(Int64(bitPattern: try field.varint())).utf8
      case 4: text += JSONValue.text(of: Double(bitPattern: try field.fixed64())).utf8
      case 5: isText = try appendList(try field.range(), in: bytes, to: &text, depth: depth)
      case 6: isText = try appendMap(try field.range(), in: bytes, to: &text, depth: depth)
      case 7:
        if isInside { text.append(0x22) }
        JSONValue.base64(bytes.clipped(try field.range()), to: &text)
        if isInside { text.append(0x22) }
        isText = true
      default: isEmpty = true
      }
    }
    if isEmpty, isInside { text += "null".utf8 }
    return isText
  }

  /// `ArrayValue`: values = 1.
  private static func appendList(
    _ range: Range<Int>, in bytes: Span<UInt8>, to text: inout [UInt8], depth: Int
  ) throws(FormatError) -> Bool {
    var message = ProtobufMessage(range)
    var isFirst = true
    text.append(UInt8(ascii: "["))
    while let field = try message.next(in: bytes) {
      guard field.number == 1 else { continue }
      if !isFirst { text.append(UInt8(ascii: ",")) }
      isFirst = false
      _ = try append(
        try field.range(), in: bytes, to: &text, depth: depth + 1, isInside: true)
    }
    text.append(UInt8(ascii: "]"))
    return true
  }

  /// `KeyValueList`: values = 1.
  private static func appendMap(
    _ range: Range<Int>, in bytes: Span<UInt8>, to text: inout [UInt8], depth: Int
  ) throws(FormatError) -> Bool {
    var message = ProtobufMessage(range)
    var isFirst = true
    text.append(UInt8(ascii: "{"))
    while let field = try message.next(in: bytes) {
      guard field.number == 1 else { continue }
      if !isFirst { text.append(UInt8(ascii: ",")) }
      isFirst = false
      let (key, value) = try pair(try field.range(), in: bytes)
      JSONValue.quote(bytes.clipped(key), to: &text)
      text.append(UInt8(ascii: ":"))
      guard let value else {
        text += "null".utf8
        continue
      }
      _ = try append(value, in: bytes, to: &text, depth: depth + 1, isInside: true)
    }
    text.append(UInt8(ascii: "}"))
    return true
  }

  /// `KeyValue`: key = 1, value = 2.
  static func pair(
    _ range: Range<Int>, in bytes: Span<UInt8>
  ) throws(FormatError) -> (key: Range<Int>, value: Range<Int>?) {
    var message = ProtobufMessage(range)
    var key = range.lowerBound..<range.lowerBound
    var value: Range<Int>?
    while let field = try message.next(in: bytes) {
      switch field.number {
      case 1: key = try field.range()
      case 2: value = try field.range()
      default: break
      }
    }
    return (key, value)
  }
}

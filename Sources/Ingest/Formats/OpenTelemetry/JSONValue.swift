// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Values of attributes as text, and their reading from OTLP's JSON, where each is an object that names
/// its kind: `{"intValue": "5"}`.
enum JSONValue {
  static var tooDeep: FormatError {
    FormatError("values lie more than \(ProtobufValue.depth) deep in each other")
  }

  /// Reads an `AnyValue`; whether it is a text, or holds some.
  static func append(
    _ reader: inout LineReader, to text: inout [UInt8], depth: Int = 0, isInside: Bool = false
  ) throws(FormatError) -> Bool {
    guard depth < ProtobufValue.depth else { throw tooDeep }
    var isText = false
    var isEmpty = true
    var isFirst = true
    var name: [UInt8] = []
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      let kind = String(decoding: name, as: UTF8.self)
      guard isEmpty, kinds.contains(kind) else {
        try reader.skipValue()
        continue
      }
      isEmpty = false
      switch kind {
      case "stringValue", "bytesValue":
        isText = true
        var value: [UInt8] = []
        try reader.string(into: &value)
        if isInside { quote(value.span, to: &text) } else { text += value }
      case "boolValue": text += (try reader.boolean() ? "true" : "false").utf8
      case "arrayValue":
        isText = true
        try appendList(&reader, to: &text, depth: depth, isMap: false)
      case "kvlistValue":
        isText = true
        try appendList(&reader, to: &text, depth: depth, isMap: true)
      default: try reader.scalar(into: &text)
      }
    }
    if isEmpty, isInside { text += "null".utf8 }
    return isText
  }

  private static let kinds: Set<String> = [
    "stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue",
    "bytesValue",
  ]

  /// `{"values": [...]}`.
  private static func appendList(
    _ reader: inout LineReader, to text: inout [UInt8], depth: Int, isMap: Bool
  ) throws(FormatError) {
    var isFirst = true
    var name: [UInt8] = []
    var count = 0
    text.append(UInt8(ascii: isMap ? "{" : "["))
    while try reader.member(&isFirst, into: &name) {
      guard name == Array("values".utf8), reader.peek() == UInt8(ascii: "[") else {
        try reader.skipValue()
        continue
      }
      var isFirstValue = true
      while try reader.element(&isFirstValue) {
        if count > 0 { text.append(UInt8(ascii: ",")) }
        count += 1
        if isMap {
          let (key, value, _) = try pair(&reader, depth: depth + 1, isInside: true)
          quote(key.span, to: &text)
          text.append(UInt8(ascii: ":"))
          text += value
        } else {
          _ = try append(&reader, to: &text, depth: depth + 1, isInside: true)
        }
      }
    }
    text.append(UInt8(ascii: isMap ? "}" : "]"))
  }

  /// `{"key": "...", "value": {...}}`.
  static func pair(
    _ reader: inout LineReader, depth: Int = 0, isInside: Bool = false
  ) throws(FormatError) -> (key: [UInt8], value: [UInt8], isText: Bool) {
    var isFirst = true
    var name: [UInt8] = []
    var key: [UInt8] = []
    var value: [UInt8] = []
    var isText = false
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch String(decoding: name, as: UTF8.self) {
      case "key":
        key.removeAll()
        try reader.string(into: &key)
      case "value":
        value.removeAll()
        isText = try append(&reader, to: &value, depth: depth, isInside: isInside)
      default: try reader.skipValue()
      }
    }
    if isInside, value.isEmpty { value = Array("null".utf8) }
    return (key, value, isText)
  }

  /// Appends a text in quotation marks.
  static func quote(_ value: Span<UInt8>, to text: inout [UInt8]) {
    text.append(0x22)
    for index in value.indices {
      let byte = value[index]
      switch byte {
      case 0x22, 0x5c:
        text.append(0x5c)
        text.append(byte)
      case 0x0a: text += "\\n".utf8
      case 0..<0x20: text.append(0x20)
      default: text.append(byte)
      }
    }
    text.append(0x22)
  }

  /// A whole number without a fraction, as others write it.
  static func text(of value: Double) -> String {
    Int64(exactly: value).map(String.init) ?? "\(value)"
  }

  /// RFC 4648 section 4.
  static func base64(_ value: Span<UInt8>, to text: inout [UInt8]) {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var index = 0
    while index < value.count {
      let left = min(3, value.count - index)
      var group: UInt32 = 0
      for offset in 0..<3 {
        group = group << 8 | (offset < left ? UInt32(value[index + offset]) : 0)
      }
      for offset in 0..<4 {
        let letter = letters[Int(group >> UInt32(18 - 6 * offset) & 63)]
        text.append(offset <= left ? letter : UInt8(ascii: "="))
      }
      index += left
    }
  }
}

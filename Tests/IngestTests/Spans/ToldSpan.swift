// SPDX-License-Identifier: Apache-2.0

/// A value of an attribute.
indirect enum ToldValue: Sendable {
  case text(String)
  case number(Int64)
  case flag(Bool)
  case fraction(Double)
  case list([ToldValue])
  case map([(String, ToldValue)])
  case bytes([UInt8])
}

extension ToldValue: ExpressibleByStringLiteral {
  init(stringLiteral text: String) { self = .text(text) }
}

extension ToldValue: ExpressibleByIntegerLiteral {
  init(integerLiteral number: Int64) { self = .number(number) }
}

/// A span as a test tells it, to be written in either form of OTLP.
struct ToldSpan: Sendable {
  var trace = "0af7651916cd43dd8448eb211c80319c"
  var id = "b7ad6b7169203331"
  var parent = ""
  var name = "GET /things"
  /// 2 server, 3 client, and so on.
  var kind = 2
  var start: UInt64 = 1_790_000_000_000_001_000
  var end: UInt64 = 1_790_000_000_000_501_000
  var attributes: [(String, ToldValue)] = []
  var status = 0
  var message = ""
  var events: [(name: String, attributes: [(String, ToldValue)])] = []
  var links: [(trace: String, id: String)] = []
  var state = ""
}

/// A request with one resource and one scope.
struct ToldTraces: Sendable {
  var resource: [(String, ToldValue)] = [("service.name", "shop")]
  var scope = ("", "")
  var spans: [ToldSpan]
  /// Whether what spans have in common stands behind them.
  var isTurned = false

  init(_ spans: [ToldSpan]) {
    self.spans = spans
  }
}

// MARK: - Protocol buffers

/// Writes messages of protocol buffers.
struct ProtobufText {
  var bytes: [UInt8] = []

  mutating func varint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7f) | 0x80)
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
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift * 8))) }
  }

  mutating func bytes(_ field: UInt64, _ value: [UInt8]) {
    varint(field << 3 | 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ field: UInt64, _ value: String) {
    if !value.isEmpty { bytes(field, Array(value.utf8)) }
  }

  mutating func message(_ field: UInt64, _ write: (inout ProtobufText) -> Void) {
    var inner = ProtobufText()
    write(&inner)
    bytes(field, inner.bytes)
  }

  mutating func value(_ field: UInt64, _ value: ToldValue) {
    message(field) { inner in
      switch value {
      case .text(let text): inner.bytes(1, Array(text.utf8))
      case .flag(let flag): inner.number(2, flag ? 1 : 0)
      case .number(let number): inner.number(3, UInt64(bitPattern: number))
      case .fraction(let number): inner.fixed64(4, number.bitPattern)
      case .list(let values): inner.message(5) { list in values.forEach { list.value(1, $0) } }
      case .map(let pairs): inner.message(6) { $0.attributes(1, pairs) }
      case .bytes(let bytes): inner.bytes(7, bytes)
      }
    }
  }

  mutating func attributes(_ field: UInt64, _ pairs: [(String, ToldValue)]) {
    for (key, value) in pairs {
      message(field) { pair in
        pair.text(1, key)
        pair.value(2, value)
      }
    }
  }

  static func id(_ digits: String) -> [UInt8] {
    stride(from: 0, to: digits.utf8.count - 1, by: 2).map { offset in
      UInt8(digits.dropFirst(offset).prefix(2), radix: 16) ?? 0
    }
  }
}

extension ToldSpan {
  fileprivate func write(_ out: inout ProtobufText) {
    out.bytes(1, ProtobufText.id(trace))
    out.bytes(2, ProtobufText.id(id))
    out.text(3, state)
    if !parent.isEmpty { out.bytes(4, ProtobufText.id(parent)) }
    out.text(5, name)
    out.number(6, UInt64(kind))
    out.fixed64(7, start)
    out.fixed64(8, end)
    out.attributes(9, attributes)
    for event in events {
      out.message(11) { inner in
        inner.fixed64(1, start)
        inner.text(2, event.name)
        inner.attributes(3, event.attributes)
      }
    }
    for link in links {
      out.message(13) { inner in
        inner.bytes(1, ProtobufText.id(link.trace))
        inner.bytes(2, ProtobufText.id(link.id))
      }
    }
    out.message(15) { inner in
      inner.text(2, message)
      inner.number(3, UInt64(status))
    }
  }
}

extension ToldTraces {
  var protobuf: [UInt8] {
    var all = ProtobufText()
    all.message(1) { part in
      func writeScope(_ out: inout ProtobufText) {
        out.message(2) { inner in
          let writeName = { (inner: inout ProtobufText) in
            inner.message(1) { name in
              name.text(1, scope.0)
              name.text(2, scope.1)
            }
          }
          if !isTurned { writeName(&inner) }
          for span in spans { inner.message(2) { span.write(&$0) } }
          if isTurned { writeName(&inner) }
        }
      }
      if isTurned { writeScope(&part) }
      part.message(1) { $0.attributes(1, resource) }
      if !isTurned { writeScope(&part) }
    }
    return all.bytes
  }
}

// MARK: - JSON

extension ToldValue {
  var json: String {
    switch self {
    case .text(let text): "{\"stringValue\":\(quoted(text))}"
    case .flag(let flag): "{\"boolValue\":\(flag)}"
    case .number(let number): "{\"intValue\":\"\(number)\"}"
    case .fraction(let number): "{\"doubleValue\":\(number)}"
    case .list(let values):
      "{\"arrayValue\":{\"values\":[\(values.map(\.json).joined(separator: ","))]}}"
    case .map(let pairs): "{\"kvlistValue\":{\"values\":\(attributesJSON(pairs))}}"
    case .bytes(let bytes):
      "{\"bytesValue\":\"\(bytes.map { _ in "AAAA" }.prefix(1).joined())\"}"
    }
  }
}

private func quoted(_ text: String) -> String {
  let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  return "\"" + escaped.replacing("\n", with: "\\n") + "\""
}

private func attributesJSON(_ pairs: [(String, ToldValue)]) -> String {
  // Values before keys: members have no order.
  "[" + pairs.map { "{\"value\":\($1.json),\"key\":\(quoted($0))}" }.joined(separator: ", ") + "]"
}

extension ToldSpan {
  fileprivate var json: String {
    let events = events.map { event in
      "{\"timeUnixNano\":\"\(start)\",\"attributes\":\(attributesJSON(event.attributes)),"
        + "\"name\":\(quoted(event.name))}"
    }
    let links = links.map { "{\"traceId\":\"\($0.trace)\",\"spanId\":\"\($0.id)\"}" }
    return """
      {"traceId":"\(trace.uppercased())","spanId":"\(id)","parentSpanId":"\(parent)",
       "name":\(quoted(name)),"kind":\(kind),"traceState":\(quoted(state)),"flags":257,
       "startTimeUnixNano":"\(start)","endTimeUnixNano":\(end),
       "attributes":\(attributesJSON(attributes)),"events":[\(events.joined(separator: ","))],
       "links":[\(links.joined(separator: ","))],"unknown":[1.5e3,{"a":null}],
       "status":{"message":\(quoted(message)),"code":\(status)}}
      """
  }
}

extension ToldTraces {
  var json: String {
    let scope =
      "\"scope\":{\"name\":\(quoted(scope.0)),\"version\":\(quoted(scope.1))}"
    let spans = "\"spans\":[\(spans.map(\.json).joined(separator: ",\n"))]"
    let resource = "\"resource\":{\"attributes\":\(attributesJSON(resource))}"
    let scopes =
      "\"scopeSpans\":[{\(isTurned ? spans + "," + scope : scope + ",\n" + spans)}]"
    return
      "{\"resourceSpans\":[{\(isTurned ? scopes + "," + resource : resource + "," + scopes)}]}"
  }
}

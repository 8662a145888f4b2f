// SPDX-License-Identifier: Apache-2.0

/// A span as it was told, in whichever format, before it is a record.
struct SpanDraft: Sendable {
  /// In OpenTelemetry's numbers (opentelemetry/proto/trace/v1/trace.proto, `SpanKind`).
  enum Kind: UInt8, Sendable {
    case unspecified, `internal`, server, client, producer, consumer

    /// Whether it is the side that asks.
    var isClient: Bool { self == .client || self == .producer }
    var isServer: Bool { self == .server || self == .consumer }
  }

  /// In OpenTelemetry's numbers (`Status.StatusCode`).
  enum Status: UInt8, Sendable {
    case unset, ok, error
  }

  /// Texts as they are stored: of OpenTelemetry and Zipkin, hexadecimal in lower case.
  var traceID: [UInt8] = []
  var spanID: [UInt8] = []
  var parentSpanID: [UInt8] = []
  var name: [UInt8] = []
  var kind = Kind.unspecified
  /// Nanoseconds since 1970.
  var start: UInt64 = 0
  var end: UInt64 = 0
  var status = Status.unset
  var statusMessage: [UInt8] = []
  var exceptionKind: [UInt8] = []
  var exceptionMessage: [UInt8] = []
  var traceState: [UInt8] = []
  /// Names of events, and the spans that this one is linked to, as the record will have them.
  var events: [UInt8] = []
  var links: [UInt8] = []
  var attributes = SpanAttributes()

  /// Makes room for the next span of the same resource.
  mutating func removeSpan() {
    traceID.removeAll(keepingCapacity: true)
    spanID.removeAll(keepingCapacity: true)
    parentSpanID.removeAll(keepingCapacity: true)
    name.removeAll(keepingCapacity: true)
    kind = .unspecified
    (start, end) = (0, 0)
    status = .unset
    statusMessage.removeAll(keepingCapacity: true)
    exceptionKind.removeAll(keepingCapacity: true)
    exceptionMessage.removeAll(keepingCapacity: true)
    traceState.removeAll(keepingCapacity: true)
    events.removeAll(keepingCapacity: true)
    links.removeAll(keepingCapacity: true)
    attributes.removeSpan()
  }

  /// What is wrong with it; nil when it can be a record.
  var fault: String? {
    if traceID.isEmpty { return "a span has no trace id of the right length" }
    if spanID.isEmpty { return "a span has no id of the right length" }
    if start == 0 { return "a span has no start" }
    if start > UInt64(Int64.max) || end > UInt64(Int64.max) { return "a span's time is too large" }
    return nil
  }

  /// Adds to a list in a text, as far as one of an attribute goes.
  static func append(_ text: [UInt8], toList list: inout [UInt8]) {
    guard !text.isEmpty, list.count + text.count + 2 <= 1_024 else { return }
    if !list.isEmpty { list += Array(", ".utf8) }
    list += text
  }
}

/// Ids, which come as bytes or as text.
enum SpanID {
  /// Appends the hexadecimal digits of `bytes`; nothing when there are not `count` of them, or all are
  /// zero.
  static func append(_ bytes: Span<UInt8>, count: Int, to text: inout [UInt8]) {
    var any: UInt8 = 0
    for index in bytes.indices { any |= bytes[index] }
    guard bytes.count == count, any != 0 else { return }
    for index in bytes.indices {
      text.append(digit(bytes[index] >> 4))
      text.append(digit(bytes[index] & 15))
    }
  }

  /// Makes hexadecimal digits lower case; empties what is none of these lengths, has other letters, or is
  /// all zeros.
  static func normalize(_ text: inout [UInt8], lengths: [Int]) {
    var isZero = true
    for index in text.indices {
      let byte = text[index]
      let lower = byte | 0x20
      switch byte {
      case 0x30...0x39: break
      default:
        guard (0x61...0x66).contains(lower) else { return text.removeAll() }
        text[index] = lower
      }
      if byte != 0x30 { isZero = false }
    }
    if isZero || !lengths.contains(text.count) { text.removeAll() }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 + value : 0x57 + value
  }
}

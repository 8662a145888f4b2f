// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// OTLP's traces in JSON: the mapping of protocol buffers, but that ids are hexadecimal
/// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). Numbers of 64 bits come in
/// quotation marks or without, enumerations as numbers or by name; members that are not known are passed
/// over.
package enum JSONTraces: IngestFormat {
  package static let name = "otlp-json"
  package static let number = FormatNumber.openTelemetryJSONTraces
  package static let contentTypes = ["application/json"]

  @discardableResult
  package static func decode(
    _ body: Span<UInt8>, names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) -> LeftOut {
    batch.removeAll()
    var document = JSONTraceReader(names: names)
    var reader = LineReader(document: body)
    try document.read(&reader, into: &batch)
    guard reader.peek() == nil else { throw reader.fault("expected the end of the document") }
    return document.intake.leftOut
  }
}

/// Reads one request.
private struct JSONTraceReader {
  var intake: SpanIntake
  private var draft = SpanDraft()
  private var name: [UInt8] = []

  init(names: ProtocolNames) {
    intake = SpanIntake(names: names)
  }

  private var member: String { String(decoding: name, as: UTF8.self) }

  mutating func read(
    _ reader: inout LineReader, into batch: inout RecordBatch
  ) throws(FormatError) {
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      guard member == "resourceSpans", reader.peek() == UInt8(ascii: "[") else {
        try reader.skipValue()
        continue
      }
      var isFirstElement = true
      while try reader.element(&isFirstElement) { try readResource(&reader, into: &batch) }
    }
  }

  /// What a resource's spans are told with may come behind them, so that its members are looked at twice.
  private mutating func readResource(
    _ reader: inout LineReader, into batch: inout RecordBatch
  ) throws(FormatError) {
    draft.attributes.removeAll()
    let start = reader.offset
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      guard member == "resource", reader.peek() == UInt8(ascii: "{") else {
        try reader.skipValue()
        continue
      }
      var isFirstMember = true
      while try reader.member(&isFirstMember, into: &name) {
        if member == "attributes" { try readAttributes(&reader) } else { try reader.skipValue() }
      }
    }
    intake.recorder.beginResource(&draft, into: &batch)
    reader.offset = start
    isFirst = true
    while try reader.member(&isFirst, into: &name) {
      guard member == "scopeSpans", reader.peek() == UInt8(ascii: "[") else {
        try reader.skipValue()
        continue
      }
      var isFirstElement = true
      while try reader.element(&isFirstElement) { try readScope(&reader, into: &batch) }
    }
  }

  private mutating func readScope(
    _ reader: inout LineReader, into batch: inout RecordBatch
  ) throws(FormatError) {
    var scope: [UInt8] = []
    var version: [UInt8] = []
    let start = reader.offset
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      guard member == "scope", reader.peek() == UInt8(ascii: "{") else {
        try reader.skipValue()
        continue
      }
      var isFirstMember = true
      while try reader.member(&isFirstMember, into: &name) {
        switch member {
        case "name": try reader.set(&scope)
        case "version": try reader.set(&version)
        default: try reader.skipValue()
        }
      }
    }
    intake.recorder.beginScope(name: scope, version: version)
    reader.offset = start
    isFirst = true
    while try reader.member(&isFirst, into: &name) {
      guard member == "spans", reader.peek() == UInt8(ascii: "[") else {
        try reader.skipValue()
        continue
      }
      var isFirstElement = true
      while try reader.element(&isFirstElement) {
        draft.removeSpan()
        try readSpan(&reader)
        try intake.take(draft, into: &batch)
      }
    }
  }

  private mutating func readSpan(_ reader: inout LineReader) throws(FormatError) {
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "traceId": try reader.setID(&draft.traceID, lengths: [32])
      case "spanId": try reader.setID(&draft.spanID, lengths: [16])
      case "parentSpanId": try reader.setID(&draft.parentSpanID, lengths: [16])
      case "traceState": try reader.set(&draft.traceState)
      case "name": try reader.set(&draft.name)
      case "kind":
        draft.kind =
          SpanDraft.Kind(rawValue: try reader.enumeration(Self.kinds)) ?? .unspecified
      case "startTimeUnixNano": draft.start = try reader.unsigned()
      case "endTimeUnixNano": draft.end = try reader.unsigned()
      case "attributes": try readAttributes(&reader)
      case "events":
        var isFirstElement = true
        while try reader.element(&isFirstElement) { try readEvent(&reader) }
      case "links":
        var isFirstElement = true
        while try reader.element(&isFirstElement) { try readLink(&reader) }
      case "status": try readStatus(&reader)
      default: try reader.skipValue()
      }
    }
  }

  private static let kinds = [
    "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
  ]
  private static let codes = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"]

  private mutating func readStatus(_ reader: inout LineReader) throws(FormatError) {
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "message": try reader.set(&draft.statusMessage)
      case "code":
        draft.status = SpanDraft.Status(rawValue: try reader.enumeration(Self.codes)) ?? .unset
      default: try reader.skipValue()
      }
    }
  }

  private mutating func readEvent(_ reader: inout LineReader) throws(FormatError) {
    var event: [UInt8] = []
    var exception: [(key: [UInt8], value: [UInt8])] = []
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "name": try reader.set(&event)
      case "attributes":
        var isFirstElement = true
        while try reader.element(&isFirstElement) {
          let pair = try JSONValue.pair(&reader)
          if exception.count < SpanAttributes.limit { exception.append((pair.key, pair.value)) }
        }
      default: try reader.skipValue()
      }
    }
    SpanDraft.append(event, toList: &draft.events)
    guard event == SpanIntake.exception else { return }
    for pair in exception { draft.setException(pair.key.span, pair.value) }
  }

  private mutating func readLink(_ reader: inout LineReader) throws(FormatError) {
    var trace: [UInt8] = []
    var span: [UInt8] = []
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "traceId": try reader.setID(&trace, lengths: [32])
      case "spanId": try reader.setID(&span, lengths: [16])
      default: try reader.skipValue()
      }
    }
    draft.addLink(trace: trace, span: span)
  }

  private mutating func readAttributes(_ reader: inout LineReader) throws(FormatError) {
    if try reader.takeNull() { return }
    var isFirst = true
    while try reader.element(&isFirst) {
      let pair = try JSONValue.pair(&reader)
      draft.attributes.append(
        name: pair.key.span, value: pair.value.span, isText: pair.isText)
    }
  }
}

extension LineReader {
  /// Replaces `text` by the text that stands here.
  @_lifetime(self: copy self)
  mutating func set(_ text: inout [UInt8]) throws(FormatError) {
    text.removeAll(keepingCapacity: true)
    try string(into: &text)
  }

  /// Replaces `id` by the hexadecimal one that stands here; empties it when it is none.
  @_lifetime(self: copy self)
  mutating func setID(_ id: inout [UInt8], lengths: [Int]) throws(FormatError) {
    try set(&id)
    SpanID.normalize(&id, lengths: lengths)
  }

  /// A number of units of so many nanoseconds, in nanoseconds; the largest number for what is too large.
  @_lifetime(self: copy self)
  mutating func nanoseconds(in unit: UInt64) throws(FormatError) -> UInt64 {
    let (product, overflow) = try unsigned().multipliedReportingOverflow(by: unit)
    return overflow ? .max : product
  }

  /// A number, or the name that stands at that place of `names`.
  @_lifetime(self: copy self)
  mutating func enumeration(_ names: [String]) throws(FormatError) -> UInt8 {
    guard peek() == UInt8(ascii: "\"") else { return UInt8(clamping: try number().magnitude) }
    var text: [UInt8] = []
    try string(into: &text)
    let name = String(decoding: text, as: UTF8.self)
    return UInt8(clamping: names.firstIndex(of: name) ?? Int(UInt64(name) ?? 255))
  }
}

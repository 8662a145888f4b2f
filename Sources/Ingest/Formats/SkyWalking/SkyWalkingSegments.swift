// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// SkyWalking's segments in JSON, version 3: one, or a list of them, as `POST /v3/segment` and
/// `/v3/segments` take them (https://skywalking.apache.org/docs/main/next/en/api/trace-data-protocol-v3/).
package enum SkyWalkingSegments: IngestFormat {
  package static let name = "skywalking"
  package static let number = FormatNumber.skyWalkingSegments
  package static let contentTypes = ["application/json"]

  @discardableResult
  package static func decode(
    _ body: Span<UInt8>, names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) -> LeftOut {
    batch.removeAll()
    var document = SkyWalkingReader(names: names)
    var reader = LineReader(document: body)
    if reader.peek() == UInt8(ascii: "{") {
      try document.readSegment(&reader, into: &batch)
    } else {
      var isFirst = true
      while try reader.element(&isFirst) { try document.readSegment(&reader, into: &batch) }
    }
    guard reader.peek() == nil else { throw reader.fault("expected the end of the document") }
    return document.intake.leftOut
  }
}

/// Reads one document.
private struct SkyWalkingReader {
  var intake: SpanIntake
  private var draft = SpanDraft()
  private var name: [UInt8] = []
  private var trace: [UInt8] = []
  private var segment: [UInt8] = []

  init(names: ProtocolNames) {
    intake = SpanIntake(names: names)
  }

  private var member: String { String(decoding: name, as: UTF8.self) }

  mutating func readSegment(
    _ reader: inout LineReader, into batch: inout RecordBatch
  ) throws(FormatError) {
    draft.attributes.removeAll()
    trace.removeAll(keepingCapacity: true)
    segment.removeAll(keepingCapacity: true)
    var text: [UInt8] = []
    let start = reader.offset
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "traceId": try reader.set(&trace)
      case "traceSegmentId": try reader.set(&segment)
      case "service":
        try reader.set(&text)
        draft.attributes.append(name: "service.name", value: text.span)
      case "serviceInstance":
        try reader.set(&text)
        draft.attributes.append(name: "service.instance.id", value: text.span)
      default: try reader.skipValue()
      }
    }
    intake.recorder.beginResource(&draft, into: &batch)
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
    var span = SkyWalkingSpan()
    var isFirst = true
    draft.traceID = trace
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "spanId": span.id = try reader.signed()
      case "parentSpanId": span.parent = try reader.signed()
      case "startTime": draft.start = try reader.nanoseconds(in: 1_000_000)
      case "endTime": draft.end = try reader.nanoseconds(in: 1_000_000)
      case "operationName": try reader.set(&draft.name)
      case "peer": try reader.set(&span.peer)
      case "spanType": span.kind = try reader.enumeration(["Entry", "Exit", "Local"])
      case "spanLayer": span.layer = try reader.enumeration(SkyWalkingSpan.layers)
      case "isError": draft.status = try reader.boolean() ? .error : .unset
      case "refs":
        var isFirstElement = true
        while try reader.element(&isFirstElement) { try readReference(&reader, &span) }
      case "tags":
        try readPairs(&reader) { draft, key, value in
          draft.attributes.append(name: key.span, value: value.span)
        }
      case "logs":
        var isFirstElement = true
        while try reader.element(&isFirstElement) { try readLog(&reader) }
      default: try reader.skipValue()
      }
    }
    span.finish(&draft, segment: segment)
  }

  /// The span of another segment that this one follows from. Of several the first is the parent.
  private mutating func readReference(
    _ reader: inout LineReader, _ span: inout SkyWalkingSpan
  ) throws(FormatError) {
    var parentTrace: [UInt8] = []
    var parent: [UInt8] = []
    var number: Int64 = -1
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "traceId": try reader.set(&parentTrace)
      case "parentTraceSegmentId" where reader.peek() == 0x22: try reader.set(&parent)
      case "parentSpanId": number = try reader.signed()
      default: try reader.skipValue()
      }
    }
    guard !parent.isEmpty, number >= 0 else { return }
    let id = parent + Array("-\(number)".utf8)
    if span.reference.isEmpty {
      span.reference = id
    } else {
      draft.addLink(trace: parentTrace, span: id)
    }
  }

  /// `{"time": ..., "data": [...]}`: what an error says of itself is the span's.
  private mutating func readLog(_ reader: inout LineReader) throws(FormatError) {
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      guard member == "data", reader.peek() == UInt8(ascii: "[") else {
        try reader.skipValue()
        continue
      }
      try readPairs(&reader) { draft, key, value in
        switch String(decoding: key, as: UTF8.self) {
        case "event": SpanDraft.append(value, toList: &draft.events)
        case "error.kind": draft.exceptionKind = value
        case "message": draft.exceptionMessage = value
        default: break
        }
      }
    }
  }

  /// A list of `{"key": "...", "value": "..."}`.
  private mutating func readPairs(
    _ reader: inout LineReader, _ take: (inout SpanDraft, [UInt8], [UInt8]) -> Void
  ) throws(FormatError) {
    var isFirstElement = true
    while try reader.element(&isFirstElement) {
      var key: [UInt8] = []
      var value: [UInt8] = []
      var isFirst = true
      while try reader.member(&isFirst, into: &name) {
        switch member {
        case "key" where reader.peek() == 0x22: try reader.set(&key)
        case "value" where reader.peek() == 0x22: try reader.set(&value)
        default: try reader.skipValue()
        }
      }
      take(&draft, key, value)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// OTLP's traces in protocol buffers: `ExportTraceServiceRequest`, as `POST /v1/traces` takes it.
///
/// Field numbers are those of opentelemetry/proto/collector/trace/v1/trace_service.proto, trace/v1,
/// resource/v1 and common/v1 (https://github.com/open-telemetry/opentelemetry-proto). Fields that are
/// not known are passed over, as later versions may add some.
package enum ProtobufTraces: IngestFormat {
  package static let name = "otlp"
  package static let number = FormatNumber.openTelemetryTraces
  package static let contentTypes = ["application/x-protobuf"]

  @discardableResult
  package static func decode(
    _ body: Span<UInt8>, names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) -> LeftOut {
    batch.removeAll()
    var reader = ProtobufTraceReader(names: names)
    try reader.read(body, into: &batch)
    return reader.intake.leftOut
  }
}

/// Reads one request.
private struct ProtobufTraceReader {
  var intake: SpanIntake
  private var draft = SpanDraft()
  /// Kept for its room.
  private var value: [UInt8] = []

  init(names: ProtocolNames) {
    intake = SpanIntake(names: names)
  }

  /// resource_spans = 1.
  mutating func read(
    _ bytes: Span<UInt8>, into batch: inout RecordBatch
  ) throws(FormatError) {
    var message = ProtobufMessage(0..<bytes.count)
    while let field = try message.next(in: bytes) {
      if field.number == 1 { try readResource(try field.range(), bytes, into: &batch) }
    }
  }

  /// `ResourceSpans`: resource = 1, scope_spans = 2. Either may come first.
  private mutating func readResource(
    _ range: Range<Int>, _ bytes: Span<UInt8>, into batch: inout RecordBatch
  ) throws(FormatError) {
    draft.attributes.removeAll()
    var message = ProtobufMessage(range)
    while let field = try message.next(in: bytes) {
      // `Resource`: attributes = 1.
      if field.number == 1 { try readAttributes(try field.range(), number: 1, bytes) }
    }
    intake.recorder.beginResource(&draft, into: &batch)
    message = ProtobufMessage(range)
    while let field = try message.next(in: bytes) {
      if field.number == 2 { try readScope(try field.range(), bytes, into: &batch) }
    }
  }

  /// `ScopeSpans`: scope = 1, spans = 2. `InstrumentationScope`: name = 1, version = 2.
  private mutating func readScope(
    _ range: Range<Int>, _ bytes: Span<UInt8>, into batch: inout RecordBatch
  ) throws(FormatError) {
    var name: [UInt8] = []
    var version: [UInt8] = []
    var message = ProtobufMessage(range)
    while let field = try message.next(in: bytes) {
      guard field.number == 1 else { continue }
      var scope = ProtobufMessage(try field.range())
      while let field = try scope.next(in: bytes) {
        switch field.number {
        case 1: Self.set(&name, try field.range(), bytes)
        case 2: Self.set(&version, try field.range(), bytes)
        default: break
        }
      }
    }
    intake.recorder.beginScope(name: name, version: version)
    message = ProtobufMessage(range)
    while let field = try message.next(in: bytes) {
      guard field.number == 2 else { continue }
      draft.removeSpan()
      try readSpan(try field.range(), bytes)
      try intake.take(draft, into: &batch)
    }
  }

  /// `Span`.
  private mutating func readSpan(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(FormatError) {
    var message = ProtobufMessage(range)
    while let field = try message.next(in: bytes) {
      switch field.number {
      case 1:
        draft.traceID.removeAll(keepingCapacity: true)
        SpanID.append(bytes.clipped(try field.range()), count: 16, to: &draft.traceID)
      case 2:
        draft.spanID.removeAll(keepingCapacity: true)
        SpanID.append(bytes.clipped(try field.range()), count: 8, to: &draft.spanID)
      case 3: Self.set(&draft.traceState, try field.range(), bytes)
      case 4:
        draft.parentSpanID.removeAll(keepingCapacity: true)
        SpanID.append(bytes.clipped(try field.range()), count: 8, to: &draft.parentSpanID)
      case 5: Self.set(&draft.name, try field.range(), bytes)
      case 6:
        draft.kind = SpanDraft.Kind(rawValue: UInt8(clamping: try field.varint())) ?? .unspecified
      case 7: draft.start = try field.fixed64()
      case 8: draft.end = try field.fixed64()
      case 9: try readAttribute(try field.range(), bytes)
      case 11: try readEvent(try field.range(), bytes)
      case 13: try readLink(try field.range(), bytes)
      case 15: try readStatus(try field.range(), bytes)
      default: break
      }
    }
  }

  /// `Status`: message = 2, code = 3.
  private mutating func readStatus(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(FormatError) {
    var message = ProtobufMessage(range)
    while let field = try message.next(in: bytes) {
      switch field.number {
      case 2: Self.set(&draft.statusMessage, try field.range(), bytes)
      case 3:
        draft.status = SpanDraft.Status(rawValue: UInt8(clamping: try field.varint())) ?? .unset
      default: break
      }
    }
  }

  /// `Event`: name = 2, attributes = 3. That of an exception becomes the call's
  /// (https://opentelemetry.io/docs/specs/otel/trace/exceptions/).
  private mutating func readEvent(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(FormatError) {
    var message = ProtobufMessage(range)
    var name: [UInt8] = []
    while let field = try message.next(in: bytes) {
      if field.number == 2 { Self.set(&name, try field.range(), bytes) }
    }
    SpanDraft.append(name, toList: &draft.events)
    guard name == SpanIntake.exception else { return }
    message = ProtobufMessage(range)
    while let field = try message.next(in: bytes) {
      guard field.number == 3 else { continue }
      let (key, place) = try ProtobufValue.pair(try field.range(), in: bytes)
      guard let place else { continue }
      value.removeAll(keepingCapacity: true)
      _ = try ProtobufValue.append(place, in: bytes, to: &value)
      draft.setException(bytes.clipped(key), value)
    }
  }

  /// `Link`: trace_id = 1, span_id = 2.
  private mutating func readLink(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(FormatError) {
    var message = ProtobufMessage(range)
    var trace: [UInt8] = []
    var span: [UInt8] = []
    while let field = try message.next(in: bytes) {
      switch field.number {
      case 1: SpanID.append(bytes.clipped(try field.range()), count: 16, to: &trace)
      case 2: SpanID.append(bytes.clipped(try field.range()), count: 8, to: &span)
      default: break
      }
    }
    draft.addLink(trace: trace, span: span)
  }

  /// Every field of that number is a `KeyValue`.
  private mutating func readAttributes(
    _ range: Range<Int>, number: UInt32, _ bytes: Span<UInt8>
  ) throws(FormatError) {
    var message = ProtobufMessage(range)
    while let field = try message.next(in: bytes) {
      if field.number == number { try readAttribute(try field.range(), bytes) }
    }
  }

  private mutating func readAttribute(
    _ range: Range<Int>, _ bytes: Span<UInt8>
  ) throws(FormatError) {
    let (key, place) = try ProtobufValue.pair(range, in: bytes)
    guard let place else { return }
    value.removeAll(keepingCapacity: true)
    let isText = try ProtobufValue.append(place, in: bytes, to: &value)
    let told = value
    draft.attributes.append(name: bytes.clipped(key), value: told.span, isText: isText)
  }

  private static func set(_ text: inout [UInt8], _ range: Range<Int>, _ bytes: Span<UInt8>) {
    text.removeAll(keepingCapacity: true)
    text.append(bytes.clipped(range).extracting(first: SpanAttributes.valueBytes))
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Wire

/// Takes the spans of one body: those that can be calls become some, the others are left out and counted.
struct SpanIntake {
  /// Spans of one body.
  static let limit = WireLimits.rows
  /// The name of the event that tells an exception.
  static let exception = Array("exception".utf8)

  var recorder: SpanRecorder
  private(set) var leftOut = LeftOut.nothing

  init(names: ProtocolNames) {
    recorder = SpanRecorder(names: names)
  }

  mutating func take(
    _ draft: borrowing SpanDraft, into batch: inout RecordBatch
  ) throws(FormatError) {
    guard batch.calls.count + leftOut.records < Self.limit else {
      throw FormatError(
        "a body has at most \(Self.limit) spans; send them in parts", fault: .oversized)
    }
    if let fault = draft.fault {
      leftOut.add(fault)
    } else {
      try recorder.record(draft, into: &batch)
    }
  }
}

extension SpanDraft {
  /// Takes an attribute of the event that tells an exception.
  mutating func setException(_ name: Span<UInt8>, _ value: [UInt8]) {
    switch unsafe name.withUnsafeBufferPointer({ unsafe String(decoding: $0, as: UTF8.self) }) {
    case "exception.type": exceptionKind = Array(value.prefix(SpanAttributes.valueBytes))
    case "exception.message": exceptionMessage = Array(value.prefix(SpanAttributes.valueBytes))
    default: break
    }
  }

  /// Notes a span that this one follows from, such as that of the message it works on.
  mutating func addLink(trace: [UInt8], span: [UInt8]) {
    guard !trace.isEmpty, !span.isEmpty else { return }
    Self.append(trace + [UInt8(ascii: "/")] + span, toList: &links)
  }
}

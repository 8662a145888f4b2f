// SPDX-License-Identifier: Apache-2.0

/// A call of a trace as one of its ends has it, in the terms of OpenTelemetry.
package struct TraceSpan: Hashable, Sendable {
  /// Numbered as in OTLP.
  package enum Kind: Int, Hashable, Sendable, CaseIterable {
    case unspecified, `internal`, server, client, producer, consumer
  }

  /// Numbered as in OTLP.
  package enum Status: Int, Hashable, Sendable {
    case unset, ok, error
  }

  /// 16 digits.
  package var id: String
  /// Its parent's place among the spans of the trace.
  package var parent: Int?
  /// The call's place in the trace.
  package var call: Int
  package var kind: Kind
  package var name: String
  package var service: String
  /// Microseconds.
  package var start: Int64
  package var duration: Int64
  package var status: Status
  package var message: String
  /// What is true of whoever it belongs to, but for the service's name.
  package var resource: [TraceAttribute]
  package var attributes: [TraceAttribute]
}

/// A name and what it stands for.
package struct TraceAttribute: Hashable, Sendable {
  package enum Value: Hashable, Sendable {
    case text(String)
    case number(Int64)
    case double(Double)
    case flag(Bool)
  }

  package var name: String
  package var value: Value

  /// Of the service that a span belongs to.
  package init(service: String) { self.init("service.name", service) }

  package init(kind: TraceSpan.Kind) { self.init("span.kind", kind.name) }
  package init(isError: Bool) { self.init("error", .flag(isError)) }
  package init(message: String) { self.init("otel.status_description", message) }

  init(_ name: String, _ text: String) { (self.name, value) = (name, .text(text)) }
  init(_ name: String, _ number: Int64) { (self.name, value) = (name, .number(number)) }
  init(_ name: String, _ value: Value) { (self.name, self.value) = (name, value) }
}

extension TraceAttribute.Value {
  package var text: String {
    switch self {
    case .text(let text): text
    case .number(let number): "\(number)"
    case .double(let number): "\(number)"
    case .flag(let flag): flag ? "true" : "false"
    }
  }
}

/// A trace in spans, each behind its parent.
package struct SpanTree: Hashable, Sendable {
  /// 32 digits.
  package var id: String
  package var spans: [TraceSpan]
  package var isCut: Bool

  package var start: Int64 { spans.map(\.start).min() ?? 0 }
  package var end: Int64 { spans.map { $0.start + $0.duration }.max() ?? 0 }
  package var root: TraceSpan? { spans.first }
}

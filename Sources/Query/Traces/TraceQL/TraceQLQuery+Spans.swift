// SPDX-License-Identifier: Apache-2.0

/// Puts a query to the spans of a trace.
extension TraceQLQuery {
  /// The places of the spans that the query finds; empty where the trace is not wanted.
  package func matches(in tree: SpanTree) -> [Int] {
    let reader = SpanReader(tree)
    let found = reader.spans(spans)
    guard !found.isEmpty else { return [] }
    for case .compare(let aggregate, let field, let comparison, let number) in stages {
      guard let value = reader.aggregate(aggregate, field, over: found),
        SpanReader.holds(value, comparison, number)
      else { return [] }
    }
    return found.sorted()
  }

  /// Attributes of a span that the answer shows: those of `select`, and what is asked for.
  package func shown(_ span: Int, of tree: SpanTree) -> [TraceAttribute] {
    var fields = spans.fields
    for case .select(let more) in stages { fields += more }
    let reader = SpanReader(tree)
    var known: Set<SpanField> = []
    return fields.filter { known.insert($0).inserted }.compactMap { field in
      reader.value(field, of: span).attribute(field.name)
    }
  }
}

extension SpansetExpression {
  fileprivate var fields: [SpanField] {
    switch self {
    case .filter(let condition): condition.fields
    case .both(let one, let other), .either(let one, let other), .related(let one, _, let other):
      one.fields + other.fields
    }
  }
}

extension SpanCondition {
  fileprivate var fields: [SpanField] {
    switch self {
    case .always: []
    case .compare(let one, _, let other):
      [one, other].compactMap { if case .field(let field) = $0 { field } else { nil } }
    case .pattern(let field, _, _): [field]
    case .not(let inner): inner.fields
    case .and(let one, let other), .or(let one, let other): one.fields + other.fields
    }
  }
}

extension SpanField {
  /// As answers name it: without the scope.
  var name: String {
    switch self {
    case .intrinsic(let known): known.rawValue
    case .attribute(_, let name): name
    }
  }
}

extension SpanValue {
  fileprivate func attribute(_ name: String) -> TraceAttribute? {
    switch self {
    case .none: nil
    case .text(let text): TraceAttribute(name, text)
    case .number(let number):
      Int64(exactly: number).map { TraceAttribute(name, $0) }
        ?? TraceAttribute(name, .double(number))
    case .flag(let flag): TraceAttribute(name, .flag(flag))
    case .status(let status): TraceAttribute(name, status.name)
    case .kind(let kind): TraceAttribute(name, kind.name)
    }
  }
}

extension TraceSpan.Status {
  package var name: String {
    switch self {
    case .unset: "unset"
    case .ok: "ok"
    case .error: "error"
    }
  }
}

extension TraceSpan.Kind {
  package var name: String {
    switch self {
    case .unspecified: "unspecified"
    case .internal: "internal"
    case .server: "server"
    case .client: "client"
    case .producer: "producer"
    case .consumer: "consumer"
    }
  }
}

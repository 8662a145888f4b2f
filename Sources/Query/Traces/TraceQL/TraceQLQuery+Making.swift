// SPDX-License-Identifier: Apache-2.0

/// Queries that are put together, for searches that are not written in TraceQL.
extension TraceQLQuery {
  /// One span has to have all of this.
  ///
  /// - Parameters:
  ///   - tags: By their names, as text; `name`, `status` and `status.code` are what they are in TraceQL.
  ///   - duration: Microseconds.
  package static func oneSpan(
    service: String? = nil, name: String? = nil, tags: [(name: String, value: String)] = [],
    duration: ClosedRange<Int64>? = nil
  ) -> TraceQLQuery {
    var all: [SpanCondition] = []
    func add(_ field: SpanField, _ comparison: SpanCondition.Comparison, _ value: SpanValue) {
      all.append(.compare(.field(field), comparison, .value(value)))
    }
    if let service { add(.attribute(.resource, "service.name"), .equal, .text(service)) }
    if let name { add(.intrinsic(.name), .equal, .text(name)) }
    for tag in tags {
      switch (tag.name, tag.value.lowercased()) {
      case ("name", _): add(.intrinsic(.name), .equal, .text(tag.value))
      case ("error", "true"): add(.intrinsic(.status), .equal, .status(.error))
      case ("error", "false"): add(.intrinsic(.status), .unequal, .status(.error))
      case ("status", let text), ("status.code", let text):
        let status: TraceSpan.Status = text == "error" ? .error : text == "ok" ? .ok : .unset
        add(.intrinsic(.status), .equal, .status(status))
      case ("span.kind", let text), ("kind", let text):
        let kind = TraceSpan.Kind.allCases.first { $0.name == text } ?? .unspecified
        add(.intrinsic(.kind), .equal, .kind(kind))
      default: add(.attribute(.any, tag.name), .equal, .text(tag.value))
      }
    }
    if let duration {
      add(.intrinsic(.duration), .greaterOrEqual, .number(Double(duration.lowerBound) * 1_000))
      if duration.upperBound < .max {
        add(.intrinsic(.duration), .lessOrEqual, .number(Double(duration.upperBound) * 1_000))
      }
    }
    guard let first = all.first else { return TraceQLQuery(spans: .filter(.always(true))) }
    return TraceQLQuery(spans: .filter(all.dropFirst().reduce(first) { .and($0, $1) }))
  }
}

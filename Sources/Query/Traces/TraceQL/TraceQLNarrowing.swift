// SPDX-License-Identifier: Apache-2.0

/// What must hold of a record of any trace that a query finds, as a condition of the dialect: with it the
/// store finds where to look. The query itself is put to the spans afterwards, so it may let too much
/// through, and never too little.
extension TraceQLQuery {
  /// Nil where nothing can be said.
  var necessary: String? { spans.necessary }
}

extension SpansetExpression {
  fileprivate var necessary: String? {
    switch self {
    case .filter(let condition): return condition.necessary
    // One of the two, since both are needed; what is found stands right in most queries.
    case .both(let one, let other): return other.necessary ?? one.necessary
    case .related(let one, let relation, let other):
      if relation.isNegated { return other.necessary }
      return other.necessary ?? one.necessary
    case .either(let one, let other):
      guard let left = one.necessary, let right = other.necessary else { return nil }
      return left == right ? left : "(\(left) OR \(right))"
    }
  }
}

extension SpanCondition {
  fileprivate var necessary: String? {
    switch self {
    case .always, .not, .pattern: return nil
    case .and(let one, let other):
      let all = [one.necessary, other.necessary].compactMap(\.self)
      return all.isEmpty ? nil : all.joined(separator: " AND ")
    case .or(let one, let other):
      guard let left = one.necessary, let right = other.necessary else { return nil }
      return "((\(left)) OR (\(right)))"
    case .compare(.field(let field), let comparison, .value(let value)):
      return Self.necessary(field, comparison, value)
    case .compare(.value(let value), let comparison, .field(let field)):
      return Self.necessary(field, comparison.reversed, value)
    case .compare: return nil
    }
  }

  private static func necessary(
    _ field: SpanField, _ comparison: Comparison, _ value: SpanValue
  ) -> String? {
    switch (field, comparison, value) {
    case (.attribute(let scope, "service.name"), .equal, .text(let name)) where scope != .span:
      let name = CallFilter.literal(name)
      return "(auto_service_0 = \(name) OR auto_service_1 = \(name) OR app_service = \(name))"
    case (.attribute(let scope, let name), .equal, _) where scope != .resource:
      return named(name, value)
    case (.intrinsic(.name), .equal, .text(let name)),
      (.intrinsic(.spanName), .equal, .text(let name)):
      return called(name)
    case (.intrinsic(.status), .equal, .status(let status)),
      (.intrinsic(.spanStatus), .equal, .status(let status)):
      switch status {
      case .error: return "response_status NOT IN ('Success', 'Unknown')"
      case .ok: return "response_status = 'Success'"
      case .unset: return "response_status = 'Unknown'"
      }
    case (.intrinsic(.duration), .greater, .number(let least)),
      (.intrinsic(.duration), .greaterOrEqual, .number(let least)),
      (.intrinsic(.spanDuration), .greater, .number(let least)),
      (.intrinsic(.spanDuration), .greaterOrEqual, .number(let least)):
      guard (1_000...1e18).contains(least) else { return nil }
      return "response_duration >= \(Int64((least / 1_000).rounded(.down)))"
    default: return nil
    }
  }

  /// A span is called by the type of the call and its endpoint or domain, with a space between; by the
  /// protocol where it has none of them.
  private static func called(_ name: String) -> String? {
    let whole = CallFilter.literal(name)
    var all = ["request_type", "endpoint", "request_domain"].map { "\($0) = \(whole)" }
    all.append("(request_type = '' AND endpoint = '' AND request_domain = '')")
    for (index, character) in name.enumerated().prefix(200) where character == " " {
      let type = CallFilter.literal(String(name.prefix(index)))
      let what = CallFilter.literal(String(name.dropFirst(index + 1)))
      all.append("(request_type = \(type) AND (endpoint = \(what) OR request_domain = \(what)))")
      if all.count > 12 { return nil }
    }
    return "(" + all.joined(separator: " OR ") + ")"
  }

  /// An attribute, or a column that has the name of one.
  private static func named(_ name: String, _ value: SpanValue) -> String? {
    guard let text = value.plain, !text.isEmpty else { return nil }
    if madeNames.contains(name) { return nil }
    let own = "\(CallFilter.quoted("attribute." + name)) = \(CallFilter.literal(text))"
    guard let column = SpanNames.columns.first(where: { $0.name == name }) else {
      // Of text that means the same number there are several.
      if case .number = value { return "\(CallFilter.quoted("attribute." + name)) != ''" }
      return own
    }
    if column.isNumber {
      guard let number = Int64(text), number >= 0 else { return nil }
      return "(\(column.column) = \(number) OR \(own))"
    }
    return "(\(column.column) = \(CallFilter.literal(text)) OR \(own))"
  }

  /// Attributes that are no record's; of whoever the span belongs to, as `.x` may mean those too.
  private static let madeNames = Set(
    SpanNames.made + ["host.name", "service.instance.id", "process.pid", "service.name"])
}

extension SpanCondition.Comparison {
  fileprivate var reversed: Self {
    switch self {
    case .equal, .unequal: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}

extension SpanValue {
  fileprivate var plain: String? {
    switch self {
    case .text(let text): text
    case .number(let number): Int64(exactly: number).map { "\($0)" }
    case .flag(let flag): flag ? "true" : "false"
    default: nil
    }
  }
}

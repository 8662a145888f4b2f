// SPDX-License-Identifier: Apache-2.0

/// Answers what a query asks of the spans of one trace.
struct SpanReader {
  private let tree: SpanTree
  private let duration: Double

  init(_ tree: SpanTree) {
    self.tree = tree
    duration = Double(tree.end - tree.start) * 1_000
  }

  // MARK: Values

  func value(_ field: SpanField, of place: Int) -> SpanValue {
    let span = tree.spans[place]
    switch field {
    case .attribute(let scope, let name): return attribute(scope, name, of: span)
    case .intrinsic(let known):
      switch known {
      case .name, .spanName: return .text(span.name)
      case .status, .spanStatus: return .status(span.status)
      case .statusMessage, .spanStatusMessage: return .text(span.message)
      case .kind, .spanKind: return .kind(span.kind)
      case .duration, .spanDuration: return .number(Double(span.duration) * 1_000)
      case .traceDuration, .traceLength: return .number(duration)
      case .rootName, .traceRootName: return .text(tree.root?.name ?? "")
      case .rootServiceName, .traceRootService: return .text(tree.root?.service ?? "")
      case .nestedSetParent: return .number(span.parent.map { Double($0 + 1) } ?? -1)
      case .spanID: return .text(span.id)
      case .parentID: return span.parent.map { .text(tree.spans[$0].id) } ?? .none
      case .traceID: return .text(tree.id)
      }
    }
  }

  private func attribute(_ scope: SpanField.Scope, _ name: String, of span: TraceSpan) -> SpanValue
  {
    if scope != .span {
      if name == "service.name" { return .text(span.service) }
      if let found = span.resource.first(where: { $0.name == name }) {
        return SpanValue(found.value)
      }
    }
    guard scope != .resource, let found = span.attributes.first(where: { $0.name == name }) else {
      return .none
    }
    return SpanValue(found.value)
  }

  // MARK: Conditions

  private func holds(_ condition: SpanCondition, _ place: Int) -> Bool {
    switch condition {
    case .always(let flag): return flag
    case .not(let inner): return !holds(inner, place)
    case .and(let one, let other): return holds(one, place) && holds(other, place)
    case .or(let one, let other): return holds(one, place) || holds(other, place)
    case .pattern(let field, let pattern, let isNegated):
      let value = value(field, of: place)
      guard let text = value.text else { return false }
      return pattern.matches(text) != isNegated
    case .compare(let one, let comparison, let other):
      return Self.holds(value(one, place), comparison, value(other, place))
    }
  }

  private func value(_ operand: SpanOperand, _ place: Int) -> SpanValue {
    switch operand {
    case .value(let value): value
    case .field(let field): value(field, of: place)
    }
  }

  /// What a span has not is equal to nil alone, and in no order with anything. Numbers that came as
  /// text, as attributes of the wire do, compare with numbers.
  private static func holds(
    _ one: SpanValue, _ comparison: SpanCondition.Comparison, _ other: SpanValue
  ) -> Bool {
    if one == .none || other == .none {
      switch comparison {
      case .equal: return one == other
      case .unequal: return one != other
      default: return false
      }
    }
    if let left = one.number, let right = other.number, one.isNumber || other.isNumber {
      return holds(left, comparison, right)
    }
    guard let left = one.text, let right = other.text else { return comparison == .unequal }
    switch comparison {
    case .equal: return left == right
    case .unequal: return left != right
    case .less: return left < right
    case .lessOrEqual: return left <= right
    case .greater: return left > right
    case .greaterOrEqual: return left >= right
    }
  }

  static func holds(
    _ left: Double, _ comparison: SpanCondition.Comparison, _ right: Double
  ) -> Bool {
    switch comparison {
    case .equal: left == right
    case .unequal: left != right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }

  // MARK: Sets of spans

  func spans(_ expression: SpansetExpression) -> Set<Int> {
    switch expression {
    case .filter(let condition):
      return Set(tree.spans.indices.filter { holds(condition, $0) })
    case .both(let one, let other):
      let (left, right) = (spans(one), spans(other))
      return left.isEmpty || right.isEmpty ? [] : left.union(right)
    case .either(let one, let other): return spans(one).union(spans(other))
    case .related(let one, let relation, let other):
      return related(spans(one), relation, spans(other))
    }
  }

  private func related(_ left: Set<Int>, _ relation: SpanRelation, _ right: Set<Int>) -> Set<Int> {
    let standing = right.intersection(all(relation.kind, of: left))
    if relation.isNegated { return right.subtracting(standing) }
    guard relation.hasBoth else { return standing }
    let back: SpanRelation.Kind =
      switch relation.kind {
      case .child: .parent
      case .descendant: .ancestor
      case .parent: .child
      case .ancestor: .descendant
      case .sibling: .sibling
      }
    return standing.union(left.intersection(all(back, of: right)))
  }

  /// All spans that stand so to one of `others`. Spans come behind their parents.
  private func all(_ kind: SpanRelation.Kind, of others: Set<Int>) -> Set<Int> {
    let spans = tree.spans
    var found: Set<Int> = []
    switch kind {
    case .child, .descendant:
      for place in spans.indices {
        guard let parent = spans[place].parent else { continue }
        if others.contains(parent) || kind == .descendant && found.contains(parent) {
          found.insert(place)
        }
      }
    case .parent: found = Set(others.compactMap { spans[$0].parent })
    case .ancestor:
      for other in others {
        var here = other
        while let parent = spans[here].parent, found.insert(parent).inserted { here = parent }
      }
    case .sibling:
      let families = Dictionary(
        grouping: others.filter { spans[$0].parent != nil }, by: { spans[$0].parent ?? 0 })
      for place in spans.indices {
        guard let parent = spans[place].parent, let family = families[parent] else { continue }
        if family.count > 1 || family.first != place { found.insert(place) }
      }
    }
    return found
  }

  // MARK: Sums

  /// Nil where no span has the field as a number.
  func aggregate(
    _ aggregate: TraceQLStage.Aggregate, _ field: SpanField?, over spans: Set<Int>
  ) -> Double? {
    guard let field else { return Double(spans.count) }
    let values = spans.sorted().compactMap { value(field, of: $0).number }
    guard let first = values.first else { return nil }
    switch aggregate {
    case .count: return Double(spans.count)
    case .sum: return values.reduce(0, +)
    case .avg: return values.reduce(0, +) / Double(values.count)
    case .max: return values.reduce(first, Swift.max)
    case .min: return values.reduce(first, Swift.min)
    }
  }
}

extension SpanValue {
  fileprivate init(_ value: TraceAttribute.Value) {
    switch value {
    case .text(let text): self = .text(text)
    case .number(let number): self = .number(Double(number))
    case .double(let number): self = .number(number)
    case .flag(let flag): self = .flag(flag)
    }
  }

  fileprivate var isNumber: Bool {
    if case .number = self { true } else { false }
  }

  fileprivate var number: Double? {
    switch self {
    case .number(let number): number
    case .text(let text): Double(text)
    default: nil
    }
  }

  /// As text compares; kinds and statuses by their names.
  fileprivate var text: String? {
    switch self {
    case .none: nil
    case .text(let text): text
    case .number(let number): Int64(exactly: number).map { "\($0)" } ?? "\(number)"
    case .flag(let flag): flag ? "true" : "false"
    case .status(let status): status.name
    case .kind(let kind): kind.name
    }
  }
}

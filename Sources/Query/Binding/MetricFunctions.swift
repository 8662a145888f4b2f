// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Aggregates of metrics. What each function means for each kind of metric is DeepFlow's, see
/// docs/sql.md.
extension AggregateBinder {
  mutating func fold(_ call: FunctionCall) throws(QueryError) -> Scalar {
    if call.function.operation == .count { return try count(call) }
    try call.want(call.function.argumentCount)
    let (metric, definition) = try metric(call)
    let unit = call.function.unit ?? metric.unit
    let result: EngineSQL
    var type = ValueType.number
    switch (metric.kind, call.function.operation) {
    case (.counter, .sum):
      result = total(scope.summand(definition) ?? "0")
      type = .integer
    case (.counter, .average) where !scope.table.isLog:
      let sum = total(scope.summand(definition) ?? "0")
      result = "\(sum) / \(pointCount())"
    case (.delay, .average):
      result = delayAverage(metric, definition)
    case (.delay, .apdex):
      result = try apdex(call, metric, definition)
    case (.percentage, .average), (.quotient, .average):
      guard let terms = scope.terms(definition) else { throw call.misuse }
      result = TableScope.ratio(
        metric.kind, total(terms.part), of: total(terms.whole), complement: terms.complement)
    default:
      result = try overValues(call, metric, definition)
      if call.function.operation == .histogram { type = .list }
    }
    return Scalar(sql: result, type: type, unit: unit, isMetric: true)
  }

  /// Rows; of a tag, those in which it has a value.
  private mutating func count(_ call: FunctionCall) throws(QueryError) -> Scalar {
    try call.want(0...1)
    let name: EngineSQL
    switch call.arguments.first?.kind {
    case nil, .star, .integer(1), .name("row"):
      name = withPlan { $0.aggregate("count", of: "") }
    default:
      let tag = try tagValue(call.arguments[0], of: call)
      name =
        tag.type == .text
        ? withPlan { $0.aggregate("countIf", of: "ifNull(\(tag.sql), '') != ''") }
        : withPlan { $0.aggregate("count", of: tag.sql) }
    }
    return Scalar(sql: name, type: .integer, isMetric: true)
  }

  /// The metric that is the call's first argument.
  private func metric(
    _ call: FunctionCall
  ) throws(QueryError) -> (MetricDeclaration, MetricDeclaration.Definition) {
    let argument = call.arguments[0]
    guard case .name(let name) = argument.kind else {
      throw QueryError(
        .misuse,
        "\(call.function.name) takes the name of a metric; compute with the results "
          + "instead, as in Sum(error) / Sum(request)", at: argument.offset)
    }
    switch try scope.meaning(name, at: argument.offset) {
    case .metric(let metric, let definition) where call.function.accepts.contains(metric.kind):
      return (metric, definition)
    case .metric(let metric, _):
      let others = FunctionDeclaration.builtIn.filter { $0.accepts.contains(metric.kind) }
      throw QueryError(
        .misuse,
        "\(call.function.name) does not take a \(metric.kind.rawValue) such as "
          + "\(metric.name); what does: " + others.map(\.name).joined(separator: ", "),
        at: argument.offset)
    case .tag, .column, .eitherSide:
      throw QueryError(
        .misuse,
        "\(call.function.name) takes a metric, and '\(name)' is none; tags go with "
          + "Uniq, Any and TopK", at: argument.offset)
    }
  }

  private mutating func total(_ value: EngineSQL) -> EngineSQL {
    withPlan { $0.aggregate("sum", of: value) }
  }

  // MARK: Windows

  /// The seconds that one answer covers: of `time(...)`, else of WHERE, else of the rows found.
  mutating func seconds() -> EngineSQL {
    if let buckets { return "\(buckets.seconds)" }
    let interval = UInt64(max(1, scope.table.interval))
    if let points = range.points(interval: interval) { return "\(points * interval)" }
    return withPlan { plan in
      let first = plan.aggregate("min", of: "toUnixTimestamp(time)")
      let last = plan.aggregate("max", of: "toUnixTimestamp(time)")
      return "(\(last) - \(first) + \(interval))"
    }
  }

  /// The points that one answer covers, with those that have no row.
  mutating func pointCount() -> EngineSQL {
    let interval = UInt64(max(1, scope.table.interval))
    if let buckets { return "\(buckets.seconds / interval)" }
    if let points = range.points(interval: interval) { return "\(points)" }
    return "(\(seconds()) / \(interval))"
  }

  // MARK: Delays

  private mutating func delayAverage(
    _ metric: MetricDeclaration, _ definition: MetricDeclaration.Definition
  ) -> EngineSQL {
    if case .folded(let sum, let count, _) = definition,
      let sum = scope.column(sum), let count = scope.column(count)
    {
      return "\(total("\(sum)")) / nullIf(\(total("\(count)")), 0)"
    }
    guard let points = scope.rowPoints(metric, definition) else { return "NULL" }
    return aggregate("avg", over: points, .rows)
  }

  private mutating func apdex(
    _ call: FunctionCall, _ metric: MetricDeclaration,
    _ definition: MetricDeclaration.Definition
  ) throws(QueryError) -> EngineSQL {
    let threshold = try call.number(1, 1...1e12)
    guard let points = scope.rowPoints(metric, definition), let measured = points.condition else {
      throw call.misuse
    }
    let (value, weight) = (points.value, points.weight ?? "1")
    return withPlan { plan in
      let satisfied = plan.aggregate(
        "sumIf", of: "\(weight), \(measured) AND \(value) <= \(threshold)")
      let tolerated = plan.aggregate(
        "sumIf",
        of: "\(weight), \(measured) AND \(value) > \(threshold) AND \(value) <= \(4 * threshold)")
      let all = plan.aggregate("sumIf", of: "\(weight), \(measured)")
      return "(\(satisfied) + \(tolerated) / 2) / nullIf(\(all), 0) * 100"
    }
  }
}

extension FunctionDeclaration {
  /// How many arguments a function of a metric takes.
  fileprivate var argumentCount: ClosedRange<Int> {
    switch operation {
    case .percentile, .exactPercentile, .apdex, .histogram: 2...2
    default: 1...1
    }
  }
}

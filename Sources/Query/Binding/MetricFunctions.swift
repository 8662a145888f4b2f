// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Aggregates of metrics. What each function means for each kind of metric is DeepFlow's, see
/// docs/sql.md.
extension AggregateBinder {
  private typealias Operation = FunctionDeclaration.Operation

  /// Where the values of a metric that are not just summed come from.
  private enum Source {
    case rows
    /// One point an interval of the table, summed over the group's rows.
    case points
  }

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
  private mutating func pointCount() -> EngineSQL {
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

  // MARK: Functions over values

  private mutating func overValues(
    _ call: FunctionCall, _ metric: MetricDeclaration,
    _ definition: MetricDeclaration.Definition
  ) throws(QueryError) -> EngineSQL {
    let (points, source) = try values(call, metric, definition)
    switch call.function.operation {
    case .average, .arithmeticAverage:
      return aggregate("avg", over: points, source)
    case .maximum:
      return maximum(points, source)
    case .minimum:
      return minimum(points, source, of: metric)
    case .spread:
      return "(\(maximum(points, source)) - \(minimum(points, source, of: metric)))"
    case .relativeSpread:
      let (high, low) = (maximum(points, source), minimum(points, source, of: metric))
      return "((\(high) + 1e-15) / (\(low) + 1e-15))"
    case .deviation:
      return aggregate("stddevPopStable", over: points, source)
    case .last:
      return aggregate("argMax", over: points, source, then: ", \(points.time)")
    case .percentile, .exactPercentile:
      return try percentile(call, points, source)
    case .histogram:
      let buckets = Int(try call.number(1, 1...250, whole: true))
      let positive: EngineSQL = "\(points.value) > 0"
      let both: EngineSQL = points.condition.map { "\($0) AND \(positive)" } ?? positive
      return withPlan { plan in
        switch source {
        case .rows: plan.aggregate("histogramIf", "(\(buckets))", of: "\(points.value), \(both)")
        case .points: plan.overPoint("histogramIf", "(\(buckets))", of: "\(points.value), \(both)")
        }
      }
    default:
      throw call.misuse
    }
  }

  private mutating func values(
    _ call: FunctionCall, _ metric: MetricDeclaration,
    _ definition: MetricDeclaration.Definition
  ) throws(QueryError) -> (Points, Source) {
    let isLog = scope.table.isLog
    if metric.kind == .percentage || metric.kind == .quotient {
      guard let terms = scope.terms(definition) else { throw call.misuse }
      let (part, whole): (EngineSQL, EngineSQL) =
        isLog
        ? (terms.part, terms.whole)
        : withPlan { ($0.pointSum(of: terms.part), $0.pointSum(of: terms.whole)) }
      let value = TableScope.ratio(
        metric.kind, part, of: whole, complement: terms.complement)
      return isLog
        ? (Points(value: value, time: "toUnixTimestamp(time)"), .rows)
        : (Points(value: value, time: "point"), .points)
    }
    if metric.kind == .counter || metric.kind == .gauge, !isLog {
      let sum = scope.summand(definition) ?? "0"
      return (Points(value: withPlan { $0.pointSum(of: sum) }, time: "point"), .points)
    }
    guard let points = scope.rowPoints(metric, definition) else { throw call.misuse }
    return (points, .rows)
  }

  /// An aggregate of the points, null when there are none.
  private mutating func aggregate(
    _ name: EngineSQL, _ parameters: EngineSQL = "", over points: Points, _ source: Source,
    then further: EngineSQL = ""
  ) -> EngineSQL {
    let (combined, arguments): (EngineSQL, EngineSQL) =
      switch points.condition {
      case .some(let condition):
        ("\(name)OrNullIf", "\(points.value)\(further), \(condition)")
      case nil: ("\(name)OrNull", "\(points.value)\(further)")
      }
    return withPlan { plan in
      switch source {
      case .rows: plan.aggregate(combined, parameters, of: arguments)
      case .points: plan.overPoint(combined, parameters, of: arguments)
      }
    }
  }

  private mutating func maximum(_ points: Points, _ source: Source) -> EngineSQL {
    var points = points
    points.value = points.maximum ?? points.value
    return aggregate("max", over: points, source)
  }

  private mutating func minimum(
    _ points: Points, _ source: Source, of metric: MetricDeclaration
  ) -> EngineSQL {
    let least = aggregate("min", over: points, source)
    guard source == .points, metric.kind == .counter else { return least }
    let seen = withPlan { $0.overPoint("count", of: "") }
    return "if(\(seen) < \(pointCount()), 0, \(least))"
  }

  private mutating func percentile(
    _ call: FunctionCall, _ points: Points, _ source: Source
  ) throws(QueryError) -> EngineSQL {
    // By way of whole numbers, so that 99.9 percent are 0.999.
    let level = (try call.number(1, 0...100) * 1e6).rounded() / 1e8
    let isExact = call.function.operation == .exactPercentile
    guard let weight = points.weight else {
      return aggregate(
        isExact ? "quantileExact" : "quantile", "(\(level))", over: points, source)
    }
    return aggregate(
      isExact ? "quantileExactWeighted" : "quantileTDigestWeighted", "(\(level))", over: points,
      source, then: ", \(weight)")
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

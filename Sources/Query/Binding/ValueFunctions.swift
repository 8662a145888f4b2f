// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Aggregates that look at each value of a metric, not just at its total.
extension AggregateBinder {
  /// Where the values of a metric that are not just summed come from.
  enum Source {
    case rows
    /// One point an interval of the table, summed over the group's rows.
    case points
  }

  mutating func overValues(
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
        ? (Points(value: value, time: scope.moment(of: value)), .rows)
        : (Points(value: value, time: "point"), .points)
    }
    if call.function.operation == .last, case .folded(let sum, let count, _) = definition,
      let sum = scope.column(sum), let count = scope.column(count)
    {
      // Many rows share the last interval; what came last is the mean of all of them.
      let (sum, count) = withPlan { ($0.pointSum(of: "\(sum)"), $0.pointSum(of: "\(count)")) }
      let mean = Points(value: "\(sum) / \(count)", condition: "\(count) > 0", time: "point")
      return (mean, .points)
    }
    if metric.kind == .counter || metric.kind == .gauge, !isLog {
      let sum = scope.summand(definition) ?? "0"
      return (Points(value: withPlan { $0.pointSum(of: sum) }, time: "point"), .points)
    }
    guard let points = scope.rowPoints(metric, definition) else { throw call.misuse }
    return (points, .rows)
  }

  /// An aggregate of the points, null when there are none.
  mutating func aggregate(
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

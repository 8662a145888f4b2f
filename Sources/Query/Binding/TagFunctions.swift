// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Aggregates of tags, and the functions that wrap aggregates.
extension AggregateBinder {
  mutating func foldTag(_ call: FunctionCall) throws(QueryError) -> Scalar {
    switch call.function.operation {
    case .unique, .exactUnique:
      try call.want(1...16)
      var values: [EngineSQL] = []
      for argument in call.arguments { values.append(try tagValue(argument, of: call).sql) }
      let name: EngineSQL = call.function.operation == .unique ? "uniq" : "uniqExact"
      let result = withPlan { $0.aggregate(name, of: values.joined(", ")) }
      return Scalar(sql: result, type: .integer, isMetric: true)
    case .topK:
      try call.want(2...2)
      let value = try tagValue(call.arguments[0], of: call).sql
      let count = Int(try call.number(1, 1...100, whole: true))
      let result = withPlan { $0.aggregate("topK", "(\(count))", of: value) }
      return Scalar(sql: result, type: .list)
    default:
      try call.want(1...1)
      let value = try tagValue(call.arguments[0], of: call)
      return Scalar(sql: withPlan { $0.aggregate("any", of: value.sql) }, type: value.type)
    }
  }

  /// The argument of an aggregate of tags, over rows.
  func tagValue(
    _ argument: Expression, of call: FunctionCall
  ) throws(QueryError) -> Scalar {
    if case .name(let name) = argument.kind,
      case .metric = try scope.meaning(name, at: argument.offset)
    {
      throw QueryError(
        .misuse, "\(call.function.name) takes tags; '\(name)' is a metric", at: argument.offset)
    }
    guard !argument.aggregates else {
      throw QueryError(
        .misuse, "\(call.function.name) takes a tag, not an aggregate", at: argument.offset)
    }
    return try scope.scalar(argument, at: .rows)
  }

  mutating func wrap(_ call: FunctionCall) throws(QueryError) -> Scalar {
    switch call.function.operation {
    case .percentage:
      try call.want(2...2)
      let part = try aggregated(call.arguments[0], in: call)
      let whole = try aggregated(call.arguments[1], in: call)
      return Scalar(
        sql: "(\(part.sql) / nullIf(\(whole.sql), 0) * 100)", type: .number, unit: "%",
        isMetric: true)
    default:
      try call.want(1...1)
      return try perSecond(call)
    }
  }

  private mutating func aggregated(
    _ argument: Expression, in call: FunctionCall
  ) throws(QueryError) -> Scalar {
    guard argument.aggregates else {
      throw QueryError(
        .misuse, "\(call.function.name) takes an aggregate such as Sum(request)",
        at: argument.offset)
    }
    return try number(argument)
  }

  /// A total is divided by the seconds it covers; a figure of one point by the table's interval.
  private mutating func perSecond(_ call: FunctionCall) throws(QueryError) -> Scalar {
    let argument = call.arguments[0]
    let value = try aggregated(argument, in: call)
    guard case .call(let name, let arguments) = argument.kind,
      let inner = FunctionDeclaration.named(name), try isCounted(arguments.first, by: inner)
    else {
      throw QueryError(
        .misuse, "PerSecond takes an aggregate of a counter, such as Sum(request)",
        at: argument.offset)
    }
    let unit = value.unit.isEmpty ? "/s" : value.unit + "/s"
    let isTotal = inner.operation == .sum || inner.operation == .count
    let seconds: EngineSQL = isTotal ? seconds() : "\(max(1, scope.table.interval))"
    return Scalar(sql: "(\(value.sql) / \(seconds))", type: .number, unit: unit, isMetric: true)
  }

  private func isCounted(
    _ argument: Expression?, by function: FunctionDeclaration
  ) throws(QueryError) -> Bool {
    if function.operation == .count || function.operation == .sum { return true }
    guard !scope.table.isLog, function.shape == .metric, function.operation != .histogram,
      function.operation != .relativeSpread, let argument, case .name(let name) = argument.kind,
      case .metric(let metric, _) = try scope.meaning(name, at: argument.offset)
    else { return false }
    return metric.kind == .counter
  }
}

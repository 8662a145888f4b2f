// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Binds what stands behind SELECT, HAVING and ORDER BY of a query that aggregates: keys,
/// aggregates and what is computed from them.
struct AggregateBinder {
  struct Key {
    var expression: Expression
    var value: Scalar
    var buckets: TimeBuckets?
  }

  let scope: TableScope
  let range: TimeRange
  private(set) var plan = AggregatePlan()
  private(set) var keys: [Key] = []

  init(scope: TableScope, range: TimeRange) {
    self.scope = scope
    self.range = range
  }

  /// The first `time(...)` that is grouped by.
  var buckets: TimeBuckets? { keys.lazy.compactMap(\.buckets).first }

  // MARK: Keys

  /// Groups by `expression`.
  mutating func group(by expression: Expression) throws(QueryError) {
    guard !keys.contains(where: { $0.expression == expression }) else { return }
    var buckets: TimeBuckets?
    if case .call(let name, let arguments) = expression.kind,
      FunctionDeclaration.named(name)?.operation == .time
    {
      buckets = try TimeBuckets(arguments, at: expression.offset, table: scope.table)
    }
    if expression.kind == .name("time") { buckets = TimeBuckets(of: scope.table) }
    if Constant(expression) != nil {
      throw QueryError(
        .misuse, "GROUP BY takes names, not constants", at: expression.offset)
    }
    // A condition is one on rows, and so the value that it decides is one of rows.
    let decoded = expression.decides ? [] : try decodedTags(in: expression)
    let value = try scope.scalar(expression, at: decoded.isEmpty ? .rows : .groups)
    var parts = decoded.flatMap { scope.groupParts($0) }
    if !parts.isEmpty { parts += try plainColumns(in: expression).map { .init($0) } }
    let name = plan.key(value.sql, parts: parts)
    keys.append(
      Key(
        expression: expression,
        value: Scalar(sql: name, type: value.type, unit: value.unit), buckets: buckets))
  }

  private func decodedTags(
    in expression: Expression
  ) throws(QueryError) -> [TableScope.BoundTag] {
    var tags: [TableScope.BoundTag] = []
    for (name, offset) in expression.names {
      if case .tag(let tag) = try scope.meaning(name, at: offset), tag.isDecoded {
        tags.append(tag)
      }
    }
    return tags
  }

  private func plainColumns(
    in expression: Expression
  ) throws(QueryError) -> [ColumnDeclaration] {
    var columns: [ColumnDeclaration] = []
    for (name, offset) in expression.names {
      switch try scope.meaning(name, at: offset) {
      case .tag(let tag) where !tag.isDecoded:
        columns.append(tag.column)
        if tag.attribute != nil { columns += [TableScope.attributeNames].compactMap(scope.column) }
      case .column(let column): columns.append(column)
      case .metric:
        throw QueryError(.misuse, "GROUP BY takes tags; '\(name)' is a metric", at: offset)
      default: break
      }
    }
    return columns
  }

  // MARK: Values

  /// `expression` over groups.
  mutating func value(_ expression: Expression) throws(QueryError) -> Scalar {
    if let key = keys.first(where: { $0.expression == expression }) { return key.value }
    switch expression.kind {
    case .integer, .decimal, .string:
      return try scope.scalar(expression, at: .groups)
    case .name(let name):
      throw try ungrouped(name, at: expression.offset)
    case .negated(let inner):
      let value = try number(inner)
      return Scalar(
        sql: "-(\(value.sql))", type: value.type, unit: value.unit, isMetric: value.isMetric)
    case .binary(let name, let left, let right) where name.isArithmetic:
      let (left, right) = (try number(left), try number(right))
      return Scalar.arithmetic(name, left, right)
    case .call(let name, let arguments):
      return try call(name, arguments, at: expression)
    case .star:
      throw QueryError(
        .misuse, "* cannot stand beside aggregates; name the columns", at: expression.offset)
    default:
      return Scalar(sql: try condition(expression), type: .integer)
    }
  }

  mutating func number(_ expression: Expression) throws(QueryError) -> Scalar {
    let value = try value(expression)
    guard value.type.isNumeric else {
      throw QueryError(.misuse, "expected a number here", at: expression.offset)
    }
    return value
  }

  /// HAVING, and the condition of `if`.
  mutating func condition(_ expression: Expression) throws(QueryError) -> EngineSQL {
    switch expression.kind {
    case .binary(.and, let left, let right):
      return "(\(try condition(left)) AND \(try condition(right)))"
    case .binary(.or, let left, let right):
      return "(\(try condition(left)) OR \(try condition(right)))"
    case .not(let inner):
      return "NOT (\(try condition(inner)))"
    default:
      guard let test = try ValueTest(expression) else {
        throw QueryError(
          .misuse, "expected a condition such as Sum(request) > 10", at: expression.offset)
      }
      let subject = try value(test.subject)
      var copy = self
      defer { self = copy }
      return try test.rendered(over: subject) { operand throws(QueryError) in
        try copy.value(operand)
      }
    }
  }

  private func ungrouped(_ name: String, at offset: Int) throws(QueryError) -> QueryError {
    let message =
      switch try scope.meaning(name, at: offset) {
      case .metric(let metric, _):
        "'\(name)' is a metric and needs a function here, such as "
          + (metric.kind == .counter ? "Sum" : metric.kind == .other ? "Count" : "Avg")
          + "(\(name))"
      default:
        "'\(name)' is neither grouped nor aggregated; add it to GROUP BY or write Any(\(name))"
      }
    return QueryError(.misuse, message, at: offset)
  }

  private mutating func call(
    _ name: String, _ arguments: [Expression], at expression: Expression
  ) throws(QueryError) -> Scalar {
    let function = try scope.function(name, at: expression.offset)
    let call = FunctionCall(function: function, arguments: arguments, offset: expression.offset)
    switch function.shape {
    case .metric: return try fold(call)
    case .tag: return try foldTag(call)
    case .wrapper: return try wrap(call)
    case .scalar: return try scalar(call)
    }
  }

  private mutating func scalar(_ call: FunctionCall) throws(QueryError) -> Scalar {
    switch call.function.operation {
    case .enumerationName:
      try call.want(1...1)
      return try enumerationName(call)
    case .toString:
      try call.want(1...1)
      return Scalar(sql: "toString(\(try value(call.arguments[0]).sql))", type: .text)
    case .choice:
      try call.want(3...3)
      let test = try condition(call.arguments[0])
      let (yes, no) = (try value(call.arguments[1]), try value(call.arguments[2]))
      return Scalar(
        sql: "if(\(test), \(yes.sql), \(no.sql))", type: yes.type, unit: yes.unit,
        isMetric: yes.isMetric)
    case .now, .instant:
      return try scope.scalar(
        Expression(.call(call.function.name, call.arguments), at: call.offset), at: .groups)
    default:
      throw QueryError(
        .misuse, "\(call.function.name)(...) must stand behind GROUP BY too", at: call.offset)
    }
  }

  /// Enum(tag) where the tag itself is grouped by.
  private func enumerationName(_ call: FunctionCall) throws(QueryError) -> Scalar {
    let argument = call.arguments[0]
    guard let key = keys.first(where: { $0.expression == argument }),
      case .name(let name) = argument.kind,
      case .tag(let tag) = try scope.meaning(name, at: argument.offset),
      tag.declaration.kind == .enumeration
    else {
      throw QueryError(
        .misuse, "Enum takes an enumeration that is grouped by", at: argument.offset)
    }
    let known = tag.enumerationValues(scope.directory)
    guard !known.isEmpty else { return Scalar(sql: "toString(\(key.value.sql))", type: .text) }
    let numbers = EngineSQL.list(known.map(\.number))
    let names = EngineSQL.list(literals: known.map(\.name))
    let number = key.value.sql
    return Scalar(
      sql: "transform(\(number), [\(numbers)], [\(names)], toString(\(number)))", type: .text)
  }

  mutating func withPlan<Result>(_ body: (inout AggregatePlan) -> Result) -> Result {
    body(&plan)
  }
}

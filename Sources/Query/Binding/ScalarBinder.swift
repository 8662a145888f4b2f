// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Telemetry

/// Values computed from one row.
extension TableScope {
  /// `expression` without aggregates, as a value of a row or of a group by tag set.
  func scalar(_ expression: Expression, at stage: Stage) throws(QueryError) -> Scalar {
    switch expression.kind {
    case .integer(let value):
      return Scalar(sql: "\(value)", type: .integer)
    case .decimal(let value):
      return Scalar(sql: "\(value)", type: .number)
    case .string(let text):
      return Scalar(sql: "\(literal: text)", type: .text)
    case .name(let name):
      return try named(name, at: expression.offset, stage)
    case .negated(let inner):
      let value = try number(inner, at: stage)
      return Scalar(sql: "-(\(value.sql))", type: value.type, unit: value.unit)
    case .binary(let name, let left, let right) where name.isArithmetic:
      return Scalar.arithmetic(
        name, try number(left, at: stage), try number(right, at: stage))
    case .call(let name, let arguments):
      return try call(name, arguments, at: expression.offset, stage)
    case .star:
      throw QueryError(.misuse, "* stands alone behind SELECT", at: expression.offset)
    default:
      return Scalar(sql: try condition(expression), type: .integer)
    }
  }

  private func number(_ expression: Expression, at stage: Stage) throws(QueryError) -> Scalar {
    let value = try scalar(expression, at: stage)
    guard value.type.isNumeric else {
      throw QueryError(.misuse, "arithmetic needs numbers", at: expression.offset)
    }
    return value
  }

  private func named(
    _ name: String, at offset: Int, _ stage: Stage
  ) throws(QueryError) -> Scalar {
    switch try meaning(name, at: offset) {
    case .tag(let tag): return shown(tag, at: stage)
    case .column(let column): return shown(column)
    case .metric(let metric, let definition):
      return try rowValue(metric, definition, at: offset)
    case .eitherSide(let tags):
      throw QueryError(
        .misuse,
        "'\(name)' has two sides in \(table.qualifiedName): \(tags[0].name) and "
          + "\(tags[1].name); only WHERE takes it without one", at: offset)
    }
  }

  /// A metric's value in one row.
  private func rowValue(
    _ metric: MetricDeclaration, _ definition: MetricDeclaration.Definition, at offset: Int
  ) throws(QueryError) -> Scalar {
    guard metric.kind != .other, let value = figure(definition) else {
      let example = metric.kind == .other ? "Count(\(metric.name))" : "Avg(\(metric.name))"
      throw QueryError(
        .misuse, "\(metric.name) has no value in a single row; write \(example)", at: offset)
    }
    return Scalar(sql: value, type: .integer, unit: metric.unit, isMetric: true)
  }

  private func call(
    _ name: String, _ arguments: [Expression], at offset: Int, _ stage: Stage
  ) throws(QueryError) -> Scalar {
    let function = try function(name, at: offset)
    func want(_ counts: ClosedRange<Int>) throws(QueryError) {
      guard counts.contains(arguments.count) else {
        throw QueryError(
          .misuse, "\(function.name) is written \(function.name)(\(function.signature))",
          at: offset)
      }
    }
    switch function.operation {
    case .enumerationName:
      try want(1...1)
      return try enumerationName(arguments[0], at: stage)
    case .toString:
      try want(1...1)
      if case .name(let name) = arguments[0].kind, let column = column(name),
        column.type == .dateTime || column.type == .dateTimeMicroseconds
      {
        return Scalar(sql: "toString(\(column), 'UTC')", type: .text)
      }
      return Scalar(sql: "toString(\(try scalar(arguments[0], at: stage).sql))", type: .text)
    case .choice:
      try want(3...3)
      let (yes, no) = (
        try scalar(arguments[1], at: stage), try scalar(arguments[2], at: stage)
      )
      guard yes.type == no.type || (yes.type.isNumeric && no.type.isNumeric) else {
        throw QueryError(
          .misuse, "both values of if must be numbers or both text", at: arguments[2].offset)
      }
      let test = try condition(arguments[0])
      return Scalar(sql: "if(\(test), \(yes.sql), \(no.sql))", type: yes.type, unit: yes.unit)
    case .now:
      try want(0...0)
      return Scalar(sql: "\(now)", type: .integer, unit: "s")
    case .instant:
      try want(1...1)
      guard let seconds = FoldedNumber(timeOperand: arguments[0], now: now) else {
        throw QueryError(
          .misuse, "\(function.name) is written \(function.name)(\(function.signature))",
          at: arguments[0].offset)
      }
      return Scalar(sql: seconds.sql, type: .integer, unit: "s")
    case .time:
      return Scalar(
        sql: try TimeBuckets(arguments, at: offset, table: table).sql, type: .integer, unit: "s")
    default:
      throw QueryError(
        .misuse,
        "\(function.name) is an aggregate and has no place here; conditions on aggregates go "
          + "behind HAVING", at: offset)
    }
  }

  private func enumerationName(
    _ argument: Expression, at stage: Stage
  ) throws(QueryError) -> Scalar {
    guard case .name(let name) = argument.kind,
      case .tag(let tag) = try meaning(name, at: argument.offset),
      tag.declaration.kind == .enumeration
    else {
      throw QueryError(
        .misuse,
        "Enum takes an enumeration, one of "
          + tags.filter { $0.declaration.kind == .enumeration }.map(\.name).joined(separator: ", "),
        at: argument.offset)
    }
    let known = tag.enumerationValues(directory)
    guard !known.isEmpty else { return Scalar(sql: "toString(\(tag.column))", type: .text) }
    let numbers = EngineSQL.list(known.map(\.number))
    let names = EngineSQL.list(literals: known.map(\.name))
    return Scalar(
      sql: "transform(\(tag.column), [\(numbers)], [\(names)], toString(\(tag.column)))",
      type: .text)
  }

  /// The declared function of that name.
  func function(_ name: String, at offset: Int) throws(QueryError) -> FunctionDeclaration {
    if let function = FunctionDeclaration.named(name) { return function }
    throw QueryError(
      .unknownName, "unknown function '\(name)'", at: offset,
      suggestions: NearestNames.of(name, in: FunctionDeclaration.builtIn.map(\.name)))
  }
}

extension Scalar {
  /// Nothing divided by nothing is null, not an error.
  static func arithmetic(_ name: BinaryOperator, _ left: Scalar, _ right: Scalar) -> Scalar {
    let unit = left.unit.isEmpty ? right.unit : left.unit
    let isWhole = left.type == .integer && right.type == .integer && name != .divide
    let sql: EngineSQL =
      switch name {
      case .add: "(\(left.sql) + \(right.sql))"
      case .subtract: "(\(left.sql) - \(right.sql))"
      case .multiply: "(\(left.sql) * \(right.sql))"
      case .divide: "(\(left.sql) / nullIf(\(right.sql), 0))"
      default: "(\(left.sql) % nullIf(\(right.sql), 0))"
      }
    return Scalar(
      sql: sql, type: isWhole ? .integer : .number, unit: unit,
      isMetric: left.isMetric || right.isMetric)
  }
}

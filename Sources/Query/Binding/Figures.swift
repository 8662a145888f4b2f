// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// What a metric's functions work on: values with the rows that have one.
struct Points {
  var value: EngineSQL
  /// True for rows that have a value; nil when all do.
  var condition: EngineSQL?
  /// How many measurements a value stands for; nil when one.
  var weight: EngineSQL?
  /// The largest measurement behind a value, where it is stored.
  var maximum: EngineSQL?
  /// What is largest for the latest value, for Last.
  var time: EngineSQL
}

extension TableScope {
  /// A metric's figure in one row; nil for ratios.
  func figure(_ definition: MetricDeclaration.Definition) -> EngineSQL? {
    switch definition {
    case .column(let name):
      return column(name).map { "\($0)" }
    case .rowsMeeting(let conditions):
      let tests = conditions.compactMap { condition -> EngineSQL? in
        guard let column = column(condition.column) else { return nil }
        let numbers = condition.numbers
        return numbers.count == 1
          ? "\(column) = \(numbers[0])" : "\(column) IN (\(EngineSQL.list(numbers)))"
      }
      return "(\(tests.joined(" AND ")))"
    case .rows:
      return "1"
    case .total(let names):
      let parts = names.compactMap(column).map { column -> EngineSQL in
        column.type.isNullable ? "ifNull(\(column), 0)" : "\(column)"
      }
      return "(\(parts.joined(" + ")))"
    case .folded(let sum, let count, _):
      guard let sum = column(sum), let count = column(count) else { return nil }
      return "(\(sum) / nullIf(\(count), 0))"
    case .ratio:
      return nil
    }
  }

  /// The figure as it is summed: null as 0, so that a sum is never null.
  func summand(_ definition: MetricDeclaration.Definition) -> EngineSQL? {
    if case .column(let name) = definition, let column = column(name), column.type.isNullable {
      return "ifNull(\(column), 0)"
    }
    return figure(definition)
  }

  /// The values of a delay or a bounded gauge, and of a log's counter: one a row.
  func rowPoints(
    _ metric: MetricDeclaration, _ definition: MetricDeclaration.Definition
  ) -> Points? {
    if case .folded(let sum, let count, let max) = definition,
      let sum = column(sum), let count = column(count), let max = column(max)
    {
      return Points(
        value: "\(sum) / \(count)", condition: "\(count) > 0", weight: "\(count)",
        maximum: "\(max)", time: moment(of: "\(sum) / \(count)"))
    }
    guard let value = figure(definition) else { return nil }
    let time = moment(of: value)
    guard metric.kind == .delay else { return Points(value: value, time: time) }
    return Points(value: value, condition: "\(value) > 0", time: time)
  }

  /// What orders rows by time: a log's by their ends, to the microsecond, and then by their numbers.
  /// Of others that have one time the row with the larger value is the later one, so that each run
  /// gives the same answer.
  func moment(of value: EngineSQL) -> EngineSQL {
    guard let end = column("end_time"), let row = column("_id") else {
      return "tuple(time, \(value))"
    }
    return "tuple(\(end), \(row))"
  }

  /// Numerator and denominator of a ratio, as summed.
  func terms(
    _ definition: MetricDeclaration.Definition
  ) -> (part: EngineSQL, whole: EngineSQL, complement: Bool)? {
    guard case .ratio(let part, let whole, let complement) = definition else { return nil }
    func term(_ name: String) -> EngineSQL? {
      MetricDeclaration.builtIn.first { $0.name == name }?.definition(in: table).flatMap(summand)
    }
    guard let part = term(part), let whole = term(whole) else { return nil }
    return (part, whole, complement)
  }

  /// A ratio as its kind of metric is shown.
  static func ratio(
    _ kind: MetricDeclaration.Kind, _ part: EngineSQL, of whole: EngineSQL, complement: Bool
  ) -> EngineSQL {
    kind == .quotient
      ? "(\(part) / nullIf(\(whole), 0))" : percentage(part, of: whole, complement: complement)
  }

  /// A ratio as it is shown: percent, at most 100, null when nothing was counted.
  static func percentage(
    _ part: EngineSQL, of whole: EngineSQL, complement: Bool
  ) -> EngineSQL {
    complement
      ? "if(\(whole) > 0, (1 - least(\(part) / \(whole), 1)) * 100, NULL)"
      : "if(\(whole) > 0, least(\(part) / \(whole), 1) * 100, NULL)"
  }
}

// SPDX-License-Identifier: Apache-2.0

internal import Storage
internal import Telemetry

struct SelectBinder {
  let scope: TableScope
  let select: SelectStatement

  /// - Throws: ``QueryError`` without its place worked out.
  func plan() throws(QueryError) -> SelectPlan {
    let condition: EngineSQL?
    if let limit = select.seriesLimit, select.grouping.isEmpty {
      throw QueryError(
        .misuse, "SLIMIT \(limit.series) limits the series of a query with GROUP BY", at: 0)
    }
    if let expression = select.condition {
      condition = try scope.condition(expression)
    } else {
      condition = nil
    }
    let aggregates =
      !select.grouping.isEmpty || select.items.contains { $0.expression.aggregates }
      || select.having != nil
    return aggregates ? try grouped(condition) : try rows(condition)
  }

  /// The seconds that WHERE admits.
  private var rowSeconds: TimeSet {
    TimeSet(select.condition, table: scope.table, now: scope.now)
  }

  private var verb: EngineSQL { select.isDistinct ? "SELECT DISTINCT" : "SELECT" }

  private var limit: EngineSQL {
    let limit = select.limit ?? Limit(rows: DialectLimits.defaultRows)
    return limit.skipped == 0
      ? " LIMIT \(limit.rows)" : " LIMIT \(limit.rows) OFFSET \(limit.skipped)"
  }

  // MARK: Rows

  private func rows(_ condition: EngineSQL?) throws(QueryError) -> SelectPlan {
    let items = expanded()
    var values: [EngineSQL] = []
    var columns: [AnswerColumn] = []
    for (index, item) in items.enumerated() {
      let value = try scope.scalar(item.expression, at: .rows)
      values.append("\(value.sql) AS c\(index)")
      columns.append(AnswerColumn(value, item.heading))
    }
    var order: [EngineSQL] = []
    for term in select.order {
      let expression = aliased(term.expression) ?? term.expression
      if expression.aggregates {
        throw QueryError(
          .misuse, "ORDER BY has an aggregate, and SELECT has none", at: term.expression.offset)
      }
      order.append(Self.term(sortValue(try scope.scalar(expression, at: .rows), expression), term))
    }
    if let last = timeTieBreak() { order.append(last) }
    let filter: EngineSQL = condition.map { " WHERE \($0)" } ?? ""
    let sorted: EngineSQL = order.isEmpty ? "" : " ORDER BY \(order.joined(", "))"
    return SelectPlan(
      table: scope.table,
      sql: "\(verb) \(values.joined(", ")) FROM \(scope.table)\(filter)\(sorted)\(limit)",
      columns: columns, range: rowSeconds.range, step: 1)
  }

  /// Rows of a log that are sorted by their second have an order within it, too: of their ends, to the
  /// microsecond. Nil where nothing sorts by time, or something sorts by that already.
  private func timeTieBreak() -> EngineSQL? {
    func term(_ names: [String]) -> SelectStatement.Order? {
      select.order.first { term in
        let expression = aliased(term.expression) ?? term.expression
        return if case .name(let name) = expression.kind { names.contains(name) } else { false }
      }
    }
    guard !select.isDistinct, let end = scope.column("end_time"), let time = term(["time"]),
      term(["start_time", "end_time", "_id"]) == nil
    else { return nil }
    return Self.term("\(end)", time)
  }

  /// Times sort by their column, so that the engine can read in the table's order.
  private func sortValue(_ value: Scalar, _ expression: Expression) -> EngineSQL {
    guard case .name(let name) = expression.kind, let column = scope.column(name) else {
      return value.sql
    }
    switch column.type {
    case .dateTime, .dateTimeMicroseconds: return "\(column)"
    default: return value.sql
    }
  }

  private func expanded() -> [SelectStatement.Item] {
    select.items.flatMap { item -> [SelectStatement.Item] in
      guard item.expression.kind == .star else { return [item] }
      let tags = scope.tags
      var names = tags.filter { $0.name == "time" }.map(\.name)
      names += tags.map(\.name).filter { $0 != "time" }
      names += scope.table.columns.map(\.name).filter { !names.contains($0) }
      return names.map {
        .init(
          expression: Expression(.name($0), at: item.expression.offset), alias: nil, heading: $0)
      }
    }
  }

  // MARK: Groups

  private func grouped(_ condition: EngineSQL?) throws(QueryError) -> SelectPlan {
    let seconds = rowSeconds
    let range = seconds.range.asked(at: scope.now)
    var binder = AggregateBinder(scope: scope, range: range)
    for expression in select.grouping {
      let key = groupKey(expression)
      guard !key.aggregates else {
        throw QueryError(.misuse, "GROUP BY takes tags, not aggregates", at: expression.offset)
      }
      try binder.group(by: key)
    }
    var values: [EngineSQL] = []
    var columns: [AnswerColumn] = []
    for (index, item) in select.items.enumerated() {
      let value = try binder.value(item.expression)
      values.append("\(value.sql) AS c\(index)")
      columns.append(AnswerColumn(value, item.heading))
    }
    var kept: [EngineSQL] = []
    let having = select.having.map(dealiased)
    if let having { kept.append(try binder.condition(having)) }
    var order: [EngineSQL] = []
    for term in select.order {
      order.append(Self.term(try binder.value(dealiased(term.expression)).sql, term))
    }
    let sorted: EngineSQL = order.isEmpty ? "" : " ORDER BY \(order.joined(", "))"
    let rank = try seriesRank(&binder)
    var source = binder.plan.sql(from: "\(scope.table)", where: condition)
    if let rank {
      source = rank.ranked(source)
      kept.append(rank.condition)
    }
    let filter: EngineSQL = kept.isEmpty ? "" : " WHERE \(kept.joined(" AND "))"
    return SelectPlan(
      table: scope.table,
      sql: "\(verb) \(values.joined(", ")) FROM (\(source))\(filter)\(sorted)\(limit)",
      columns: columns, fill: fill(binder, range: range),
      range: seconds.intersection(TimeSet(having, table: scope.table, now: scope.now)).range,
      step: binder.buckets.map { Int64($0.step) })
  }

  /// What SLIMIT asks for; nil without one.
  private func seriesRank(_ binder: inout AggregateBinder) throws(QueryError) -> SeriesRank? {
    guard let limit = select.seriesLimit else { return nil }
    let names = binder.keys.filter { $0.buckets == nil }.map(\.value.sql)
    if let order = limit.order {
      let value = try binder.number(dealiased(order.expression))
      return SeriesRank(
        series: limit.series, keys: names, value: value.sql, descending: order.descending)
    }
    let first = select.items.first { $0.expression.aggregates }
    let value = try first.map { item throws(QueryError) in try binder.value(item.expression) }
    return SeriesRank(
      series: limit.series, keys: names, value: value?.type.isNumeric == true ? value?.sql : nil,
      descending: true)
  }

  /// An alias of a value without aggregates, or what is written.
  private func groupKey(_ expression: Expression) -> Expression {
    guard let aliased = aliased(expression), !aliased.aggregates else { return expression }
    return aliased
  }

  private func fill(_ binder: AggregateBinder, range: TimeRange) -> FillPlan? {
    guard let key = binder.keys.first(where: { $0.buckets != nil }), let buckets = key.buckets,
      buckets.fill != .none,
      let time = select.items.firstIndex(where: { $0.expression == key.expression })
    else { return nil }
    let series = select.items.indices.filter {
      $0 != time && !select.items[$0].expression.aggregates
    }
    let first = select.order.first.map { dealiased($0.expression) }
    return FillPlan(
      time: time, series: series, step: Int64(buckets.step), offset: Int64(buckets.offset),
      value: buckets.fill == .zero ? .int(0) : .null, range: range,
      order: first == key.expression
        ? (select.order[0].descending ? .descending : .ascending) : .bySeries)
  }

  private static func term(_ value: EngineSQL, _ term: SelectStatement.Order) -> EngineSQL {
    term.descending ? "\(value) DESC" : value
  }
}

// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Catalog
internal import Storage
internal import Telemetry

/// SHOW TAG x VALUES: from the catalog, the declarations, or the store.
extension ShowBinder {
  func values(
    of name: Name, from table: Name?, _ show: ShowStatement
  ) throws(QueryError) -> QueryCompiler.Compiled {
    if let prefix = TagDeclaration.customPrefixes.first(where: { $0 == name.text + "." }) {
      let scope = try scope(table ?? Name(text: "l7_flow_log", offset: name.offset))
      return try values(from: Self.names(behind: prefix), in: scope, show)
    }
    let scope = if let table { try scope(table) } else { try anyScope(name) }
    let tag: TableScope.BoundTag
    switch try scope.meaning(name.text, at: name.offset) {
    case .tag(let found): tag = found
    case .eitherSide(let found): tag = found[0]
    case .column(let column) where column.name == TableScope.attributeNames:
      // Which attributes there are, is seen in the rows.
      let names: EngineSQL =
        "SELECT arrayJoin(\(column)) AS value, value AS display_name FROM \(scope.table) GROUP BY value"
      return try values(from: (names, .text, true), in: scope, show)
    case .metric, .column:
      throw QueryError(
        .misuse, "'\(name.text)' is no tag of \(scope.table.qualifiedName)", at: name.offset)
    }
    if let resource = tag.resource {
      return try values(from: Self.valueSource(of: resource), in: scope, show)
    }
    return try values(from: valueSource(of: tag, in: scope), in: scope, show)
  }

  private typealias ValueSource = (sql: EngineSQL, type: ValueType, readsRows: Bool)

  private func values(
    from source: ValueSource, in scope: TableScope, _ show: ShowStatement
  ) throws(QueryError) -> QueryCompiler.Compiled {
    let filter: EngineSQL
    if let condition = show.condition {
      filter = " WHERE \(try valueCondition(condition, type: source.type))"
    } else {
      filter = ""
    }
    var order: [EngineSQL] = []
    for term in show.order {
      let column = try term.expression.column(of: Self.valueNames)
      order.append("c\(column)\(term.descending ? " DESC" : "")")
    }
    let sorted = order.isEmpty ? "value" : order.joined(", ")
    let limit = show.limit ?? Limit(rows: DialectLimits.defaultRows)
    let plan = SelectPlan(
      table: scope.table,
      sql: "SELECT value AS c0, display_name AS c1 FROM (\(source.sql))\(filter) "
        + "ORDER BY \(sorted) LIMIT \(limit.rows) OFFSET \(limit.skipped)",
      columns: [
        AnswerColumn(name: "value", type: source.type, unit: "", label: .tag),
        AnswerColumn(name: "display_name", type: .text, unit: "", label: .tag),
      ],
      range: source.readsRows ? TimeRange() : nil)
    return .show(plan)
  }

  /// The values that any tag set has, whether or not a row still does.
  private static func valueSource(of resource: TagDeclaration.ResourceValue) -> ValueSource {
    let isGiven = resource.members.map {
      "number IN (SELECT \(TableScope.member($0)) FROM \(TableDeclaration.tagSet))" as EngineSQL
    }
    let values: EngineSQL =
      "SELECT DISTINCT value, value AS display_name FROM \(TableDeclaration.attribute) "
      + "WHERE name = \(literal: resource.property) AND (\(isGiven.joined(" OR ")))"
    return (values, .text, false)
  }

  /// The names behind a prefix of custom tags: which labels there are.
  private static func names(behind prefix: String) -> ValueSource {
    let names: EngineSQL =
      "SELECT DISTINCT name AS value, value AS display_name FROM \(TableDeclaration.attribute) "
      + "WHERE startsWith(name, \(literal: prefix))"
    return (names, .text, false)
  }

  private static let valueNames = ["value", "display_name"]

  /// A table that has the tag, where the statement names none.
  private func anyScope(_ name: Name) throws(QueryError) -> TableScope {
    let scopes = TableDeclaration.builtIn
      .filter { database.isEmpty || $0.database == database }
      .map { TableScope(table: $0, directory: directory, now: now) }
    for scope in scopes {
      if scope.meaning(name.text) != nil { return scope }
    }
    throw QueryError(
      .unknownName, "there is no tag '\(name.text)'", at: name.offset,
      suggestions: NearestNames.of(name.text, in: TagDeclaration.builtIn.map(\.name)))
  }

  private func valueSource(
    of tag: TableScope.BoundTag, in scope: TableScope
  ) -> ValueSource {
    let known = tag.enumerationValues(directory)
    if !known.isEmpty {
      let pairs = known.map { "(\($0.number), \(literal: $0.name))" as EngineSQL }
      return (
        "SELECT pair.1 AS value, pair.2 AS display_name FROM "
          + "(SELECT arrayJoin([\(pairs.joined(", "))]) AS pair)", .integer, false
      )
    }
    let shown = scope.shown(tag, at: .rows)
    return (
      "SELECT \(shown.sql) AS value, toString(value) AS display_name FROM \(scope.table) "
        + "GROUP BY value", shown.type, true
    )
  }

  /// A condition on the names `value` and `display_name`.
  private func valueCondition(
    _ expression: Expression, type: ValueType
  ) throws(QueryError) -> EngineSQL {
    switch expression.kind {
    case .binary(.and, let left, let right):
      return
        "(\(try valueCondition(left, type: type)) AND \(try valueCondition(right, type: type)))"
    case .binary(.or, let left, let right):
      return "(\(try valueCondition(left, type: type)) OR \(try valueCondition(right, type: type)))"
    case .not(let inner):
      return "NOT (\(try valueCondition(inner, type: type)))"
    default:
      guard let test = try ValueTest(expression) else { throw expression.noCondition }
      let subject =
        try test.subject.column(of: Self.valueNames) == 0
        ? Scalar(sql: "value", type: type) : Scalar(sql: "display_name", type: .text)
      return try test.rendered(over: subject) { operand throws(QueryError) in
        if case .text(let text)? = Constant(operand) {
          return Scalar(sql: "\(literal: text)", type: .text)
        }
        guard let number = FoldedNumber(operand, now: now) else {
          throw QueryError(.misuse, "expected a constant", at: operand.offset)
        }
        return Scalar(sql: number.sql, type: .integer)
      }
    }
  }
}

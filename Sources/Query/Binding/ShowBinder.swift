// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Storage
internal import Telemetry

/// SHOW: what there is to ask for, from the declarations; the values of text columns from the store.
struct ShowBinder {
  let database: String
  let precision: TableScope.Precision
  let directory: any TagDirectory

  func answer(_ show: ShowStatement) throws(QueryError) -> QueryCompiler.Compiled {
    if case .tagValues(let tag, let table) = show.subject {
      return try values(of: tag, from: table, show)
    }
    if let condition = show.condition {
      throw QueryError(
        .misuse, "only SHOW TAG x VALUES takes WHERE", at: condition.offset)
    }
    var answer = try declared(show.subject)
    if let limit = show.limit {
      answer.rows = Array(answer.rows.dropFirst(Int(limit.skipped)).prefix(Int(limit.rows)))
    }
    return .ready(answer)
  }

  private func declared(_ subject: ShowStatement.Subject) throws(QueryError) -> Answer {
    switch subject {
    case .databases: return Answer(["name"], TableScope.databases.map { [$0] })
    case .tables(let named):
      let wanted = named?.text ?? database
      try TableScope.check(database: wanted, at: named?.offset)
      let tables = TableDeclaration.builtIn.filter { wanted.isEmpty || $0.database == wanted }
      return Answer(
        ["name", "database", "interval", "description"],
        tables.map { [$0.name, $0.database, "\($0.interval)", $0.about] })
    case .tags(let name):
      return tags(of: try scope(name))
    case .metrics(let name):
      return try metrics(of: name)
    case .functions:
      return Answer(
        ["name", "type", "arguments", "metric_types", "unit", "description"],
        FunctionDeclaration.builtIn.map {
          [
            $0.name, $0.shape.rawValue, $0.signature,
            $0.accepts.map(\.rawValue).joined(separator: ","), $0.unit ?? "", $0.about,
          ]
        })
    case .enumeration(let name):
      return try enumeration(name)
    case .tagValues:
      return Answer([], [])
    }
  }

  private func enumeration(_ name: Name) throws(QueryError) -> Answer {
    let declared = TagDeclaration.builtIn.filter { $0.kind == .enumeration || $0.kind == .bits }
    guard let tag = declared.first(where: { $0.name == name.text }) else {
      throw QueryError(
        .unknownName, "there is no enumeration '\(name.text)'", at: name.offset,
        suggestions: NearestNames.of(name.text, in: declared.map(\.name)))
    }
    return Answer(
      ["value", "display_name"],
      tag.enumerationValues(directory).map { ["\($0.number)", $0.name] })
  }

  private func scope(_ name: Name) throws(QueryError) -> TableScope {
    let table = try TableScope.table(name, database: database, precision: precision)
    return TableScope(table: table, directory: directory)
  }

  // MARK: Tags and metrics

  private func tags(of scope: TableScope) -> Answer {
    var rows: [[String]] = []
    for declaration in TagDeclaration.builtIn {
      let bound = scope.tags.filter { $0.declaration == declaration }
      guard let first = bound.first else { continue }
      let twoSided = bound.count > 1
      rows.append([
        declaration.name, bound[0].name, twoSided ? bound[1].name : first.name,
        declaration.displayName, declaration.kind.rawValue, declaration.category,
        Self.operators(declaration.kind), declaration.about,
      ])
    }
    return Answer(
      [
        "name", "client_name", "server_name", "display_name", "type", "category", "operators",
        "description",
      ], rows)
  }

  private static func operators(_ kind: TagDeclaration.Kind) -> String {
    switch kind {
    case .string, .resource, .address, .linkAddress:
      "=,!=,IN,NOT IN,LIKE,NOT LIKE,REGEXP,NOT REGEXP"
    case .integer, .id, .time, .bits: "=,!=,<,<=,>,>=,IN,NOT IN,BETWEEN"
    case .enumeration: "=,!=,IN,NOT IN"
    }
  }

  private func metrics(of name: Name?) throws(QueryError) -> Answer {
    let tables: [TableDeclaration]
    if let name {
      tables = [try scope(name).table]
    } else {
      tables = TableDeclaration.builtIn.filter { database.isEmpty || $0.database == database }
    }
    let rows = tables.flatMap { table in
      MetricDeclaration.metrics(of: table).map { metric in
        [
          metric.name, metric.displayName, metric.kind.rawValue, metric.unit, metric.category,
          table.qualifiedName,
          FunctionDeclaration.builtIn.filter { $0.accepts.contains(metric.kind) }.map(\.name)
            .joined(separator: ","),
          metric.about,
        ]
      }
    }
    return Answer(
      [
        "name", "display_name", "type", "unit", "category", "table", "functions", "description",
      ], rows)
  }

  // MARK: Values of a tag

  private func values(
    of name: Name, from table: Name?, _ show: ShowStatement
  ) throws(QueryError) -> QueryCompiler.Compiled {
    let scope = if let table { try scope(table) } else { try anyScope(name) }
    let tag: TableScope.BoundTag
    switch try scope.meaning(name.text, at: name.offset) {
    case .tag(let found): tag = found
    case .eitherSide(let found): tag = found[0]
    case .metric, .column:
      throw QueryError(
        .misuse, "'\(name.text)' is no tag of \(scope.table.qualifiedName)", at: name.offset)
    }
    if tag.isDecoded { return .ready(try decodedValues(of: tag, in: scope, show)) }
    let source = valueSource(of: tag, in: scope)
    let filter: EngineSQL
    if let condition = show.condition {
      filter = " WHERE \(try valueCondition(condition, type: source.type))"
    } else {
      filter = ""
    }
    let limit = show.limit ?? Limit(rows: DialectLimits.defaultRows)
    let plan = SelectPlan(
      table: scope.table,
      sql: "SELECT value AS c0, display_name AS c1 FROM (\(source.sql))\(filter) "
        + "ORDER BY value LIMIT \(limit.rows) OFFSET \(limit.skipped)",
      columns: [
        AnswerColumn(name: "value", type: source.type, unit: "", label: .tag),
        AnswerColumn(name: "display_name", type: .text, unit: "", label: .tag),
      ],
      range: TimeRange())
    return .show(plan)
  }

  /// The values that the catalog knows; the store is not asked.
  private func decodedValues(
    of tag: TableScope.BoundTag, in scope: TableScope, _ show: ShowStatement
  ) throws(QueryError) -> Answer {
    var values: [String] = []
    for value in Set(scope.values(of: tag).map(\.value)).sorted() {
      if let condition = show.condition, try !meets(condition, value) { continue }
      values.append(value)
    }
    let limit = show.limit ?? Limit(rows: DialectLimits.defaultRows)
    return Answer(
      ["value", "display_name"],
      values.dropFirst(Int(limit.skipped)).prefix(Int(limit.rows)).map { [$0, $0] })
  }

  private func meets(_ condition: Expression, _ value: String) throws(QueryError) -> Bool {
    switch condition.kind {
    case .binary(.and, let left, let right):
      let (first, second) = (try meets(left, value), try meets(right, value))
      return first && second
    case .binary(.or, let left, let right):
      let (first, second) = (try meets(left, value), try meets(right, value))
      return first || second
    case .not(let inner):
      return try !meets(inner, value)
    default:
      let test = try valueTest(condition)
      if case .regexp = test.operation {
        throw QueryError(.misuse, "use LIKE here, not REGEXP", at: condition.offset)
      }
      return try test.holds(for: value)
    }
  }

  private func valueTest(_ expression: Expression) throws(QueryError) -> ValueTest {
    guard let test = try ValueTest(expression), case .name(let name) = test.subject.kind,
      name == "value" || name == "display_name"
    else {
      throw QueryError(
        .misuse, "here WHERE takes conditions on value and display_name", at: expression.offset)
    }
    return test
  }

  /// A table that has the tag, where the statement names none.
  private func anyScope(_ name: Name) throws(QueryError) -> TableScope {
    let scopes = TableDeclaration.builtIn
      .filter { database.isEmpty || $0.database == database }
      .map { TableScope(table: $0, directory: directory) }
    for scope in scopes {
      if case .some = try? scope.meaning(name.text, at: name.offset) { return scope }
    }
    throw QueryError(
      .unknownName, "there is no tag '\(name.text)'", at: name.offset,
      suggestions: NearestNames.of(name.text, in: TagDeclaration.builtIn.map(\.name)))
  }

  private func valueSource(
    of tag: TableScope.BoundTag, in scope: TableScope
  ) -> (sql: EngineSQL, type: ValueType) {
    let known = tag.enumerationValues(directory)
    if !known.isEmpty {
      let pairs = known.map { "(\($0.number), \(literal: $0.name))" as EngineSQL }
      return (
        "SELECT pair.1 AS value, pair.2 AS display_name FROM "
          + "(SELECT arrayJoin([\(pairs.joined(", "))]) AS pair)", .integer
      )
    }
    let shown = scope.shown(tag, at: .rows)
    return (
      "SELECT \(shown.sql) AS value, toString(value) AS display_name FROM \(scope.table) "
        + "GROUP BY value", shown.type
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
      let test = try valueTest(expression)
      let subject =
        test.subject.kind == .name("value")
        ? Scalar(sql: "value", type: type) : Scalar(sql: "display_name", type: .text)
      return try test.rendered(over: subject) { operand throws(QueryError) in
        guard let constant = Constant(operand) else {
          throw QueryError(.misuse, "expected a constant", at: operand.offset)
        }
        if case .text(let text) = constant { return Scalar(sql: "\(literal: text)", type: .text) }
        return Scalar(sql: constant.number ?? "0", type: .integer)
      }
    }
  }
}

extension Answer {
  /// A table of text.
  fileprivate init(_ names: [String], _ rows: [[String]]) {
    self.init(
      columns: names.map { AnswerColumn(name: $0, type: .text, unit: "", label: .tag) },
      rows: rows.map { $0.map(Value.string) })
  }
}

// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Catalog
internal import Storage
internal import Telemetry

/// SHOW: what there is to ask for, from the declarations; the values of text columns from the store.
struct ShowBinder {
  let database: String
  let precision: TableScope.Precision
  let directory: any TagDirectory
  let now: Int64

  func answer(_ show: ShowStatement) throws(QueryError) -> QueryCompiler.Compiled {
    if case .tagValues(let tag, let table) = show.subject {
      return try values(of: tag, from: table, show)
    }
    return .ready(try declared(show.subject).choosing(show))
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
    case .columns(let name):
      let scope = try scope(name)
      return Answer(
        ["name", "type", "description"],
        scope.table.columns.map { [$0.name, scope.shown($0).type.rawValue, $0.about] })
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

  func scope(_ name: Name) throws(QueryError) -> TableScope {
    let table = try TableScope.table(name, database: database, precision: precision)
    return TableScope(table: table, directory: directory, now: now)
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
}

// SPDX-License-Identifier: Apache-2.0

/// An aggregate function of the engine over something.
struct EngineAggregate: Hashable {
  /// With its combinators: `sum`, `quantileOrNullIf`.
  var name: EngineSQL
  /// `(0.95)`, or empty.
  var parameters: EngineSQL = ""
  var arguments: EngineSQL

  var call: EngineSQL { "\(name)\(parameters)(\(arguments))" }
  var state: EngineSQL { "\(name)State\(parameters)(\(arguments))" }
  func merge(_ state: EngineSQL) -> EngineSQL { "\(name)Merge\(parameters)(\(state))" }
  func mergeState(_ state: EngineSQL) -> EngineSQL { "\(name)MergeState\(parameters)(\(state))" }
}

/// The levels of an aggregation, from the table's rows up to one row a group.
///
/// Rows are grouped by what they carry: columns, computed keys and tag sets. Groups whose tag sets
/// decode to the same value are folded one level up. Functions over a counter's points need the
/// points first, so they add a level of groups by interval in between.
struct AggregatePlan {
  struct Key {
    /// Over rows, or over groups when there are parts.
    var sql: EngineSQL
    /// What rows are grouped by for it: tag sets. Empty when rows are grouped by `sql` itself.
    var parts: [Part]
    var name: EngineSQL
  }

  /// A value that rows are grouped by below a key.
  struct Part: Hashable {
    var sql: EngineSQL
    /// Differs from `sql` when that is computed.
    var name: EngineSQL
  }

  private(set) var keys: [Key] = []
  /// Over the table's rows.
  private(set) var aggregates: [EngineAggregate] = []
  /// Sums over the rows of an interval and group.
  private(set) var pointSums: [EngineSQL] = []
  /// Over the points.
  private(set) var overPoints: [EngineAggregate] = []

  /// Adds a key and gives the name it has in the result.
  mutating func key(_ sql: EngineSQL, parts: [Part]) -> EngineSQL {
    let name: EngineSQL = "k\(keys.count)"
    keys.append(Key(sql: sql, parts: parts, name: name))
    return name
  }

  /// Asks for an aggregate over rows and gives the name it has in the result.
  mutating func aggregate(
    _ name: EngineSQL, _ parameters: EngineSQL = "", of arguments: EngineSQL
  ) -> EngineSQL {
    let wanted = EngineAggregate(name: name, parameters: parameters, arguments: arguments)
    return "a\(Self.index(of: wanted, in: &aggregates))"
  }

  /// Asks for a sum per point and gives the name that ``overPoint(_:_:of:)`` may use.
  mutating func pointSum(of value: EngineSQL) -> EngineSQL {
    "p\(Self.index(of: value, in: &pointSums))"
  }

  /// Asks for an aggregate over points and gives the name it has in the result.
  mutating func overPoint(
    _ name: EngineSQL, _ parameters: EngineSQL = "", of arguments: EngineSQL
  ) -> EngineSQL {
    let wanted = EngineAggregate(name: name, parameters: parameters, arguments: arguments)
    return "l\(Self.index(of: wanted, in: &overPoints))"
  }

  private static func index<Wanted: Equatable>(
    of wanted: Wanted, in list: inout [Wanted]
  ) -> Int {
    if let index = list.firstIndex(of: wanted) { return index }
    list.append(wanted)
    return list.count - 1
  }
}

extension AggregatePlan {
  private var folds: Bool { keys.contains { !$0.parts.isEmpty } }
  private var hasPoints: Bool { !overPoints.isEmpty }

  /// The aggregation as a subquery whose columns are the names given out.
  ///
  /// - Parameters:
  ///   - source: The table.
  ///   - condition: WHERE, if any.
  func sql(from source: EngineSQL, where condition: EngineSQL?) -> EngineSQL {
    let filter: EngineSQL = condition.map { " WHERE \($0)" } ?? ""
    guard folds || hasPoints else {
      return Self.select(
        keys.map { "\($0.sql) AS \($0.name)" }
          + aggregates.enumerated().map { "\($1.call) AS a\($0)" },
        from: "\(source)\(filter)", groupedBy: keys.map(\.name))
    }
    var level = rows(from: "\(source)\(filter)")
    if folds { level = folded(from: level) }
    return hasPoints ? overPoints(from: level) : level
  }

  /// The lowest level: states by key, tag set and, for points, second.
  private func rows(from source: EngineSQL) -> EngineSQL {
    var columns: [EngineSQL] = []
    var groups: [EngineSQL] = []
    for key in keys where key.parts.isEmpty {
      columns.append("\(key.sql) AS \(key.name)")
      groups.append(key.name)
    }
    for part in keys.flatMap(\.parts) where !groups.contains(part.name) {
      columns.append(part.sql == part.name ? part.sql : "\(part.sql) AS \(part.name)")
      groups.append(part.name)
    }
    if hasPoints {
      columns.append("toUnixTimestamp(time) AS point")
      groups.append("point")
    }
    columns += aggregates.enumerated().map { "\($1.state) AS s\($0)" }
    columns += pointSums.enumerated().map { index, value in
      folds ? "sum(\(value)) AS q\(index)" : "sum(\(value)) AS p\(index)"
    }
    return Self.select(columns, from: source, groupedBy: groups)
  }

  /// The level where tag sets become values.
  private func folded(from source: EngineSQL) -> EngineSQL {
    var columns = keys.map { key -> EngineSQL in
      key.parts.isEmpty ? key.name : "\(key.sql) AS \(key.name)"
    }
    var groups = keys.map(\.name)
    if hasPoints {
      columns.append("point")
      groups.append("point")
    }
    columns += aggregates.enumerated().map { index, aggregate in
      hasPoints
        ? "\(aggregate.mergeState("s\(index)")) AS m\(index)"
        : "\(aggregate.merge("s\(index)")) AS a\(index)"
    }
    columns += pointSums.indices.map { "sum(q\($0)) AS p\($0)" }
    return Self.select(columns, from: "(\(source))", groupedBy: groups)
  }

  /// The level where points become one figure.
  private func overPoints(from source: EngineSQL) -> EngineSQL {
    let states: EngineSQL = folds ? "m" : "s"
    let columns =
      keys.map(\.name)
      + aggregates.enumerated().map { "\($1.merge("\(states)\($0)")) AS a\($0)" }
      + overPoints.enumerated().map { "\($1.call) AS l\($0)" }
    return Self.select(columns, from: "(\(source))", groupedBy: keys.map(\.name))
  }

  private static func select(
    _ columns: [EngineSQL], from source: EngineSQL, groupedBy groups: [EngineSQL]
  ) -> EngineSQL {
    // A query of keys alone asks for their combinations; one without either counts nothing.
    let list = columns.isEmpty ? "1" : columns.joined(", ")
    guard !groups.isEmpty else { return "SELECT \(list) FROM \(source)" }
    return "SELECT \(list) FROM \(source) GROUP BY \(groups.joined(", "))"
  }
}

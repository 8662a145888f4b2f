// SPDX-License-Identifier: Apache-2.0

internal import Storage

/// What is asked of a table of metrics: sums and means by key, each thing counted once, though several
/// observation points saw it.
package struct FigureRequest: Hashable, Sendable {
  /// A column of the answer, in the dialect.
  package struct Column: Hashable, Sendable {
    package var name: String
    package var sql: String
    /// Of a mean: the column that says of how many it is one.
    package var weight: String?

    package init(_ name: String, _ sql: String, weight: String? = nil) {
      self.name = name
      self.sql = sql
      self.weight = weight
    }
  }

  /// Which observation point speaks for a thing.
  package struct Speaker: Hashable, Sendable {
    package enum End: String, Hashable, Sendable, CaseIterable {
      case client, server
    }

    /// The nearest to this end ...
    package var end: End
    /// ... that saw at least half as much, by this column, as the one that saw most.
    package var weight: String
    /// The columns that a thing is told apart by.
    package var things: [String]

    package init(end: End, weight: String, things: [String]) {
      self.end = end
      self.weight = weight
      self.things = things
    }
  }

  /// Without its interval: `application_map`.
  package var table: String
  package var columns: [Column]
  /// As behind GROUP BY.
  package var grouping: String
  /// As behind WHERE, besides the time; empty for none.
  package var condition = ""
  /// As behind ORDER BY; empty for any.
  package var order = ""
  package var limit = 1_000
  /// Percentiles of the single calls, in columns `p50`, `p95`, ...
  package var percentiles: [Int] = []
  /// Nil: every point's rows are told.
  package var speaker: Speaker?
  /// Also rows that are other rows' calls once more; see ``Echoes``.
  package var hasEchoes = true

  package init(table: String, columns: [Column], grouping: String) {
    self.table = table
    self.columns = columns
    self.grouping = grouping
  }

  /// How two rows of one thing, of two parts of the range, become one.
  enum Fold: Hashable, Sendable {
    case key, sum, most, least
    /// Weighed by the column at an index.
    case mean(Int)
  }

  /// - Throws: When a mean has no weight, or a column is named that there is not.
  func folds() throws(QueryError) -> [Fold] {
    var folds: [Fold] = []
    for column in columns {
      let function = column.sql.prefix { $0 != "(" }.lowercased()
      let isRatio = column.sql.contains { "/*%".contains($0) }
      switch function {
      case _ where isRatio: throw Self.unaddable(column)
      case "sum", "count": folds.append(.sum)
      case "max": folds.append(.most)
      case "min": folds.append(.least)
      case "avg":
        guard let weight = column.weight else {
          throw QueryError(
            .misuse, "'\(column.name)' is a mean: name the column that it is weighed by")
        }
        folds.append(.mean(try index(of: weight)))
      default:
        guard column.sql == function || ["enum", "time", "tostring"].contains(function) else {
          throw Self.unaddable(column)
        }
        folds.append(.key)
      }
    }
    return folds
  }

  /// Seconds of the shortest intervals that are told apart; nil for none.
  var step: Int64? {
    columns.compactMap { column in
      let text = column.sql.lowercased().filter { !$0.isWhitespace }
      guard text.hasPrefix("time(time,") else { return nil }
      return Int64(text.dropFirst("time(time,".count).prefix { $0.isNumber })
    }.min()
  }

  /// Rows in the order that is asked for, where it is that of one column: those of two parts of the
  /// range come one behind the other.
  func sorted(_ rows: [[Value]]) -> [[Value]] {
    let words = order.split(separator: " ").map(String.init)
    guard (1...2).contains(words.count),
      let column = columns.firstIndex(where: { $0.name == words[0] })
    else { return rows }
    let isDescending = words.count == 2 && words[1].lowercased() == "desc"
    return rows.sorted { one, other in
      let (a, b) = isDescending ? (other[column], one[column]) : (one[column], other[column])
      guard let a = a.string, let b = b.string else { return a.isLess(than: b) }
      return a < b
    }
  }

  private static func unaddable(_ column: Column) -> QueryError {
    QueryError(
      .misuse,
      "'\(column.name)' is '\(column.sql)', of which parts of a range cannot be added up; there is "
        + "Sum, Count, Max, Min and Avg, a tag, Enum(tag) and time(time, seconds)")
  }

  func index(of name: String) throws(QueryError) -> Int {
    guard let index = columns.firstIndex(where: { $0.name == name }) else {
      throw QueryError(.misuse, "there is no column '\(name)' among those that are asked for")
    }
    return index
  }

  /// The statement over one part of the range.
  func statement(_ part: FigureRange.Part) -> String {
    Self.statement(
      columns, from: "\(table).\(part.precision.rawValue)", part.time, condition, grouping, order,
      limit)
  }

  static func statement(
    _ columns: [Column], from table: String, _ time: ClosedRange<Int64>, _ condition: String,
    _ grouping: String, _ order: String, _ limit: Int
  ) -> String {
    let shown = columns.map { $0.sql == $0.name ? $0.name : "\($0.sql) AS \($0.name)" }
    var text = "SELECT \(shown.joined(separator: ", ")) FROM \(table) "
    text += "WHERE time >= \(time.lowerBound) AND time <= \(time.upperBound)"
    if !condition.isEmpty { text += " AND (\(condition))" }
    if !grouping.isEmpty { text += " GROUP BY \(grouping)" }
    if !order.isEmpty { text += " ORDER BY \(order)" }
    return text + " LIMIT \(limit)"
  }
}

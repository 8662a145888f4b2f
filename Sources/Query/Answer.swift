// SPDX-License-Identifier: Apache-2.0

/// A value of an answer.
package enum AnswerValue: Hashable, Sendable {
  case null
  case integer(Int64)
  /// Integers above `Int64.max`, as hashes and ids are.
  case unsigned(UInt64)
  case number(Double)
  case text(String)
  case list([AnswerValue])
}

/// An answer to a query: columns and rows of them.
package struct Answer: Hashable, Sendable {
  package var columns: [AnswerColumn]
  package var rows: [[AnswerValue]]

  package init(columns: [AnswerColumn], rows: [[AnswerValue]]) {
    self.columns = columns
    self.rows = rows
  }
}

/// How the gaps of a time series are filled after the query.
package struct FillPlan: Hashable, Sendable {
  package enum Order: Hashable, Sendable {
    case ascending
    case descending
    /// The series in the order of their first rows, each by time.
    case bySeries
  }

  /// The column with the buckets' starts.
  var time: Int
  /// The columns that tell series apart.
  var series: [Int]
  var step: Int64
  var offset: Int64
  /// What stands in the other columns of an added row.
  var value: AnswerValue
  /// The buckets to fill; where open, from the first or to the last bucket found.
  var range: TimeRange
  var order: Order

  /// Adds the missing rows, at most ``QueryLimits/rows`` in all; series beyond
  /// ``QueryLimits/filledSeries`` stay as they are.
  package func fill(_ rows: [[AnswerValue]]) -> [[AnswerValue]] {
    var names: [[AnswerValue]] = []
    var series: [[AnswerValue]: [Int64: [AnswerValue]]] = [:]
    for row in rows {
      guard case .integer(let start) = row[time] else { return rows }
      let name = self.series.map { row[$0] }
      if series[name] == nil { names.append(name) }
      series[name, default: [:]][start] = row
    }
    let starts = series.values.flatMap(\.keys)
    guard let least = starts.min(), let most = starts.max() else { return rows }
    let first = range.first.map(bucket) ?? least
    let last = range.last.map(bucket) ?? most
    guard first <= last, (last - first) / step < Int64(QueryLimits.rows) else { return rows }
    var filled: [[AnswerValue]] = []
    for (index, name) in names.enumerated() {
      let known = series[name] ?? [:]
      let fits =
        index < QueryLimits.filledSeries
        && filled.count + Int((last - first) / step) < Int(QueryLimits.rows)
      let wanted =
        fits
        ? Set(stride(from: first, through: last, by: Int(step))).union(known.keys)
        : Set(known.keys)
      for start in wanted.sorted() {
        filled.append(known[start] ?? empty(start, name, width: rows[0].count))
      }
    }
    return sorted(filled)
  }

  private func bucket(_ second: Int64) -> Int64 {
    (second - offset) / step * step + offset
  }

  private func empty(_ start: Int64, _ name: [AnswerValue], width: Int) -> [AnswerValue] {
    var row = Array(repeating: value, count: width)
    row[time] = .integer(start)
    for (column, part) in zip(series, name) { row[column] = part }
    return row
  }

  private func sorted(_ rows: [[AnswerValue]]) -> [[AnswerValue]] {
    func start(_ row: [AnswerValue]) -> Int64 {
      if case .integer(let start) = row[time] { start } else { 0 }
    }
    switch order {
    case .bySeries: return rows
    case .ascending: return rows.sorted { start($0) < start($1) }
    case .descending: return rows.sorted { start($0) > start($1) }
    }
  }
}

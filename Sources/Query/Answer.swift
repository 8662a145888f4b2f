// SPDX-License-Identifier: Apache-2.0

package import Storage

/// An answer to a query: columns, rows of them, and what it cost.
package struct Answer: Hashable, Sendable {
  /// The values: as the engine gave them, by column; or row by row, where something was done to them.
  package enum Content: Hashable, Sendable {
    case table(ResultTable)
    case rows([[Value]])
  }

  package var columns: [AnswerColumn]
  package var content: Content
  /// The values row by row, which costs more than the columns.
  package var rows: [[Value]] {
    get {
      switch content {
      case .table(let table): table.rows
      case .rows(let rows): rows
      }
    }
    set { content = .rows(newValue) }
  }
  /// Rows.
  package var count: Int {
    switch content {
    case .table(let table): table.count
    case .rows(let rows): rows.count
    }
  }
  /// The seconds of the rows that it is made of, in which it may miss some; nil when it is made of
  /// none, as SHOW of what is declared is.
  package var range: TimeRange?
  /// What the request's bounds added to its statement.
  package var added = RequestBounds.Added()
  package var rowsRead: Int
  package var bytesRead: Int

  package init(
    columns: [AnswerColumn], content: Content, range: TimeRange? = nil, rowsRead: Int = 0,
    bytesRead: Int = 0
  ) {
    self.columns = columns
    self.content = content
    self.range = range
    self.rowsRead = rowsRead
    self.bytesRead = bytesRead
  }

  package init(
    columns: [AnswerColumn], rows: [[Value]], range: TimeRange? = nil, rowsRead: Int = 0,
    bytesRead: Int = 0
  ) {
    self.init(
      columns: columns, content: .rows(rows), range: range, rowsRead: rowsRead,
      bytesRead: bytesRead)
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
  var value: Value
  /// The buckets to fill; where open, from the first or to the last bucket found.
  var range: TimeRange
  var order: Order

  /// Adds the missing rows, at most ``DialectLimits/rows`` in all; series beyond
  /// ``DialectLimits/filledSeries`` stay as they are.
  package func fill(_ rows: [[Value]]) -> [[Value]] {
    var names: [[Value]] = []
    var series: [[Value]: [Int64: [Value]]] = [:]
    for row in rows {
      guard let start = start(of: row) else { return rows }
      let name = self.series.map { row[$0] }
      if series[name] == nil { names.append(name) }
      series[name, default: [:]][start] = row
    }
    let starts = series.values.flatMap(\.keys)
    guard let least = starts.min(), let most = starts.max() else { return rows }
    let first = range.first.map(bucket) ?? least
    let last = range.last.map(bucket) ?? most
    guard first <= last, (last - first) / step < Int64(DialectLimits.rows) else { return rows }
    var filled: [[Value]] = []
    for (index, name) in names.enumerated() {
      let known = series[name] ?? [:]
      let fits =
        index < DialectLimits.filledSeries
        && filled.count + Int((last - first) / step) < Int(DialectLimits.rows)
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

  private func empty(_ start: Int64, _ name: [Value], width: Int) -> [Value] {
    var row = Array(repeating: value, count: width)
    row[time] = .int(start)
    for (column, part) in zip(series, name) { row[column] = part }
    return row
  }

  private func sorted(_ rows: [[Value]]) -> [[Value]] {
    func start(_ row: [Value]) -> Int64 { self.start(of: row) ?? 0 }
    switch order {
    case .bySeries: return rows
    case .ascending: return rows.sorted { start($0) < start($1) }
    case .descending: return rows.sorted { start($0) > start($1) }
    }
  }

  private func start(of row: [Value]) -> Int64? {
    switch row[time] {
    case .int(let start): start
    case .uint(let start): Int64(exactly: start)
    default: nil
    }
  }
}

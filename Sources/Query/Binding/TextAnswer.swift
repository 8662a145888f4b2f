// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Storage

/// Answers made of text alone, and WHERE, ORDER BY and LIMIT over them.
extension Answer {
  init(_ names: [String], _ rows: [[String]]) {
    self.init(
      columns: names.map { AnswerColumn(name: $0, type: .text, unit: "", label: .tag) },
      rows: rows.map { $0.map(Value.string) })
  }

  /// The rows that `show` asks for.
  func choosing(_ show: ShowStatement) throws(QueryError) -> Answer {
    let names = columns.map(\.name)
    var answer = self
    if let condition = show.condition {
      // Where there is no row, the condition is looked at all the same.
      _ = try condition.holds(for: names.map { _ in "" }, in: names)
      answer.rows = []
      for row in rows where try condition.holds(for: row.map(\.text), in: names) {
        answer.rows.append(row)
      }
    }
    for term in show.order.reversed() {
      let column = try term.expression.column(of: names)
      // Stable, so that the terms before it decide first.
      let ranked = answer.rows.enumerated().sorted { left, right in
        let (a, b) = (left.element[column].text, right.element[column].text)
        if a == b { return left.offset < right.offset }
        return (a < b) != term.descending
      }
      answer.rows = ranked.map(\.element)
    }
    if let limit = show.limit {
      answer.rows = Array(answer.rows.dropFirst(Int(limit.skipped)).prefix(Int(limit.rows)))
    }
    return answer
  }
}

extension Expression {
  /// Whether this condition on the columns `names` holds for a row of text.
  fileprivate func holds(
    for row: [String], in names: [String]
  ) throws(QueryError) -> Bool {
    switch kind {
    case .binary(.and, let left, let right):
      let (first, second) = (
        try left.holds(for: row, in: names), try right.holds(for: row, in: names)
      )
      return first && second
    case .binary(.or, let left, let right):
      let (first, second) = (
        try left.holds(for: row, in: names), try right.holds(for: row, in: names)
      )
      return first || second
    case .not(let inner):
      return try !inner.holds(for: row, in: names)
    default:
      guard let test = try ValueTest(self) else { throw noCondition }
      let column = try test.subject.column(of: names)
      if case .regexp = test.operation {
        throw QueryError(.misuse, "use LIKE here, not REGEXP", at: offset)
      }
      return try test.holds(for: row[column])
    }
  }

  /// Which of the columns `names` this is the name of.
  func column(of names: [String]) throws(QueryError) -> Int {
    guard case .name(let name) = kind else {
      throw QueryError(
        .misuse, "expected a column, one of " + names.joined(separator: ", "), at: offset)
    }
    guard let column = names.firstIndex(of: name) else {
      throw QueryError(
        .unknownName,
        "there is no column '\(name)' here, only "
          + names.joined(separator: ", "), at: offset,
        suggestions: NearestNames.of(name, in: names))
    }
    return column
  }

  var noCondition: QueryError {
    QueryError(.misuse, "expected a condition such as name LIKE 'a*'", at: offset)
  }
}

extension Value {
  fileprivate var text: String {
    if case .string(let text) = self { text } else { "" }
  }
}

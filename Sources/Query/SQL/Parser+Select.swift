// SPDX-License-Identifier: Apache-2.0

extension Parser {
  mutating func select() throws(QueryError) -> SelectStatement {
    let isDistinct = takeDistinct()
    var items = [try item()]
    while take(.comma) { items.append(try item()) }
    try bound(items.count)
    try expect(.from)
    var statement = SelectStatement(
      items: items, isDistinct: isDistinct, table: try name("a table"))
    if take(.where) { statement.condition = try expression() }
    if take(.group) {
      try expect(.by)
      statement.grouping = [try namedExpression()]
      while take(.comma) { statement.grouping.append(try namedExpression()) }
      try bound(statement.grouping.count)
    }
    if take(.having) { statement.having = try expression() }
    statement.order = try order()
    statement.seriesLimit = try seriesLimit()
    statement.limit = try limit()
    if statement.seriesLimit == nil { statement.seriesLimit = try seriesLimit() }
    return statement
  }

  /// DISTINCT is a name wherever a name could end there: before a comma, FROM or AS, and `ends`.
  mutating func takeDistinct(before ends: [Token.Symbol] = []) -> Bool {
    guard case .word(let word) = current.kind, word.lowercased() == "distinct" else { return false }
    switch tokens[min(index + 1, tokens.count - 1)].kind {
    case .symbol(.comma), .end: return false
    case .symbol(let symbol) where ends.contains(symbol): return false
    case .word(let next) where Keyword(next) == .from || Keyword(next) == .as: return false
    default: break
    }
    index += 1
    return true
  }

  private mutating func seriesLimit() throws(QueryError) -> SeriesLimit? {
    guard takeWord("slimit") else { return nil }
    let number = try limitNumber("a number of series")
    guard number.value > 0 else {
      throw QueryError(.misuse, "SLIMIT takes at least one series", at: number.offset)
    }
    var limit = SeriesLimit(series: try bound(number))
    if takeWord("sorder") {
      try expect(.by)
      limit.order = try orderTerm()
    }
    return limit
  }

  private mutating func item() throws(QueryError) -> SelectStatement.Item {
    let start = current.start
    if take(.star) {
      return .init(expression: Expression(.star, at: start), alias: nil, heading: "*")
    }
    let expression = try expression()
    let heading = text(from: start, to: tokens[index - 1].end)
    guard let alias = try alias() else {
      return .init(expression: expression, alias: nil, heading: plainHeading(expression, heading))
    }
    return .init(expression: expression, alias: alias, heading: alias.text)
  }

  /// A name is headed by itself, without the quotes it was written in.
  private func plainHeading(_ expression: Expression, _ written: String) -> String {
    if case .name(let name) = expression.kind { name } else { written }
  }

  private mutating func alias() throws(QueryError) -> Name? {
    if take(.as) {
      if case .string(let text) = current.kind {
        defer { index += 1 }
        return Name(text: text, offset: current.start)
      }
      return try name("an alias")
    }
    switch current.kind {
    case .quotedName, .doubleQuoted: return try name("an alias")
    case .word(let word) where Keyword(word) == nil: return try name("an alias")
    default: return nil
    }
  }

  /// ORDER BY; nothing where there is none.
  mutating func order() throws(QueryError) -> [SelectStatement.Order] {
    guard take(.order) else { return [] }
    try expect(.by)
    var order = [try orderTerm()]
    while take(.comma) { order.append(try orderTerm()) }
    try bound(order.count)
    return order
  }

  private mutating func orderTerm() throws(QueryError) -> SelectStatement.Order {
    let expression = try namedExpression()
    if take(.desc) { return .init(expression: expression, descending: true) }
    _ = take(.asc)
    return .init(expression: expression, descending: false)
  }

  /// An expression where text in double quotes that stands alone is a name, not a string.
  private mutating func namedExpression() throws(QueryError) -> Expression {
    if case .doubleQuoted(let text) = current.kind {
      defer { index += 1 }
      return Expression(.name(text), at: current.start)
    }
    return try expression()
  }

  mutating func limit() throws(QueryError) -> Limit? {
    guard take(.limit) else { return nil }
    let first = try limitNumber("a number of rows")
    if take(.comma) {
      let rows = try limitNumber("a number of rows")
      return Limit(rows: try bound(rows), skipped: try bound(skipped: first))
    }
    guard take(.offset) else { return Limit(rows: try bound(first)) }
    let skipped = try limitNumber("a number of rows to skip")
    return Limit(rows: try bound(first), skipped: try bound(skipped: skipped))
  }

  private mutating func limitNumber(
    _ what: String
  ) throws(QueryError) -> (value: UInt64, offset: Int) {
    guard case .integer(let value) = current.kind else { throw unexpected(what) }
    defer { index += 1 }
    return (value, current.start)
  }

  private func bound(_ rows: (value: UInt64, offset: Int)) throws(QueryError) -> UInt64 {
    guard rows.value <= DialectLimits.rows else {
      throw QueryError(
        .limit,
        "LIMIT \(rows.value) is more than \(DialectLimits.rows) rows; narrow the query or page "
          + "through it with OFFSET", at: rows.offset)
    }
    return rows.value
  }

  private func bound(skipped: (value: UInt64, offset: Int)) throws(QueryError) -> UInt64 {
    guard skipped.value <= DialectLimits.offset else {
      throw QueryError(
        .limit, "OFFSET \(skipped.value) is more than \(DialectLimits.offset)", at: skipped.offset)
    }
    return skipped.value
  }

  func bound(_ count: Int) throws(QueryError) {
    guard count <= DialectLimits.listLength else {
      throw QueryError(
        .limit, "a list of \(count) is longer than \(DialectLimits.listLength)", at: current.start)
    }
  }
}

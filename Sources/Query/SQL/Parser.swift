// SPDX-License-Identifier: Apache-2.0

/// Reads one statement. Never traps, whatever the text; every loop consumes a token.
package struct Parser {
  let source: String
  let tokens: [Token]
  var index = 0
  /// Expressions open around the current token, against ``DialectLimits/nesting``.
  var depth = 0

  /// Parses a whole query: one statement, a semicolon behind it allowed.
  ///
  /// - Throws: ``QueryError`` with its place filled in.
  package static func parse(_ source: String) throws(QueryError) -> Statement {
    do throws(QueryError) {
      var lexer = try Lexer(source)
      var parser = Parser(source: source, tokens: try lexer.tokens())
      return try parser.statement()
    } catch {
      throw error.located(in: source)
    }
  }

  private init(source: String, tokens: [Token]) {
    self.source = source
    self.tokens = tokens
  }

  private mutating func statement() throws(QueryError) -> Statement {
    let statement: Statement
    if take(.select) {
      statement = .select(try select())
    } else if take(.show) {
      statement = .show(try show())
    } else {
      throw unexpected("SELECT or SHOW")
    }
    _ = take(.semicolon)
    guard current.kind == .end else { throw unexpected("the end of the query") }
    return statement
  }

  private mutating func select() throws(QueryError) -> SelectStatement {
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
    if take(.order) {
      try expect(.by)
      statement.order = [try orderTerm()]
      while take(.comma) { statement.order.append(try orderTerm()) }
      try bound(statement.order.count)
    }
    statement.seriesLimit = try seriesLimit()
    statement.limit = try limit()
    if statement.seriesLimit == nil { statement.seriesLimit = try seriesLimit() }
    return statement
  }

  /// DISTINCT is a name wherever a name could end there.
  private mutating func takeDistinct() -> Bool {
    guard case .word(let word) = current.kind, word.lowercased() == "distinct" else { return false }
    switch tokens[min(index + 1, tokens.count - 1)].kind {
    case .symbol(.comma), .end: return false
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

  private mutating func limit() throws(QueryError) -> Limit? {
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

// MARK: SHOW

extension Parser {
  private mutating func show() throws(QueryError) -> ShowStatement {
    var statement = ShowStatement(subject: try showSubject())
    if take(.where) { statement.condition = try expression() }
    statement.limit = try limit()
    return statement
  }

  private mutating func showSubject() throws(QueryError) -> ShowStatement.Subject {
    if takeWord("databases") { return .databases }
    if takeWord("tables") {
      return .tables(database: take(.from) ? try name("a database") : nil)
    }
    if takeWord("tags") {
      try expect(.from)
      return .tags(try name("a table"))
    }
    if takeWord("tag") {
      let tag = try name("a tag")
      guard takeWord("values") else { throw unexpected("VALUES") }
      return .tagValues(tag, table: take(.from) ? try name("a table") : nil)
    }
    if takeWord("enum") {
      let tag = try name("an enumeration")
      guard takeWord("values") else { throw unexpected("VALUES") }
      return .enumeration(tag)
    }
    if takeWord("functions") { return .functions }
    if takeWord("metrics") {
      if takeWord("functions") { return .functions }
      return .metrics(table: take(.from) ? try name("a table") : nil)
    }
    throw unexpected("DATABASES, TABLES, TAGS, TAG, ENUM, METRICS or FUNCTIONS")
  }
}

// MARK: Tokens

/// The words that cannot be bare names.
enum Keyword: String, CaseIterable {
  case select, from, `where`, group, by, having, order, limit, offset, show
  case and, or, not, `in`, between, like, regexp, `is`, null, `as`, asc, desc

  init?(_ word: String) {
    guard word.utf8.count <= 8 else { return nil }
    self.init(rawValue: word.lowercased())
  }
}

extension Parser {
  /// The token to be read next; the last one is `.end` and is never passed.
  var current: Token { tokens[min(index, tokens.count - 1)] }

  var keyword: Keyword? {
    if case .word(let word) = current.kind { Keyword(word) } else { nil }
  }

  mutating func take(_ wanted: Keyword) -> Bool {
    guard keyword == wanted else { return false }
    index += 1
    return true
  }

  mutating func take(_ symbol: Token.Symbol) -> Bool {
    guard current.kind == .symbol(symbol) else { return false }
    index += 1
    return true
  }

  /// Takes a word that is a keyword only where it stands.
  mutating func takeWord(_ wanted: String) -> Bool {
    guard case .word(let word) = current.kind, word.lowercased() == wanted else { return false }
    index += 1
    return true
  }

  mutating func expect(_ wanted: Keyword) throws(QueryError) {
    guard take(wanted) else { throw unexpected(wanted.rawValue.uppercased()) }
  }

  mutating func expect(_ symbol: Token.Symbol) throws(QueryError) {
    guard take(symbol) else { throw unexpected("'\(symbol.rawValue)'") }
  }

  mutating func name(_ what: String) throws(QueryError) -> Name {
    let token = current
    switch token.kind {
    case .word(let text) where Keyword(text) == nil, .quotedName(let text),
      .doubleQuoted(let text):
      guard !text.isEmpty else { throw unexpected(what) }
      index += 1
      var full = text
      // `db`.`table`, or db.`table`: the lexer joins only bare parts.
      while case .quotedName(let part) = current.kind, full.hasSuffix(".") {
        full += part
        index += 1
      }
      return Name(text: full, offset: token.start)
    default:
      throw unexpected(what)
    }
  }

  func unexpected(_ wanted: String) -> QueryError {
    QueryError(
      .syntax, "expected \(wanted), found \(current.description)", at: current.start)
  }

  private func text(from start: Int, to end: Int) -> String {
    let bytes = source.utf8
    let from = bytes.index(bytes.startIndex, offsetBy: start)
    return String(source[from..<bytes.index(from, offsetBy: max(0, end - start))])
  }
}

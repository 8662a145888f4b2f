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

  func text(from start: Int, to end: Int) -> String {
    let bytes = source.utf8
    let from = bytes.index(bytes.startIndex, offsetBy: start)
    return String(source[from..<bytes.index(from, offsetBy: max(0, end - start))])
  }
}

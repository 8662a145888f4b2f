// SPDX-License-Identifier: Apache-2.0

extension Parser {
  mutating func show() throws(QueryError) -> ShowStatement {
    var statement = ShowStatement(subject: try showSubject())
    if take(.where) { statement.condition = try expression() }
    statement.order = try order()
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
    if takeWord("columns") {
      try expect(.from)
      return .columns(try name("a table"))
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
    throw unexpected("DATABASES, TABLES, TAGS, TAG, COLUMNS, ENUM, METRICS or FUNCTIONS")
  }
}

// SPDX-License-Identifier: Apache-2.0

/// Where the languages of databases, and the settings of a session, differ in what a literal and a name
/// look like.
package struct SQLDialect: Hashable, Sendable {
  package enum Family: Hashable, Sendable {
    /// `` `...` `` is a name, `#` begins a comment.
    case mySQL
    /// `$tag$...$tag$` is a string, `$1` a parameter; comments nest.
    case postgreSQL
    /// `[...]` is a name; comments nest.
    case transactSQL
  }

  /// What `\` is in a string.
  package enum Backslash: Hashable, Sendable {
    case escape
    /// NO_BACKSLASH_ESCAPES, or standard_conforming_strings.
    case byte
    /// Nobody knows yet: where it makes a difference, all that follows counts as the string.
    case unknown
  }

  package var family: Family
  package var backslash: Backslash
  /// Whether `"..."` is a name (ANSI_QUOTES) and no string. It always is for PostgreSQL.
  package var hasQuotedNames: Bool
  /// Whether an UUID stands without quotes, and `//` begins a comment, as in CQL.
  package var isCassandra = false

  /// With the settings that servers come with.
  package static let mySQL = SQLDialect(
    family: .mySQL, backslash: .escape, hasQuotedNames: false)
  package static let postgreSQL = SQLDialect(
    family: .postgreSQL, backslash: .byte, hasQuotedNames: true)
  package static let transactSQL = SQLDialect(
    family: .transactSQL, backslash: .byte, hasQuotedNames: true)
  package static let cassandra = SQLDialect(
    family: .postgreSQL, backslash: .byte, hasQuotedNames: true, isCassandra: true)
}

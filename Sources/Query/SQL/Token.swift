// SPDX-License-Identifier: Apache-2.0

/// One word of a query.
struct Token: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// A bare word; dots join the parts of a qualified name into one.
    case word(String)
    /// A name in backticks.
    case quotedName(String)
    /// Text in double quotes: a name where a name is wanted, else a string.
    case doubleQuoted(String)
    case string(String)
    case integer(UInt64)
    case decimal(Double)
    case symbol(Symbol)
    case end
  }

  enum Symbol: String, Hashable, Sendable, CaseIterable {
    // Longest first: the lexer takes the first that fits.
    case lessOrEqual = "<=", greaterOrEqual = ">=", notEqual = "!=", differs = "<>"
    case equal = "=", less = "<", greater = ">"
    case plus = "+", minus = "-", star = "*", slash = "/", percent = "%"
    case open = "(", close = ")", comma = ",", semicolon = ";"
  }

  var kind: Kind
  /// UTF-8 offsets in the query.
  var start: Int
  var end: Int
}

extension Token {
  /// As it reads in an error.
  var description: String {
    switch kind {
    case .word(let text): "'\(text)'"
    case .quotedName(let text): "`\(text)`"
    case .doubleQuoted(let text): "\"\(text)\""
    case .string(let text): "'\(text)'"
    case .integer(let value): "\(value)"
    case .decimal(let value): "\(value)"
    case .symbol(let symbol): "'\(symbol.rawValue)'"
    case .end: "the end of the query"
    }
  }
}

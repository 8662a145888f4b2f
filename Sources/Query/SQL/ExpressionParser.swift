// SPDX-License-Identifier: Apache-2.0

/// Expressions by operator precedence (Pratt), loosest first: OR, AND, NOT, comparisons,
/// `+ -`, `* / %`, sign.
extension Parser {
  private enum Strength {
    static let or = 1
    static let and = 2
    static let not = 3
    static let comparison = 4
    static let sum = 5
    static let product = 6
  }

  mutating func expression() throws(QueryError) -> Expression {
    try expression(above: 0)
  }

  private mutating func expression(above strength: Int) throws(QueryError) -> Expression {
    try deepen()
    defer { depth -= 1 }
    var left = try prefix()
    while let next = strengthOfNext(), next > strength {
      left = try infix(left, strength: next)
      // A chain leans to the left, so its length is depth for whoever walks the tree.
      guard left.height <= DialectLimits.height else {
        throw QueryError(
          .limit, "more than \(DialectLimits.height) operators in a row; use IN", at: left.offset)
      }
    }
    return left
  }

  private mutating func deepen() throws(QueryError) {
    depth += 1
    guard depth <= DialectLimits.nesting else {
      throw QueryError(
        .limit, "expressions are nested more than \(DialectLimits.nesting) deep", at: current.start)
    }
  }

  private mutating func prefix() throws(QueryError) -> Expression {
    let start = current.start
    if take(.not) {
      return Expression(.not(try expression(above: Strength.not)), at: start)
    }
    if take(.minus) {
      return Expression(.negated(try expression(above: Strength.product)), at: start)
    }
    if take(.plus) { return try expression(above: Strength.product) }
    if take(.open) {
      let inner = try expression()
      try expect(.close)
      return inner
    }
    return try operand()
  }

  private mutating func operand() throws(QueryError) -> Expression {
    let token = current
    let kind: Expression.Kind
    switch token.kind {
    case .integer(let value): kind = .integer(value)
    case .decimal(let value): kind = .decimal(value)
    case .string(let text), .doubleQuoted(let text): kind = .string(text)
    // Known to nobody by that name, but a fill value of time(...).
    case .word where keyword == .null: kind = .name("null")
    case .word, .quotedName: return try nameOrCall()
    case .symbol, .end: throw unexpected("an expression")
    }
    index += 1
    return Expression(kind, at: token.start)
  }

  private mutating func nameOrCall() throws(QueryError) -> Expression {
    let isWord = if case .word = current.kind { true } else { false }
    let name = try name("an expression")
    guard isWord, take(.open) else { return Expression(.name(name.text), at: name.offset) }
    // What standard SQL calls Count(DISTINCT tag).
    let countsDistinct = name.text.lowercased() == "count" && takeDistinct(before: [.close])
    var arguments: [Expression] = []
    if !take(.close) {
      repeat {
        let start = current.start
        arguments.append(take(.star) ? Expression(.star, at: start) : try expression())
        try bound(arguments.count)
      } while take(.comma)
      try expect(.close)
    }
    let function = countsDistinct ? "UniqExact" : name.text
    return Expression(.call(function, arguments), at: name.offset)
  }

  private func strengthOfNext() -> Int? {
    switch current.kind {
    case .symbol(.equal), .symbol(.notEqual), .symbol(.differs), .symbol(.less),
      .symbol(.lessOrEqual), .symbol(.greater), .symbol(.greaterOrEqual):
      Strength.comparison
    case .symbol(.plus), .symbol(.minus): Strength.sum
    case .symbol(.star), .symbol(.slash), .symbol(.percent): Strength.product
    case .word:
      switch keyword {
      case .or: Strength.or
      case .and: Strength.and
      case .in, .between, .like, .regexp, .is, .not: Strength.comparison
      default: nil
      }
    default: nil
    }
  }

  private mutating func infix(
    _ left: Expression, strength: Int
  ) throws(QueryError) -> Expression {
    let start = current.start
    if take(.is) {
      let negated = take(.not)
      try expect(.null)
      return Expression(.isNull(left, negated: negated), at: start)
    }
    let negated = take(.not)
    if take(.in) {
      return Expression(.isIn(try list(), left, negated: negated), at: start)
    }
    if take(.between) {
      let low = try expression(above: Strength.comparison)
      try expect(.and)
      let high = try expression(above: Strength.comparison)
      return Expression(.between(left, low: low, high: high, negated: negated), at: start)
    }
    let name: BinaryOperator
    if take(.like) {
      name = negated ? .notLike : .like
    } else if take(.regexp) {
      name = negated ? .notRegexp : .regexp
    } else if negated {
      throw unexpected("IN, BETWEEN, LIKE or REGEXP")
    } else if let symbol = symbolOperator() {
      name = symbol
    } else {
      throw unexpected("an operator")
    }
    let right = try expression(above: strength)
    return Expression(.binary(name, left, right), at: start)
  }

  private mutating func symbolOperator() -> BinaryOperator? {
    defer { index += 1 }
    switch current.kind {
    case .symbol(.differs): return .notEqual
    case .symbol(let symbol): return BinaryOperator(rawValue: symbol.rawValue)
    case .word(let word): return BinaryOperator(rawValue: word.uppercased())
    default: return nil
    }
  }

  private mutating func list() throws(QueryError) -> [Expression] {
    try expect(.open)
    var values: [Expression] = []
    repeat {
      values.append(try expression())
      try bound(values.count)
    } while take(.comma)
    try expect(.close)
    return values
  }
}

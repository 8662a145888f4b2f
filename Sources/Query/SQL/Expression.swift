// SPDX-License-Identifier: Apache-2.0

/// An expression as written, with its place. Two are equal when they read the same, wherever.
package struct Expression: Sendable {
  package indirect enum Kind: Hashable, Sendable {
    case integer(UInt64)
    case decimal(Double)
    case string(String)
    /// A column, tag, metric or alias.
    case name(String)
    /// `*`: in SELECT all columns, in Count rows.
    case star
    case call(String, [Expression])
    case not(Expression)
    case negated(Expression)
    case binary(BinaryOperator, Expression, Expression)
    case isIn([Expression], Expression, negated: Bool)
    case between(Expression, low: Expression, high: Expression, negated: Bool)
    case isNull(Expression, negated: Bool)
  }

  package let kind: Kind
  /// UTF-8 offset of the token the expression is known by.
  package let offset: Int
  /// Levels of the tree, 1 for a leaf: how deep whoever walks it recurses.
  package let height: Int

  package init(_ kind: Kind, at offset: Int = 0) {
    self.kind = kind
    self.offset = offset
    height = 1 + kind.operands.reduce(0) { max($0, $1.height) }
  }
}

extension Expression.Kind {
  /// The expressions directly below, in the order they are written.
  package var operands: [Expression] {
    switch self {
    case .integer, .decimal, .string, .name, .star: []
    case .call(_, let arguments): arguments
    case .not(let operand), .negated(let operand), .isNull(let operand, _): [operand]
    case .binary(_, let left, let right): [left, right]
    case .isIn(let values, let operand, _): [operand] + values
    case .between(let operand, let low, let high, _): [operand, low, high]
    }
  }
}

extension Expression: Hashable {
  package static func == (left: Expression, right: Expression) -> Bool { left.kind == right.kind }

  package func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

/// The operators with two operands, with their binding strength.
package enum BinaryOperator: String, Hashable, Sendable, CaseIterable {
  case or = "OR", and = "AND"
  case equal = "=", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">"
  case greaterOrEqual = ">=", like = "LIKE", notLike = "NOT LIKE", regexp = "REGEXP"
  case notRegexp = "NOT REGEXP"
  case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%"

  var isArithmetic: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .modulo: true
    default: false
    }
  }

  /// The operator that is true exactly when this one is false; nil for the others.
  var negation: BinaryOperator? {
    switch self {
    case .notEqual: .equal
    case .notLike: .like
    case .notRegexp: .regexp
    default: nil
    }
  }
}

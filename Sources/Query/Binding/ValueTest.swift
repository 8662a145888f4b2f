// SPDX-License-Identifier: Apache-2.0

/// A test of one value against constants or other values, brought to a positive form.
struct ValueTest {
  indirect enum Operation {
    /// `=` and IN.
    case isOneOf([Expression])
    /// `<`, `<=`, `>`, `>=`.
    case compares(BinaryOperator, Expression)
    case between(Expression, Expression)
    case like(Expression)
    case regexp(Expression)
    case isNull
  }

  var subject: Expression
  var operation: Operation
  var isNegated: Bool

  /// The test that `expression` is; nil when it is none. A constant on the left changes sides.
  init?(_ expression: Expression) throws(QueryError) {
    isNegated = false
    switch expression.kind {
    case .isIn(let values, let operand, let negated):
      (subject, operation, isNegated) = (operand, .isOneOf(values), negated)
    case .between(let operand, let low, let high, let negated):
      (subject, operation, isNegated) = (operand, .between(low, high), negated)
    case .isNull(let operand, let negated):
      (subject, operation, isNegated) = (operand, .isNull, negated)
    case .binary(let name, let left, let right):
      let swaps = left.isConstant && !right.isConstant
      subject = swaps ? right : left
      let value = swaps ? left : right
      switch name {
      case .equal, .notEqual:
        (operation, isNegated) = (.isOneOf([value]), name == .notEqual)
      case .less, .lessOrEqual, .greater, .greaterOrEqual:
        operation = .compares(swaps ? Self.mirrored(name) : name, value)
      case .like where !swaps, .notLike where !swaps:
        (operation, isNegated) = (.like(value), name == .notLike)
      case .regexp where !swaps, .notRegexp where !swaps:
        (operation, isNegated) = (.regexp(value), name == .notRegexp)
      default:
        return nil
      }
    default:
      return nil
    }
  }

  private static func mirrored(_ name: BinaryOperator) -> BinaryOperator {
    switch name {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: name
    }
  }

  /// The pattern of LIKE or REGEXP, or another constant that must be text.
  func text(_ index: Int) throws(QueryError) -> String {
    let operand: Expression? =
      switch operation {
      case .isOneOf(let values): values.indices.contains(index) ? values[index] : nil
      case .like(let value), .regexp(let value), .compares(_, let value): value
      case .between(let low, let high): index == 0 ? low : high
      case .isNull: nil
      }
    guard let operand, let constant = Constant(operand) else {
      throw QueryError(
        .misuse, "expected a constant such as 'text'", at: (operand ?? subject).offset)
    }
    return constant.text
  }

  /// Whether a tag's value meets the test. The value of a tag is text; patterns of REGEXP are the
  /// engine's to match.
  func holds(for value: String) throws(QueryError) -> Bool {
    let positive: Bool
    switch operation {
    case .isOneOf(let values):
      var found = false
      for index in values.indices {
        let operand = try text(index)
        found = found || operand == value
      }
      positive = found
    case .compares(let name, _):
      let bound = try text(0)
      switch name {
      case .less: positive = value < bound
      case .lessOrEqual: positive = value <= bound
      case .greater: positive = value > bound
      default: positive = value >= bound
      }
    case .between:
      let low = try text(0)
      let high = try text(1)
      positive = low <= value && value <= high
    case .like:
      positive = Wildcard(try text(0)).matches(value)
    case .regexp:
      positive = false
    case .isNull:
      positive = value.isEmpty
    }
    return positive != isNegated
  }
}

// MARK: As the engine's SQL

extension ValueTest {
  /// The test over `subject`, its other values bound by `bind`.
  func rendered(
    over subject: Scalar, bind: (Expression) throws(QueryError) -> Scalar
  ) throws(QueryError) -> EngineSQL {
    func value(_ expression: Expression) throws(QueryError) -> EngineSQL {
      try comparable(try bind(expression), expression, to: subject)
    }
    switch operation {
    case .isOneOf(let values) where values.count == 1:
      return isNegated
        ? "\(subject.sql) != \(try value(values[0]))" : "\(subject.sql) = \(try value(values[0]))"
    case .isOneOf(let values):
      var list: [EngineSQL] = []
      for expression in values { list.append(try value(expression)) }
      let joined = list.joined(", ")
      return isNegated ? "\(subject.sql) NOT IN (\(joined))" : "\(subject.sql) IN (\(joined))"
    case .compares(let name, let other):
      return "\(subject.sql) \(Self.symbol(name)) \(try value(other))"
    case .between(let low, let high):
      let range: EngineSQL = "\(try value(low)) AND \(try value(high))"
      return isNegated
        ? "NOT (\(subject.sql) BETWEEN \(range))" : "\(subject.sql) BETWEEN \(range)"
    case .like(let pattern):
      try wantText(subject, pattern, "LIKE")
      let engine = EngineSQL(literal: Wildcard(try text(0)).enginePattern)
      return isNegated ? "\(subject.sql) NOT ILIKE \(engine)" : "\(subject.sql) ILIKE \(engine)"
    case .regexp(let pattern):
      try wantText(subject, pattern, "REGEXP")
      let matched: EngineSQL = "match(\(subject.sql), \(literal: try text(0)))"
      return isNegated ? "NOT \(matched)" : matched
    case .isNull:
      return isNegated ? "\(subject.sql) IS NOT NULL" : "\(subject.sql) IS NULL"
    }
  }

  private func wantText(
    _ subject: Scalar, _ pattern: Expression, _ name: String
  ) throws(QueryError) {
    guard subject.type == .text else {
      throw QueryError(
        .misuse, "\(name) matches text, and this is a number; use =, IN or BETWEEN",
        at: self.subject.offset)
    }
  }

  private func comparable(
    _ value: Scalar, _ expression: Expression, to subject: Scalar
  ) throws(QueryError) -> EngineSQL {
    switch (subject.type, value.type) {
    case (.list, _), (_, .list):
      throw QueryError(.misuse, "a list cannot be compared", at: self.subject.offset)
    case (.text, .text):
      return value.sql
    case (.text, _):
      guard let constant = Constant(expression) else {
        throw QueryError(.misuse, "expected text here", at: expression.offset)
      }
      return EngineSQL(literal: constant.text)
    case (_, .text):
      guard let number = Constant(expression)?.number else {
        throw QueryError(.misuse, "expected a number here", at: expression.offset)
      }
      return number
    default:
      return value.sql
    }
  }

  private static func symbol(_ name: BinaryOperator) -> EngineSQL {
    switch name {
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    default: ">="
    }
  }
}

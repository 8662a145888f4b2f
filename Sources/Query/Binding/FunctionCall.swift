// SPDX-License-Identifier: Apache-2.0

/// A call of a declared function.
struct FunctionCall {
  var function: FunctionDeclaration
  var arguments: [Expression]
  var offset: Int

  func want(_ counts: ClosedRange<Int>) throws(QueryError) {
    guard counts.contains(arguments.count) else { throw misuse }
  }

  var misuse: QueryError {
    QueryError(
      .misuse, "\(function.name) is written \(function.name)(\(function.signature))", at: offset)
  }

  /// A constant argument inside bounds.
  func number(
    _ index: Int, _ bounds: ClosedRange<Double>, whole: Bool = false
  ) throws(QueryError) -> Double {
    let value: Double? =
      switch Constant(arguments[index]) {
      case .integer(let value): Double(value)
      case .decimal(let value): whole ? nil : value
      default: nil
      }
    guard let value, bounds.contains(value) else {
      throw QueryError(
        .misuse,
        "expected a \(whole ? "whole " : "")number from \(bounds.lowerBound) to "
          + "\(bounds.upperBound)", at: arguments[index].offset)
    }
    return value
  }
}

extension Expression {
  /// Every name in the expression but those of `time(...)`, with its place.
  var names: [(name: String, offset: Int)] {
    switch kind {
    case .name(let name): [(name, offset)]
    case .call(let name, _) where FunctionDeclaration.named(name)?.operation == .time: []
    default: kind.operands.flatMap(\.names)
    }
  }

  /// Whether a condition stands anywhere in it.
  var decides: Bool {
    switch kind {
    case .not, .isIn, .between, .isNull: true
    case .call(let name, _) where FunctionDeclaration.named(name)?.operation == .choice: true
    case .binary(let name, _, _) where !name.isArithmetic: true
    default: kind.operands.contains(where: \.decides)
    }
  }

  /// Whether an aggregate function is called anywhere in it.
  var aggregates: Bool {
    if case .call(let name, _) = kind, let function = FunctionDeclaration.named(name),
      function.shape != .scalar
    {
      return true
    }
    return kind.operands.contains(where: \.aggregates)
  }
}

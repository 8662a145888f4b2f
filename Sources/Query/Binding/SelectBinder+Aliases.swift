// SPDX-License-Identifier: Apache-2.0

/// Names that SELECT gives, used behind it.
extension SelectBinder {
  /// The expression behind an alias, or behind a column's heading.
  func aliased(_ expression: Expression) -> Expression? {
    guard case .name(let name) = expression.kind else { return nil }
    let item =
      select.items.first { $0.alias?.text == name }
      ?? select.items.first { $0.alias == nil && $0.heading == name }
    return item?.expression
  }

  /// `expression` with every alias in it replaced.
  func dealiased(_ expression: Expression) -> Expression {
    if let replaced = aliased(expression) { return replaced }
    func all(_ list: [Expression]) -> [Expression] { list.map(dealiased) }
    let kind: Expression.Kind =
      switch expression.kind {
      case .name, .integer, .decimal, .string, .star, .call: expression.kind
      case .not(let inner): .not(dealiased(inner))
      case .negated(let inner): .negated(dealiased(inner))
      case .binary(let name, let left, let right):
        .binary(name, dealiased(left), dealiased(right))
      case .isIn(let values, let operand, let negated):
        .isIn(all(values), dealiased(operand), negated: negated)
      case .between(let operand, let low, let high, let negated):
        .between(
          dealiased(operand), low: dealiased(low), high: dealiased(high), negated: negated)
      case .isNull(let operand, let negated): .isNull(dealiased(operand), negated: negated)
      }
    return Expression(kind, at: expression.offset)
  }
}

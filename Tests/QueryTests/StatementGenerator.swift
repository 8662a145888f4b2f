// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import Query

/// Random statements, names and texts with everything that needs quoting among them.
struct StatementGenerator {
  private var random: SeededGenerator

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  private mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int.random(in: choices.indices, using: &random)]
  }

  private mutating func chance() -> Bool { Bool.random(using: &random) }

  private mutating func text() -> String {
    let pieces = [
      "a", "1", " ", "'", "\"", "`", "\\", "\n", "--", "/*", ";", "é", "\0", "%", "*",
      "\u{301}", "\u{202E}", "\u{200D}",
    ]
    return (0..<Int.random(in: 0...6, using: &random)).map { _ in pick(pieces) }.joined()
  }

  private mutating func name() -> Name {
    Name(text: "n" + text(), offset: 0)
  }

  private mutating func expressions(_ depth: Int) -> [Expression] {
    (0..<Int.random(in: 1...3, using: &random)).map { _ in expression(depth) }
  }

  mutating func expression(_ depth: Int) -> Expression {
    guard depth > 0 else { return leaf() }
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return Expression(.not(expression(depth - 1)))
    case 1: return Expression(.negated(expression(depth - 1)))
    case 2, 3:
      return Expression(
        .binary(
          pick(BinaryOperator.allCases), expression(depth - 1), expression(depth - 1)))
    case 4:
      return Expression(.isIn(expressions(depth - 1), expression(depth - 1), negated: chance()))
    case 5:
      return Expression(
        .between(
          expression(depth - 1), low: expression(depth - 1), high: expression(depth - 1),
          negated: chance()))
    case 6: return Expression(.isNull(expression(depth - 1), negated: chance()))
    default: return Expression(.call(pick(["Sum", "time", "f"]), expressions(depth - 1)))
    }
  }

  private mutating func leaf() -> Expression {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: Expression(.integer(UInt64.random(in: 0...UInt64(Int64.max), using: &random)))
    case 1: Expression(.decimal(Double.random(in: 0...1e9, using: &random)))
    case 2: Expression(.string(text()))
    default: Expression(.name(name().text))
    }
  }

  private mutating func order() -> [SelectStatement.Order] {
    expressions(2).map { .init(expression: $0, descending: chance()) }
  }

  mutating func statement() -> Statement {
    if Int.random(in: 0..<6, using: &random) == 0 {
      return .show(
        ShowStatement(
          subject: .tagValues(name(), table: chance() ? name() : nil),
          condition: chance() ? expression(3) : nil, order: chance() ? order() : [],
          limit: chance() ? Limit(rows: 3) : nil))
    }
    var select = SelectStatement(
      items: (0..<Int.random(in: 1...4, using: &random)).map { _ in
        .init(expression: expression(3), alias: chance() ? name() : nil, heading: "")
      },
      table: name())
    if chance() { select.condition = expression(4) }
    if chance() { select.grouping = expressions(2) }
    if chance() { select.having = expression(3) }
    if chance() {
      select.order = order()
    }
    select.isDistinct = chance()
    if chance() {
      select.seriesLimit = SeriesLimit(
        series: 3, order: chance() ? .init(expression: expression(2), descending: chance()) : nil)
    }
    if chance() { select.limit = Limit(rows: 10, skipped: chance() ? 5 : 0) }
    return .select(select)
  }
}

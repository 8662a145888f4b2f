// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Conditions on tags that rows carry as part of their tag set.
extension TableScope {
  /// A condition on a tag that rows carry as part of their tag set: the engine finds the numbers of the
  /// tag sets that meet it. Rows without the tag count as having the empty value.
  func tagSetCondition(
    _ test: ValueTest, on tag: BoundTag
  ) throws(QueryError) -> EngineSQL {
    guard let resource = tag.resource else { return "0" }
    let known = try decodedCondition(test, on: tag, resource)
    guard tag.fallsBackToAddress, let address = addressColumn(tag) else { return known.sql }
    let shown = try fallbackCondition(test, column: "\(address)")
    return switch shown {
    case "0": known.leavesOutUnknown ? known.sql : "(NOT (\(isUnknown(tag))) AND \(known.sql))"
    case "1": "(\(isUnknown(tag)) OR \(known.sql))"
    default: "if(\(isUnknown(tag)), \(shown), \(known.sql))"
    }
  }

  private typealias Known = (sql: EngineSQL, leavesOutUnknown: Bool)

  private func decodedCondition(
    _ test: ValueTest, on tag: BoundTag, _ resource: TagDeclaration.ResourceValue
  ) throws(QueryError) -> Known {
    let value = Scalar(sql: "value", type: .text)
    func rendered(_ test: ValueTest) throws(QueryError) -> EngineSQL {
      try test.rendered(over: value) { operand throws(QueryError) in
        guard let constant = Constant(operand) else {
          throw QueryError(.misuse, "expected a constant such as 'text'", at: operand.offset)
        }
        return Scalar(sql: "\(literal: constant.text)", type: .text)
      }
    }
    if case .regexp = test.operation {
      let matched = Self.tagSets(resource, "match(value, \(literal: try test.text(0)))")
      let all = Self.tagSets(resource, "value != ''")
      let sql: EngineSQL =
        "(\(tag.column) IN (\(matched)) OR (match('', \(literal: try test.text(0))) "
        + "AND \(tag.column) NOT IN (\(all))))"
      return (test.isNegated ? "NOT \(sql)" : sql, false)
    }
    let condition = try rendered(test)
    guard try test.holds(for: "") else {
      return ("\(tag.column) IN (\(Self.tagSets(resource, condition)))", true)
    }
    let others = Self.tagSets(resource, "NOT (\(condition))")
    return ("\(tag.column) NOT IN (\(others))", false)
  }

  /// The numbers of the tag sets with a resource that has a value which meets `condition`. Where several
  /// resources are asked, the first that has any value decides.
  private static func tagSets(
    _ resource: TagDeclaration.ResourceValue, _ condition: EngineSQL
  ) -> EngineSQL {
    let having: EngineSQL =
      "SELECT number FROM \(TableDeclaration.attribute) WHERE name = \(literal: resource.property)"
    var found: EngineSQL?
    for name in resource.members.reversed() {
      let own: EngineSQL = "\(member(name)) IN (\(having) AND \(condition))"
      found = found.map { "(\(own) OR (\(member(name)) NOT IN (\(having)) AND \($0)))" } ?? own
    }
    return "SELECT number FROM \(TableDeclaration.tagSet) WHERE \(found ?? "0")"
  }

  /// The condition on rows that show their address for the tag.
  private func fallbackCondition(
    _ test: ValueTest, column: EngineSQL
  ) throws(QueryError) -> EngineSQL {
    guard case .isOneOf(let operands) = test.operation else {
      return try addressCondition(test, column: column)
    }
    var addresses = test
    addresses.operation = .isOneOf(
      operands.filter { operand in
        if case .text(let text)? = Constant(operand) { IPAddress(text) != nil } else { false }
      })
    if case .isOneOf(let kept) = addresses.operation, kept.isEmpty {
      return test.isNegated ? "1" : "0"
    }
    return try addressCondition(addresses, column: column)
  }
}

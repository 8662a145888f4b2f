// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Conditions on tags that rows carry as part of their tag set.
extension TableScope {
  /// A condition on a tag that rows carry as part of their tag set: the set of tag-set numbers that
  /// meet it. Rows without the tag count as having the empty value.
  func tagSetCondition(
    _ test: ValueTest, on tag: BoundTag
  ) throws(QueryError) -> EngineSQL {
    let known = try decodedCondition(test, on: tag)
    guard tag.fallsBackToAddress, let address = addressColumn(tag) else { return known }
    let shown = try fallbackCondition(test, column: "\(address)")
    // Lists of tag sets never hold 0, so the positive ones already leave unknown ends out.
    switch (known, shown) {
    case (_, "0"): return known == "1" ? "\(tag.column) != 0" : known
    case (_, "1"): return "(\(isUnknown(tag)) OR \(known))"
    case ("0", _): return "(\(isUnknown(tag)) AND \(shown))"
    case ("1", _): return "(\(tag.column) != 0 OR \(shown))"
    default: return "if(\(isUnknown(tag)), \(shown), \(known))"
    }
  }

  private func decodedCondition(
    _ test: ValueTest, on tag: BoundTag
  ) throws(QueryError) -> EngineSQL {
    let values = values(of: tag)
    if case .regexp = test.operation {
      let matched = matching(try test.text(0), values, of: tag)
      return test.isNegated ? "NOT \(matched)" : matched
    }
    let meetsEmpty = try test.holds(for: "")
    var chosen: [UInt32] = []
    for entry in values where try test.holds(for: entry.value) != meetsEmpty {
      chosen.append(entry.tagSet)
    }
    guard !chosen.isEmpty else { return meetsEmpty ? "1" : "0" }
    let list = EngineSQL.list(chosen)
    return meetsEmpty ? "\(tag.column) NOT IN (\(list))" : "\(tag.column) IN (\(list))"
  }

  /// The tag sets whose value matches: the engine's own expressions decide, once a value.
  private func matching(
    _ pattern: String, _ values: [(tagSet: UInt32, value: String)], of tag: BoundTag
  ) -> EngineSQL {
    guard !values.isEmpty else { return "match('', \(literal: pattern))" }
    let numbers = EngineSQL.list(values.map(\.tagSet))
    let texts = EngineSQL.list(literals: values.map(\.value))
    return "(\(tag.column) IN (SELECT pair.1 FROM (SELECT arrayJoin(arrayZip([\(numbers)], "
      + "[\(texts)])) AS pair) WHERE match(pair.2, \(literal: pattern))) "
      + "OR (match('', \(literal: pattern)) AND \(tag.column) NOT IN (\(numbers))))"
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

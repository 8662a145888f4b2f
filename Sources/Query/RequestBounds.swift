// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// What a request adds to its statement, as values: nobody has to write them into the text.
package struct RequestBounds: Hashable, Sendable {
  /// Seconds since 1970, both ends included; for a statement that has no condition on time.
  package var time: ClosedRange<Int64>?
  /// Whether MetaFlow's own programs are left out, where a statement says nothing of services.
  package var leavesOwnOut: Bool

  package init(time: ClosedRange<Int64>? = nil, leavesOwnOut: Bool = false) {
    self.time = time
    self.leavesOwnOut = leavesOwnOut
  }

  /// What was added to a statement.
  package struct Added: Hashable, Sendable {
    package var hasRange = false
    package var leavesOwnOut = false
  }

  private static let times: Set = ["time", "start_time", "end_time", "_id"]
  private static let services = ["auto_service", "auto_instance"]

  func add(to select: inout SelectStatement, of table: TableDeclaration) -> Added {
    var added = Added()
    let names = select.condition.map(Self.names) ?? []
    if let time, names.isDisjoint(with: Self.times) {
      let now = Expression(.name("time"))
      and(.binary(.greaterOrEqual, now, Self.number(time.lowerBound)), to: &select)
      and(.binary(.lessOrEqual, now, Self.number(time.upperBound)), to: &select)
      added.hasRange = true
    }
    if leavesOwnOut, let server = Self.server(of: table),
      !names.contains(where: { name in Self.services.contains { name.hasPrefix($0) } })
    {
      let own = CallFilter.ownPrograms.map { Expression(.string($0)) }
      and(.isIn(own, Expression(.name(server)), negated: true), to: &select)
      added.leavesOwnOut = true
    }
    return added
  }

  private func and(_ condition: Expression.Kind, to select: inout SelectStatement) {
    let added = Expression(condition)
    select.condition = select.condition.map { Expression(.binary(.and, $0, added)) } ?? added
  }

  private static func number(_ second: Int64) -> Expression {
    Expression(.integer(UInt64(max(0, second))))
  }

  /// The tag that says who is served; nil where a table has none.
  private static func server(of table: TableDeclaration) -> String? {
    let columns = Set(table.columns.map(\.name))
    return columns.contains("tag_set_id_1")
      ? "auto_service_1" : columns.contains("tag_set_id") ? "auto_service" : nil
  }

  /// Every name in an expression.
  private static func names(in expression: Expression) -> Set<String> {
    var names: Set<String> = []
    if case .name(let name) = expression.kind { names.insert(name) }
    for operand in expression.kind.operands { names.formUnion(Self.names(in: operand)) }
    return names
  }
}

// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Telemetry

/// What decoding tag sets costs a statement.
extension SelectBinder {
  /// A statement must not grow without bound because many columns decode a large catalog.
  ///
  /// - Returns: Whether anything is decoded at all.
  func boundDecoding() throws(QueryError) -> Bool {
    let expressions =
      select.items.map(\.expression) + select.grouping + select.order.map(\.expression)
      + [select.condition, select.having, select.seriesLimit?.order?.expression]
      .compactMap(\.self)
    var decoded = 0
    for expression in expressions {
      if expression.kind == .star { decoded += scope.tags.count(where: \.isDecoded) }
      for (name, _) in expression.names {
        switch scope.meaning(name) {
        case .tag(let tag): decoded += tag.isDecoded ? 1 : 0
        case .eitherSide(let tags): decoded += tags.count(where: \.isDecoded)
        default: break
        }
      }
    }
    guard decoded * scope.tagSets.count <= DialectLimits.decodedNames else {
      throw QueryError(
        .limit,
        "the query names \(decoded) tags of \(scope.tagSets.count) tag sets, which is too "
          + "much for one statement; name fewer columns or a shorter time range")
    }
    return decoded > 0
  }

  /// By time alone: the other conditions may need the answer.
  func tagSetScan(_ range: TimeRange) -> EngineSQL? {
    let columns = ["tag_set_id", "tag_set_id_0", "tag_set_id_1"].compactMap(scope.column)
    guard !columns.isEmpty else { return nil }
    let from: EngineSQL = range.first.map { " AND time >= \(max(0, $0))" } ?? ""
    let to: EngineSQL = range.last.map { " AND time <= \($0)" } ?? ""
    let list = columns.map { "\($0)" as EngineSQL }.joined(", ")
    return "SELECT DISTINCT arrayJoin([\(list)]) AS tag_set FROM \(scope.table) WHERE 1\(from)\(to)"
  }
}

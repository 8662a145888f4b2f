// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage
internal import Telemetry

/// Where the tags of a row come from.
extension QueryService {
  /// The tags that are resources of a tag set, by the column that has them.
  private static let members: [(tag: String, column: ColumnDeclaration)] = {
    let known = TagDeclaration.builtIn.compactMap {
      tag -> (tag: String, column: ColumnDeclaration)? in
      guard case .resource(let value) = tag.source,
        value.property == TagDeclaration.ResourceValue.name, !tag.name.hasPrefix("auto_"),
        let column = TableDeclaration.tagSet.columns.first(where: { $0.name == value.member })
      else { return nil }
      return (tag.name, column)
    }
    return known
  }()

  /// What the ends of the row with a number are told as, and by what they were found; nil when there is
  /// no such row in a log.
  package func ends(
    of id: UInt64, directory: any TagDirectory
  ) async throws(QueryError) -> ToldEnds? {
    for table in [TableDeclaration.callLog, .flowLog] {
      let found = try await run(
        "SELECT \(Self.rowColumns) FROM \(table.name) WHERE time = \(id >> 32) AND _id = \(id)",
        directory: directory)
      guard let row = found.rows.first, row.count == 13 else { continue }
      func end(_ first: Int) async throws(QueryError) -> ToldEnd {
        try await told(
          ToldEnd(
            address: row[first].string ?? "", port: row[first + 1].number,
            service: row[first + 2].string ?? "", instance: row[first + 3].string ?? "",
            tagSet: row[first + 4].number, sources: [], resources: []))
      }
      return ToldEnds(
        agent: row[0].number, observationPoint: row[1].string ?? "", time: row[2].number,
        client: try await end(3), server: try await end(8))
    }
    return nil
  }

  private static let rowColumns =
    "agent_id, observation_point, time, ip_0, client_port, auto_service_0, auto_instance_0, "
    + "tag_set_id_0, ip_1, server_port, auto_service_1, auto_instance_1, tag_set_id_1"

  private func told(_ end: ToldEnd) async throws(QueryError) -> ToldEnd {
    guard end.tagSet != 0 else { return end }
    var end = end
    let columns = Self.members.map { "any(\($0.column))" as EngineSQL }
    let set = try await ask(
      "SELECT any(tag_source), \(columns.joined(", ")) FROM \(TableDeclaration.tagSet) FINAL "
        + "WHERE number = \(end.tagSet)")
    guard let row = set.table.rows.first, row.count == Self.members.count + 1 else { return end }
    let bits = TagDeclaration.builtIn.first { $0.name == "tag_source" }?.values ?? []
    end.sources = bits.filter { row[0].number & UInt64($0.number) != 0 }.map(\.name)
    let numbers = row.dropFirst().map(\.number)
    let wanted = numbers.filter { $0 != 0 }
    guard !wanted.isEmpty else { return end }
    let found = try await ask(
      "SELECT number, kind, entity, name, toUnixTimestamp(valid_from), toUnixTimestamp(valid_to), "
        + "attribute_names, attribute_values FROM \(TableDeclaration.resource) FINAL "
        + "WHERE number IN (\(EngineSQL.list(wanted)))")
    for (member, number) in zip(Self.members, numbers) where number != 0 {
      guard let row = found.table.rows.first(where: { $0.first?.number == number }), row.count == 8
      else { continue }
      let kind = ResourceKind(rawValue: UInt8(clamping: row[1].number))
      end.resources.append(
        ToldEnd.Resource(
          tag: member.tag, kind: kind.name, name: row[3].string ?? "", version: number,
          entity: row[2].number, validFrom: row[4].number, validTo: row[5].number,
          isWatched: kind.isWatched,
          attributes: zip(row[6].texts, row[7].texts).map { ToldEnd.Attribute(name: $0, value: $1) }
        ))
    }
    return end
  }
}

extension Value {
  /// The texts of a list.
  fileprivate var texts: [String] {
    if case .array(let values) = self { values.map { $0.string ?? "" } } else { [] }
  }
}

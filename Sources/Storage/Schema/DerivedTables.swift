// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Tables whose rows are made of another's.
///
/// A view of the engine folds each insert into the source as it comes, under the insert's token, so that one
/// that comes again, or was broken off between the two, is folded once. It is made when what the source
/// had before is folded; so where there is no view yet, that is to be done from the start.
extension TableDeclaration {
  private var feedName: String { name + ".feed" }
  var quotedFeed: String { "\(quoted(database)).\(quoted(feedName))" }
  var qualifiedFeed: String { database + "." + feedName }

  /// Folds rows of the source. `condition` is on its columns.
  private func folding(_ source: String, where condition: String = "") -> String {
    let columns = columns.map { column in
      let value = "source.\(quoted(column.name))"
      if column.name == "time" {
        return "toStartOfInterval(\(value), toIntervalSecond(\(interval))) AS time"
      }
      return "\(column.fold.function.map { "\($0)(\(value))" } ?? value) AS \(quoted(column.name))"
    }
    let keys = self.columns.filter { $0.fold == .key }.map { quoted($0.name) }
    return """
      SELECT \(columns.joined(separator: ", ")) FROM \(source) AS source\(condition) \
      GROUP BY \(keys.joined(separator: ", "))
      """
  }

  private func quotedSource(_ name: String) -> String { "\(quoted(database)).\(quoted(name))" }

  /// The statement that lets rows of the source come in; nil for a table that is written.
  var feedCreation: String? {
    derivedFrom.map { source in
      "CREATE MATERIALIZED VIEW IF NOT EXISTS \(quotedFeed) TO \(quotedName) "
        + "AS \(folding(quotedSource(source))) COMMENT \(literal(comment))"
    }
  }

  /// The statement that makes one of another version fold as this one says.
  var feedChange: [String] {
    guard let source = derivedFrom else { return [] }
    return [
      "ALTER TABLE \(quotedFeed) MODIFY QUERY \(folding(quotedSource(source)))",
      "ALTER TABLE \(quotedFeed) MODIFY COMMENT \(literal(comment))",
    ]
  }

  /// The statement that folds a partition of the source as a whole.
  func backfill(from source: String, partition: String) -> String {
    let columns = columns.map { quoted($0.name) }.joined(separator: ", ")
    let rows = folding(
      quotedSource(source), where: " WHERE source._partition_id = \(literal(partition))")
    return """
      INSERT INTO \(quotedName) (\(columns)) \(rows) \
      SETTINGS insert_deduplicate = 0, max_threads = 1, max_insert_threads = 1, \
      max_partitions_per_insert_block = 1000
      """
  }
}

extension EngineConnection {
  /// Makes and fills derived tables. Nothing may be inserted meanwhile.
  func feed(
    _ tables: [TableDeclaration], stored: [String: StoredTable]
  ) async throws(StorageError) {
    for table in tables {
      guard let source = table.derivedFrom, let creation = table.feedCreation else { continue }
      if let feed = stored[table.qualifiedFeed] {
        guard feed.comment != table.comment else { continue }
        for statement in table.feedChange { try await execute(statement) }
        continue
      }
      try await backfill(table, from: source)
      try await execute(creation)
    }
  }

  private func backfill(
    _ table: TableDeclaration, from source: String
  ) async throws(StorageError) {
    var origin = table
    origin.name = source
    let partitions = try await states(of: origin, openSeconds: 0).map(\.state.id)
    let oldest = try await query(
      """
      SELECT (SELECT min(time) FROM \(table.quotedName)) < toStartOfInterval(
        (SELECT min(time) FROM \(origin.quotedName)), toIntervalSecond(\(table.interval)))
        AND (SELECT count() FROM \(table.quotedName)) > 0
      """, limits: QueryLimits())
    // Somebody removed the view: what cannot be made anew is worth more than what is missing.
    guard oldest.table.rows.first?.first?.integer != 1 else { return }
    try await execute("TRUNCATE TABLE \(table.quotedName) SETTINGS max_table_size_to_drop = 0")
    for partition in partitions.reversed() {
      try await execute(table.backfill(from: source, partition: partition), seconds: 14_400)
    }
  }
}

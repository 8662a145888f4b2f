// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The statements of ``EmbeddedEngine/rewrite(_:openSeconds:)``.
extension EngineConnection {
  /// Seconds that one statement may take: it copies a partition at most.
  private static let longest = 14_400.0

  private static func place(_ table: TableDeclaration) -> String {
    "database = \(literal(table.database)) AND table = \(literal(table.name))"
  }

  /// Whether a table has rows in another order than it is declared with. What a server before left
  /// behind is cleared away, but for what can be gone on with.
  func needsRewriting(_ table: TableDeclaration) async throws(StorageError) -> Bool {
    let next = table.rewritten
    let found = try await query(
      "SELECT name, sorting_key, comment FROM system.tables "
        + "WHERE database = \(literal(table.database)) "
        + "AND name IN (\(literal(table.name)), \(literal(next.name)))", limits: QueryLimits())
    let keys = found.table.rows.map { row in row.map(\.text) }
    guard let present = keys.first(where: { $0[0] == table.name }) else { return false }
    let isWanted = present[1] != table.sortingKey
    if let begun = keys.first(where: { $0[0] == next.name }),
      !isWanted || begun[1] != next.sortingKey || begun[2] != next.comment
    {
      try await remove(next)
    }
    if isWanted { try await execute(next.creation) }
    return isWanted
  }

  /// Removes a table, however large.
  func remove(_ table: TableDeclaration) async throws(StorageError) {
    try await execute(
      "DROP TABLE IF EXISTS \(table.quotedName) SYNC SETTINGS max_table_size_to_drop = 0",
      seconds: 600)
  }

  /// The partitions of a table, the newest first, and which of them got rows, or were merged, in the
  /// last seconds.
  func states(
    of table: TableDeclaration, openSeconds: Int
  ) async throws(StorageError) -> [(state: PartitionState, isOpen: Bool)] {
    let answer = try await query(
      """
      SELECT partition_id, sum(rows), sum(bytes_on_disk), toInt64(max(max_block_number)),
        toInt64(max(data_version)), toUInt8(max(modification_time) > now() - \(openSeconds))
      FROM system.parts WHERE active AND \(Self.place(table))
      GROUP BY partition_id ORDER BY max(max_time) DESC
      """, limits: QueryLimits())
    return answer.table.rows.map { row in
      let state = PartitionState(
        id: row[0].text, rows: Int(row[1].integer), bytes: Int(row[2].integer),
        latestInsert: Int(row[3].integer), latestChange: Int(row[4].integer))
      return (state, row[5].integer != 0)
    }
  }

  /// The names of the parts of some partitions.
  func parts(
    of table: TableDeclaration, in partitions: [String]
  ) async throws(StorageError) -> [String] {
    guard !partitions.isEmpty else { return [] }
    let list = partitions.map(literal).joined(separator: ", ")
    let answer = try await query(
      "SELECT name FROM system.parts WHERE active AND \(Self.place(table)) "
        + "AND partition_id IN (\(list)) ORDER BY name", limits: QueryLimits())
    return answer.table.rows.map { $0[0].text }
  }

  /// Copies the rows of one partition, or of some parts.
  func copy(
    from table: TableDeclaration, to next: TableDeclaration, where condition: String
  ) async throws(StorageError) {
    let columns = table.columns.map { quoted($0.name) }.joined(separator: ", ")
    let statement = """
      INSERT INTO \(next.quotedName) (\(columns))
      SELECT \(columns) FROM \(table.quotedName) WHERE \(condition)
      SETTINGS insert_deduplicate = 0, max_threads = 1, max_insert_threads = 1,
        min_insert_block_size_rows = 500000, min_insert_block_size_bytes = 134217728,
        max_partitions_per_insert_block = 1000, max_query_size = 16777216
      """
    try await execute(statement, seconds: Self.longest)
  }

  /// Whether both tables have the same rows in some partitions, by their number and by the sum of what
  /// is hashed of each.
  func haveTheSameRows(
    _ table: TableDeclaration, _ next: TableDeclaration, in partitions: [String]
  ) async throws(StorageError) -> Bool {
    guard !partitions.isEmpty else { return true }
    let ids = table.columns.map(\.name).filter { $0 == "_id" || $0.hasPrefix("tag_set_id") }
    let hashed = (table.orderBy + ids).map(quoted).joined(separator: ", ")
    let list = partitions.map(literal).joined(separator: ", ")
    var sums: [[[Value]]] = []
    for table in [table, next] {
      sums.append(
        try await query(
          "SELECT _partition_id AS p, count(), sum(cityHash64(\(hashed))) "
            + "FROM \(table.quotedName)\(table.derivedFrom == nil ? "" : " FINAL") WHERE p IN (\(list)) GROUP BY p ORDER BY p",
          limits: QueryLimits(seconds: Self.longest)
        ).table.rows)
    }
    return sums[0] == sums[1]
  }

  func drop(partition: String, of table: TableDeclaration) async throws(StorageError) {
    try await execute(
      "ALTER TABLE \(table.quotedName) DROP PARTITION ID \(literal(partition)) "
        + "SETTINGS max_partition_size_to_drop = 0")
  }

  func merges(of table: TableDeclaration, run: Bool) async throws(StorageError) {
    try await execute("SYSTEM \(run ? "START" : "STOP") MERGES \(table.quotedName)")
  }

  /// Inserts that the engine is at, whoever waits for them or does not any more.
  func insertsAreRunning() async throws(StorageError) -> Bool {
    let answer = try await query(
      "SELECT count() FROM system.processes WHERE query_kind = 'Insert'", limits: QueryLimits())
    return answer.table.rows.first?.first?.integer != 0
  }

  /// Where the files of a table are.
  func path(of table: TableDeclaration) async throws(StorageError) -> String {
    let answer = try await query(
      "SELECT data_paths[1] FROM system.tables WHERE database = \(literal(table.database)) "
        + "AND name = \(literal(table.name))", limits: QueryLimits())
    guard let path = answer.table.rows.first?.first?.text, !path.isEmpty else {
      throw .unreadableAnswer("the engine does not say where \(table.qualifiedName) is")
    }
    return path
  }
}

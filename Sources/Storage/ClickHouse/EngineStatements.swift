// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Telemetry

/// What ``StorageBackend`` promises, said to one ClickHouse server.
extension EngineConnection {
  func migrate(_ tables: [TableDeclaration]) async throws(StorageError) {
    let stored = try await storedTables()
    let statements = try Migration.statements(for: tables, stored: stored)
    for statement in statements { try await execute(statement) }
    try await feed(tables, stored: stored)
  }

  private func storedTables() async throws(StorageError) -> [String: StoredTable] {
    let limits = QueryLimits(rows: 1_000_000)
    let tables = try await query(
      "SELECT database, name, comment, engine_full FROM system.tables "
        + "WHERE database NOT IN \(Self.foreignDatabases)", limits: limits)
    var stored: [String: StoredTable] = [:]
    for row in tables.table.rows {
      stored[row[0].text + "." + row[1].text] = StoredTable(
        comment: row[2].text, definition: row[3].text, columns: [:])
    }
    let columns = try await query(
      "SELECT database, table, name, type FROM system.columns "
        + "WHERE database NOT IN \(Self.foreignDatabases)", limits: limits)
    for row in columns.table.rows {
      stored[row[0].text + "." + row[1].text]?.columns[row[2].text] = row[3].text
    }
    return stored
  }

  private static let foreignDatabases =
    "('system', 'default', 'INFORMATION_SCHEMA', 'information_schema')"

  /// Fewer rows than this are found fast enough without their skip indexes, which cost more to make
  /// than the rows; the first merge makes them.
  private static let rowsWorthIndexes = 8_192

  /// Sends an encoded block of `rows` rows once.
  func insert(
    _ block: ByteBuffer, rows: Int, into table: TableDeclaration, token: String
  ) async throws(StorageError) {
    let settings = [
      ("query", "INSERT INTO \(table.quotedName) FORMAT Native"),
      ("insert_deduplicate", "1"),
      ("insert_deduplication_token", token),
      // Of what is derived, too: an insert may have ended between the table and what is made of it.
      ("deduplicate_blocks_in_dependent_materialized_views", "1"),
      // Sooner than our own patience ends, so that it is known that nothing was stored.
      ("max_execution_time", "100"),
      ("max_partitions_per_insert_block", "1000"),
      ("materialize_skip_indexes_on_insert", rows < Self.rowsWorthIndexes ? "0" : "1"),
    ]
    _ = try await send(block, settings: settings, seconds: 120)
  }

  /// - Parameter id: What ``kill(query:)`` knows the query by; nil when nobody will stop it.
  func query(
    _ sql: String, id: String? = nil, limits: QueryLimits
  ) async throws(StorageError) -> QueryAnswer {
    let reply = try await read(sql, id: id, format: "Native", limits: limits)
    let table = try NativeReader.table(
      Array(reply.body.readableBytesView), share: limits.share)
    return QueryAnswer(
      table: table, rowsRead: Self.figure("read_rows", in: reply.summary),
      bytesRead: Self.figure("read_bytes", in: reply.summary))
  }

  func fetch(
    _ sql: String, id: String? = nil, format: String, limits: QueryLimits
  ) async throws(StorageError) -> [UInt8] {
    Array(try await read(sql, id: id, format: format, limits: limits).body.readableBytesView)
  }

  /// Stops a query, if it still runs.
  func kill(query id: String) async throws(StorageError) {
    try await execute("KILL QUERY WHERE query_id = \(literal(id)) ASYNC", seconds: 5)
  }

  private func read(
    _ sql: String, id: String?, format: String, limits: QueryLimits
  ) async throws(StorageError) -> Reply {
    let settings = [
      ("query_id", id ?? ""),
      ("default_format", format),
      // Without it an error after the first rows would come behind them, with status 200.
      ("wait_end_of_query", "1"),
      // Nothing but reading; settings may be given.
      ("readonly", "2"),
      // Lists behind IN may be long.
      ("max_query_size", "\(64 << 20)"),
      ("max_execution_time", "\(max(1, Int(limits.seconds.rounded(.up))))"),
      ("timeout_overflow_mode", "throw"),
      ("max_result_rows", "\(limits.rows)"),
      ("max_result_bytes", "\(limits.bytes)"),
      ("result_overflow_mode", "throw"),
      ("max_memory_usage", "\(limits.memory)"),
      ("cancel_http_readonly_queries_on_client_close", "1"),
      ("output_format_json_quote_64bit_integers", "0"),
    ]
    return try await send(
      ByteBuffer(string: sql), settings: settings, seconds: limits.seconds + 5,
      bytes: limits.bytes, share: limits.share)
  }

  /// A number out of `{"read_rows":"12",...}`; 0 when it is not there.
  private static func figure(_ name: String, in summary: String) -> Int {
    guard let start = summary.firstRange(of: "\"\(name)\":\"")?.upperBound else { return 0 }
    return Int(summary[start...].prefix { $0.isNumber }) ?? 0
  }

  func partitions() async throws(StorageError) -> [StoredPartition] {
    let answer = try await query(
      """
      SELECT database, table, partition_id, sum(rows), sum(bytes_on_disk),
        toInt64(toUnixTimestamp(min(min_time))), toInt64(toUnixTimestamp(max(max_time)))
      FROM system.parts WHERE active AND database NOT IN \(Self.foreignDatabases)
      GROUP BY database, table, partition_id ORDER BY database, table, partition_id
      """, limits: QueryLimits(rows: 1_000_000))
    return answer.table.rows.map { row in
      StoredPartition(
        database: row[0].text, table: row[1].text, id: row[2].text,
        rows: Int(row[3].integer), bytes: Int(row[4].integer), earliest: row[5].integer,
        latest: row[6].integer)
    }
  }

  func disk() async throws(StorageError) -> DiskSpace {
    let answer = try await query(
      "SELECT sum(total_space), sum(free_space) FROM system.disks WHERE type = 'Local'",
      limits: QueryLimits())
    guard let row = answer.table.rows.first else {
      throw .unreadableAnswer("the engine names no disk")
    }
    return DiskSpace(total: Int(row[0].integer), free: Int(row[1].integer))
  }

  func drop(_ partition: StoredPartition) async throws(StorageError) {
    try await execute(
      "ALTER TABLE \(quoted(partition.database)).\(quoted(partition.table)) "
        + "DROP PARTITION ID \(literal(partition.id))")
  }

  /// Rewrites the parts in which they are without the rows of some numbers.
  func remove(
    _ numbers: some Sequence<UInt32>, from table: TableDeclaration
  ) async throws(StorageError) {
    let list = numbers.map(String.init).joined(separator: ", ")
    try await execute(
      "ALTER TABLE \(table.quotedName) DELETE WHERE number IN (\(list)) "
        + "SETTINGS mutations_sync = 1", seconds: 600)
  }

  /// Reads a dictionary anew, or for the first time.
  func reload(dictionary: String) async throws(StorageError) {
    try await execute("SYSTEM RELOAD DICTIONARY \(dictionary)")
  }

  /// Rewrites the parts of the partition without the older rows.
  func trim(_ partition: StoredPartition, before second: Int64) async throws(StorageError) {
    try await execute(
      "ALTER TABLE \(quoted(partition.database)).\(quoted(partition.table)) "
        + "DELETE IN PARTITION ID \(literal(partition.id)) WHERE time < toDateTime(\(second)) "
        + "SETTINGS mutations_sync = 1", seconds: 600)
  }
}

extension Value {
  /// The text; empty for anything else.
  var text: String {
    if case .string(let text) = self { return text }
    return ""
  }

  /// The whole number, as far as 64 signed bits reach; 0 for anything else.
  var integer: Int64 {
    switch self {
    case .int(let value): value
    case .uint(let value): Int64(clamping: value)
    default: 0
    }
  }
}

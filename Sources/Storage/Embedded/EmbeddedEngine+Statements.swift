// SPDX-License-Identifier: Apache-2.0

import Bytes
import NIOCore
import NIOPosix
package import Telemetry

extension EmbeddedEngine {
  var connection: EngineConnection {
    get throws(StorageError) {
      guard let running, !isClosing else {
        throw .unavailable(isClosing ? "the engine is being stopped" : "the engine is restarting")
      }
      return running.connection
    }
  }

  /// How long an insert goes on trying when the engine does not answer.
  private static let patience = Duration.seconds(30)

  package func migrate(_ tables: [TableDeclaration]) async throws(StorageError) {
    try await connection.migrate(tables)
  }

  package nonisolated func insert(
    _ batch: ColumnBatch, token: String
  ) async throws(StorageError) {
    guard !batch.isEmpty else { return }
    var writer = LittleEndianWriter(capacity: batch.byteCount + 16_384)
    batch.encode(into: &writer)
    let block = ByteBuffer(bytes: writer.bytes)
    if !batch.table.tagSetColumns.isEmpty { await namesComeFirst() }
    let table = batch.table.qualifiedName
    await enter(table)
    let result = await send(block, of: batch, token)
    await leave(table)
    try result.get()
  }

  private nonisolated func send(
    _ block: ByteBuffer, of batch: ColumnBatch, _ token: String
  ) async -> Result<Void, StorageError> {
    let deadline = ContinuousClock.now + Self.patience
    while true {
      do throws(StorageError) {
        try await connection.insert(
          block, rows: batch.rows, into: batch.table, token: token)
        await inserted(batch.rows, into: batch.table)
        return .success(())
      } catch {
        guard error.isTransient, ContinuousClock.now < deadline, !Task.isCancelled else {
          return .failure(error)
        }
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  private func inserted(_ rows: Int, into table: TableDeclaration) {
    dictionaries.rowsChanged(in: table)
    guard bursts.isOver(after: rows, into: table.qualifiedName), let running else { return }
    // Nobody waits for it, and when it fails the engine merges in its own time.
    Task { [connection = running.connection] in try? await connection.mergeBurst(in: table) }
  }

  package func checkpoint() async throws(StorageError) {
    let directory = directory
    // The call waits for the disk, which no thread of Swift's pool may do, and cannot be cut short.
    let result = await withCheckedContinuation { continuation in
      NIOThreadPool.singleton.submit { _ in
        continuation.resume(
          returning: Result { () throws(StorageError) in try directory.synchronize() })
      }
    }
    try result.get()
  }

  package func remove(
    numbers: [UInt32], from table: TableDeclaration
  ) async throws(StorageError) {
    // A statement has a quarter of a megabyte.
    for start in stride(from: 0, to: numbers.count, by: 10_000) {
      try await connection.remove(
        numbers[start..<min(numbers.count, start + 10_000)], from: table)
    }
    dictionaries.rowsChanged(in: table)
  }

  /// Merges every table's parts, as time would.
  package func merge(_ tables: [TableDeclaration]) async throws(StorageError) {
    for table in tables {
      try await connection.execute("OPTIMIZE TABLE \(table.quotedName) FINAL", seconds: 600)
    }
  }

  package func query(
    _ sql: String, limits: QueryLimits
  ) async throws(StorageError) -> QueryAnswer {
    try await asking(sql, limits) { connection, limits, id throws(StorageError) in
      try await connection.query(sql, id: id, limits: limits)
    }
  }

  package func fetch(
    _ sql: String, format: String, limits: QueryLimits
  ) async throws(StorageError) -> [UInt8] {
    try await asking(sql, limits) { connection, limits, id throws(StorageError) in
      try await connection.fetch(sql, id: id, format: format, limits: limits)
    }
  }

  private func asking<Answer: Sendable>(
    _ sql: String, _ limits: QueryLimits,
    _ body: (EngineConnection, QueryLimits, String) async throws(StorageError) -> Answer
  ) async throws(StorageError) -> Answer {
    guard sql.contains("dictGet(") else { return try await asking(limits, body) }
    return try await withFreshDictionaries { () async throws(StorageError) in
      try await asking(limits, body)
    }
  }

  /// Asks as the user of queries. What nobody waits for any more does not go on in the engine.
  private func asking<Answer: Sendable>(
    _ limits: QueryLimits,
    _ body: (EngineConnection, QueryLimits, String) async throws(StorageError) -> Answer
  ) async throws(StorageError) -> Answer {
    let connection = try connection
    guard let queries = running?.queries else { throw .unavailable("the engine is restarting") }
    let id = String(UInt64.random(in: 1 << 60...UInt64.max), radix: 16)
    var limits = limits
    limits.memory = min(limits.memory, settings.queryMemory)
    do throws(StorageError) {
      return try await body(queries, limits, id)
    } catch {
      if case .refused = error { throw error }
      // In a task of its own: this one may be cancelled, and its requests would end before they begin.
      await Task { try? await connection.kill(query: id) }.value
      throw error
    }
  }

  package func partitions() async throws(StorageError) -> [StoredPartition] {
    try await connection.partitions()
  }

  package func disk() async throws(StorageError) -> DiskSpace {
    try await connection.disk()
  }

  package func trim(
    _ partition: StoredPartition, before second: Int64
  ) async throws(StorageError) {
    try await connection.trim(partition, before: second)
  }

  package func drop(_ partition: StoredPartition) async throws(StorageError) {
    do throws(StorageError) {
      try await connection.drop(partition)
    } catch {
      // To drop rows the engine writes a small part that says so, for which a full disk has no
      // room. That is what the ballast is for.
      guard case .diskFull = error else { throw error }
      directory.dropBallast()
      defer { directory.loadBallast() }
      try await connection.drop(partition)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Where telemetry is kept: a ClickHouse engine, embedded or a cluster.
package protocol StorageBackend: Sendable {
  /// Creates the tables that are missing and brings the others to their declared form.
  ///
  /// Idempotent. New columns are added, codecs, retention and settings are changed; nothing stored is
  /// rewritten or dropped. A changed order waits for ``EmbeddedEngine/rewrite(_:openSeconds:)``.
  ///
  /// - Throws: ``StorageError/newerStore(table:stored:known:)`` before anything is changed.
  func migrate(_ tables: [TableDeclaration]) async throws(StorageError)

  /// Stores the rows of `batch`. They survive the death of every process once this returns.
  ///
  /// Of all inserts with the same `token` into a table, one is stored; the others succeed without
  /// effect, also after a restart. So a caller that does not know whether an insert arrived asks
  /// again with the same token and the same rows. Transient failures are retried in here, within
  /// bounds.
  func insert(_ batch: ColumnBatch, token: String) async throws(StorageError)

  /// Returns when the rows of every insert that returned before this call survive a power cut, too.
  func checkpoint() async throws(StorageError)

  /// Runs a SELECT. `sql` must not name a FORMAT.
  func query(_ sql: String, limits: QueryLimits) async throws(StorageError) -> QueryAnswer

  /// Runs a SELECT and hands back the engine's own encoding of the answer, for instance in
  /// `JSONCompact`.
  func fetch(
    _ sql: String, format: String, limits: QueryLimits
  ) async throws(StorageError) -> [UInt8]

  /// Removes the rows of some numbers from a table that is ordered by them, or has them.
  func remove(
    numbers: [UInt32], from table: TableDeclaration
  ) async throws(StorageError)

  /// Rows and bytes of every stored partition of MetaFlow's tables.
  func partitions() async throws(StorageError) -> [StoredPartition]

  /// Bytes of the disk that holds the store.
  func disk() async throws(StorageError) -> DiskSpace

  /// Drops one partition and all its rows.
  func drop(_ partition: StoredPartition) async throws(StorageError)

  /// Drops the rows of a partition that are older than `second`, and gives their room back soon.
  func trim(_ partition: StoredPartition, before second: Int64) async throws(StorageError)

  /// Which tables are being brought into another order, and how far they are.
  func rewrites() async -> [RewriteProgress]

  /// Finishes what is running, and stops. Nothing may be asked afterwards.
  func close() async
}

extension StorageBackend {
  package func rewrites() async -> [RewriteProgress] { [] }
}

/// How much a query may cost before it is refused.
package struct QueryLimits: Sendable {
  /// Rows of the answer.
  package var rows: Int
  /// Bytes of the answer.
  package var bytes: Int
  /// Bytes of memory in the engine.
  package var memory: Int
  package var seconds: Double
  /// What the answer's bytes are taken from as they come in; nil for no bound but its own.
  package var share: AnswerShare?

  package init(
    rows: Int = 100_000, bytes: Int = 64 << 20, memory: Int = 1 << 30, seconds: Double = 30
  ) {
    self.rows = rows
    self.bytes = bytes
    self.memory = memory
    self.seconds = seconds
  }
}

/// The answer to a query, and what it cost.
package struct QueryAnswer: Sendable {
  package var table: ResultTable
  package var rowsRead: Int
  package var bytesRead: Int

  package init(table: ResultTable, rowsRead: Int, bytesRead: Int) {
    self.table = table
    self.rowsRead = rowsRead
    self.bytesRead = bytesRead
  }
}

/// One partition of a stored table: the rows of one stretch of time.
package struct StoredPartition: Hashable, Sendable {
  package var database: String
  package var table: String
  /// The engine's name of the partition.
  package var id: String
  package var rows: Int
  /// Bytes on disk.
  package var bytes: Int
  /// Times of the earliest and the latest row, in seconds.
  package var earliest: Int64
  package var latest: Int64

  package init(
    database: String, table: String, id: String, rows: Int, bytes: Int, earliest: Int64,
    latest: Int64
  ) {
    self.database = database
    self.table = table
    self.id = id
    self.rows = rows
    self.bytes = bytes
    self.earliest = earliest
    self.latest = latest
  }
}

/// Room on the disk that holds the store, in bytes.
package struct DiskSpace: Hashable, Sendable {
  package var total: Int
  package var free: Int

  package init(total: Int, free: Int) {
    self.total = total
    self.free = free
  }
}

// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry

/// A store that takes everything and keeps nothing.
struct NoStore: StorageBackend {
  func migrate(_ tables: [TableDeclaration]) async throws(StorageError) {}
  func insert(_ batch: ColumnBatch, token: String) async throws(StorageError) {}
  func checkpoint() async throws(StorageError) {}

  func query(_ sql: String, limits: QueryLimits) async throws(StorageError) -> QueryAnswer {
    throw .unavailable("not asked here")
  }

  func fetch(
    _ sql: String, format: String, limits: QueryLimits
  ) async throws(StorageError) -> [UInt8] { [] }

  func remove(numbers: [UInt32], from table: TableDeclaration) async throws(StorageError) {}
  func partitions() async throws(StorageError) -> [StoredPartition] { [] }
  func disk() async throws(StorageError) -> DiskSpace { DiskSpace(total: 0, free: 0) }
  func drop(_ partition: StoredPartition) async throws(StorageError) {}
  func trim(_ partition: StoredPartition, before second: Int64) async throws(StorageError) {}
  func close() async {}
}

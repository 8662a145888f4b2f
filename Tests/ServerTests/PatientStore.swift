// SPDX-License-Identifier: Apache-2.0

import Storage
import Synchronization
import Telemetry

/// A store whose answers take until the test lets them go, and that can be told to fail: a real engine
/// cannot be talked into either at a moment of one's choice.
final class PatientStore: StorageBackend {
  private struct State {
    var waiting = 0
    var cancelled = 0
    var isOpen = true
    var failure: StorageError?
    var failsForLosses = false
  }

  private let state = Mutex(State())

  /// Queries that wait for their answer, and those that were cancelled.
  var counts: (waiting: Int, cancelled: Int) { state.withLock { ($0.waiting, $0.cancelled) } }

  /// From now on queries wait, or no more.
  func answers(_ isOpen: Bool) { state.withLock { $0.isOpen = isOpen } }

  func fails(with failure: StorageError?) { state.withLock { $0.failure = failure } }

  /// Only the statement that looks for what is missing fails.
  func failsForLosses() { state.withLock { $0.failsForLosses = true } }

  func query(_ sql: String, limits: QueryLimits) async throws(StorageError) -> QueryAnswer {
    state.withLock { $0.waiting += 1 }
    defer { state.withLock { $0.waiting -= 1 } }
    while state.withLock({ !$0.isOpen }) {
      do {
        try await Task.sleep(for: .milliseconds(5))
      } catch {
        state.withLock { $0.cancelled += 1 }
        throw .unavailable("cancelled")
      }
    }
    let (failure, isLost) = state.withLock { ($0.failure, $0.failsForLosses) }
    if let failure { throw failure }
    if isLost, sql.contains("loss_ledger") { throw .unavailable("it rests") }
    return QueryAnswer(
      table: ResultTable(columns: [ResultColumn(name: "c0", type: "Int64")], rows: [[.int(1)]]),
      rowsRead: 0, bytesRead: 0)
  }

  func fetch(
    _ sql: String, format: String, limits: QueryLimits
  ) async throws(StorageError) -> [UInt8] { [] }

  func migrate(_ tables: [TableDeclaration]) async throws(StorageError) {}
  func remove(numbers: [UInt32], from table: TableDeclaration) async throws(StorageError) {}
  func insert(_ batch: ColumnBatch, token: String) async throws(StorageError) {}
  func checkpoint() async throws(StorageError) {}
  func partitions() async throws(StorageError) -> [StoredPartition] { [] }
  func disk() async throws(StorageError) -> DiskSpace { DiskSpace(total: 0, free: 0) }
  func drop(_ partition: StoredPartition) async throws(StorageError) {}
  func trim(_ partition: StoredPartition, before second: Int64) async throws(StorageError) {}
  func close() async {}
}

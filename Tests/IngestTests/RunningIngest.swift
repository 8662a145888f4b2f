// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Ingest
import Logging
import Storage
import Telemetry

/// Runs `body` against the real engine with MetaFlow's tables, on a directory of its own.
func withEngine(_ body: (EmbeddedEngine, String) async throws -> Void) async throws {
  try await withDirectory { path in
    let engine = try await EmbeddedEngine.start(
      directory: path + "/engine", installation: try .find(), settings: .init(memory: 1 << 30),
      logger: quietLogger)
    do {
      try await engine.migrate(TableDeclaration.stored)
      try await body(engine, path)
    } catch {
      await engine.close()
      throw error
    }
    await engine.close()
  }
}

/// Runs `body` while ingest takes in what agents send to `port`.
func withIngest(
  _ configuration: IngestConfiguration, catalog: Catalog, storage: any StorageBackend,
  _ body: (Ingest, _ port: Int) async throws -> Void
) async throws {
  var configuration = configuration
  configuration.port = 0
  let ingest = try Ingest(
    configuration, catalog: catalog, storage: storage, logger: quietLogger
  ) { testTime + 1_000_000_000 }
  let (ready, readiness) = AsyncStream.makeStream(of: Void.self)
  let running = Task { try await ingest.run { readiness.finish() } }
  for await _ in ready {}
  do {
    try await body(ingest, ingest.port ?? 0)
  } catch {
    running.cancel()
    _ = try? await running.value
    throw error
  }
  running.cancel()
  try await running.value
}

/// What a tag set's service is called.
func service(_ engine: EmbeddedEngine, ofTagSet number: Int) async throws -> String {
  let answer = try await engine.query(
    "SELECT name FROM flow_tag.resource WHERE number = "
      + "(SELECT any(auto_service) FROM flow_tag.tag_set WHERE number = \(number))",
    limits: QueryLimits())
  guard case .string(let name)? = answer.table.rows.first?.first else { return "" }
  return name
}

/// One number of an answer's one row.
func number(_ engine: EmbeddedEngine, _ sql: String) async throws -> Int {
  let bytes = try await engine.fetch(sql, format: "TabSeparated", limits: QueryLimits())
  let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  return Int(text) ?? -1
}

/// Is there, and answers every insert as it is told to: to see what ingest does when the store has
/// trouble that a real one cannot be talked into.
actor TroubledStore: StorageBackend {
  private var answers: [StorageError]
  private var checkpointAnswers: [StorageError]
  private(set) var tokens: [String] = []
  private(set) var attempts = 0
  private(set) var checkpoints = 0
  private let onCheckpoint: @Sendable () -> Void

  init(
    _ answers: [StorageError] = [], checkpoints: [StorageError] = [],
    onCheckpoint: @escaping @Sendable () -> Void = {}
  ) {
    self.answers = answers
    checkpointAnswers = checkpoints
    self.onCheckpoint = onCheckpoint
  }

  func checkpoint() async throws(StorageError) {
    onCheckpoint()
    if let first = checkpointAnswers.first {
      checkpointAnswers.removeFirst()
      throw first
    }
    checkpoints += 1
  }

  func migrate(_ tables: [TableDeclaration]) async throws(StorageError) {}
  func remove(numbers: [UInt32], from table: TableDeclaration) async throws(StorageError) {}

  func insert(_ batch: ColumnBatch, token: String) async throws(StorageError) {
    guard batch.table.database != "flow_tag" else { return }
    attempts += 1
    if let first = answers.first {
      answers.removeFirst()
      throw first
    }
    tokens.append(token)
  }

  func query(_ sql: String, limits: QueryLimits) async throws(StorageError) -> QueryAnswer {
    throw .unavailable("not asked here")
  }

  func fetch(
    _ sql: String, format: String, limits: QueryLimits
  ) async throws(StorageError) -> [UInt8] { [] }

  func partitions() async throws(StorageError) -> [StoredPartition] { [] }
  func disk() async throws(StorageError) -> DiskSpace { DiskSpace(total: 0, free: 0) }
  func drop(_ partition: StoredPartition) async throws(StorageError) {}
  func trim(_ partition: StoredPartition, before second: Int64) async throws(StorageError) {}
  func close() async {}
}

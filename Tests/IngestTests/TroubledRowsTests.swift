// SPDX-License-Identifier: Apache-2.0

import Bytes
import Catalog
import Foundation
import Logging
import Storage
import Synchronization
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

/// Rows that the store has something against keep no others from it, and are counted.
@Suite struct TroubledRowsTests {
  private let calls = TableDeclaration.callLog.qualifiedName

  private func configuration(_ path: String) -> IngestConfiguration {
    var configuration = IngestConfiguration(journalDirectory: path + "/journal")
    configuration.journal.segmentMilliseconds = 60_000
    configuration.journal.groupMilliseconds = 0
    configuration.storeRetrySeconds = 0.001
    configuration.storeRefusals = 2
    configuration.chunkRecords = 20
    return configuration
  }

  /// Stores batches of 20 calls, each a chunk of one segment, and returns what was counted.
  private func store(_ count: UInt64, to storage: PickyStore) async throws -> IngestStatistics {
    try await withDirectory { path in
      let configuration = configuration(path)
      let ledger = IngestLedger()
      let journal = try Journal(
        path: configuration.journalDirectory, limits: configuration.journal, logger: quietLogger)
      for sequence in 1...count {
        let batch = sampleBatch(20, sequence: sequence, metrics: false)
        _ = journal.submit(try entry(batch, sequence: sequence)) { _ in }
      }
      journal.stop()
      var storer = SegmentStorer(
        journal: journal, catalog: try Catalog(path: path + "/catalog.sqlite"), storage: storage,
        ledger: ledger, logger: quietLogger, configuration: configuration
      ) { testTime }
      await storer.run()
      let left = try FileManager.default.contentsOfDirectory(
        atPath: configuration.journalDirectory)
      let statistics = ledger.statistics
      #expect(left.contains("refused") == (statistics.segmentsSetAside > 0))
      #expect(statistics.store.balances && statistics.ingest.balances)
      return statistics
    }
  }

  @Test func aRefusedChunkTakesNoOtherAlong() async throws {
    let store = PickyStore { [calls] rows, token in
      rows.table.qualifiedName == calls && token.contains(".1-")
        ? .refused(code: 1, message: "no") : nil
    }
    let counted = try await self.store(3, to: store)
    #expect(await store.rows(of: calls) == 40)
    #expect(counted.store.passed == 40)
    #expect(counted.store.dropped.map(\.count) == [20])
    #expect(counted.segmentsSetAside == 1)
  }

  @Test(arguments: [
    StorageError.refused(code: 53, message: "no"), .outOfMemory("no"), .tooLarge("no"),
    .timedOut(seconds: 1), .unreadableAnswer("no"),
  ])
  func onlyThePoisonedRowIsLost(error: StorageError) async throws {
    let poison = Array("/things/1/7".utf8)
    let store = PickyStore { [calls] rows, _ in
      rows.table.qualifiedName == calls && contains(rows, poison) ? error : nil
    }
    let counted = try await self.store(2, to: store)
    #expect(await store.rows(of: calls) == 39)
    #expect(counted.store.dropped.map(\.count) == [1])
    #expect(counted.segmentsSetAside == 1)
  }

  /// What the store refused before it is asked for again by the next server: those rows, and no others.
  @Test(arguments: [1, 3]) func whatWasRefusedIsStoredWhenTheStoreTakesIt(
    starts: Int
  ) async throws {
    try await withDirectory { path in
      let configuration = configuration(path)
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      func run(_ storage: PickyStore, _ batches: ClosedRange<UInt64>?) async throws {
        let journal = try Journal(
          path: configuration.journalDirectory, limits: configuration.journal, logger: quietLogger)
        for sequence in batches.map(Array.init) ?? [] {
          let batch = sampleBatch(20, sequence: sequence)
          _ = journal.submit(try entry(batch, sequence: sequence)) { _ in }
        }
        journal.stop()
        var storer = SegmentStorer(
          journal: journal, catalog: catalog, storage: storage, ledger: IngestLedger(),
          logger: quietLogger, configuration: configuration
        ) { testTime + Int64.random(in: 0...1_000_000_000) }
        await storer.run()
      }
      let poison = [Array("/things/1/7".utf8), Array("/things/2/0".utf8)]
      let refusing = PickyStore { [calls] rows, _ in
        rows.table.qualifiedName == calls && poison.contains { contains(rows, $0) }
          ? .refused(code: 53, message: "no") : nil
      }
      try await run(refusing, 1...3)
      #expect(await refusing.rows(of: calls) == 58)
      // As long as it refuses them they stay.
      for _ in 1..<starts { try await run(refusing, nil) }
      #expect(await refusing.rows(of: calls) == 58)
      let mended = PickyStore { _, _ in nil }
      try await run(mended, nil)
      #expect(await mended.rows(of: calls) == 2)
      let batches = await mended.batches.filter { $0.table.qualifiedName == calls }
      #expect(poison.allSatisfy { text in batches.contains { contains($0, text) } })
      let left = try FileManager.default.contentsOfDirectory(
        atPath: configuration.journalDirectory + "/refused")
      #expect(left == [])
      let nothing = PickyStore { _, _ in nil }
      try await run(nothing, nil)
      #expect(await nothing.batches.isEmpty)
    }
  }

  @Test func rowsThatAreTooManyAtOnceAreStoredInParts() async throws {
    let store = PickyStore { rows, _ in rows.rows > 6 ? .outOfMemory("too many") : nil }
    let counted = try await self.store(2, to: store)
    #expect(await store.rows(of: calls) == 40)
    #expect(counted.store.droppedTotal == 0)
    #expect(counted.segmentsSetAside == 0)
    // Every part has a name of its own.
    let tokens = await store.tokens
    #expect(Set(tokens).count == tokens.count)
  }

  @Test func aTableThatTakesNothingEndsInBoundedTime() async throws {
    let store = PickyStore { [calls] rows, _ in
      rows.table.qualifiedName == calls ? .timedOut(seconds: 1) : nil
    }
    let counted = try await self.store(2, to: store)
    #expect(counted.store.dropped.map(\.count) == [40])
    #expect(counted.storeFailures <= 2 * 2 * UInt64(RowInserter.failuresOfABatch))
    #expect(await store.rows(of: TableDeclaration.lossLedger.qualifiedName) > 0)
  }

  /// What is derived of records is no record, but a segment with such a loss is kept, too.
  @Test func theLedgerIsStoredLastAndTellsWhatBecameOfTheRows() async throws {
    let store = PickyStore { [calls] rows, _ in
      rows.table.qualifiedName == calls ? .refused(code: 1, message: "no") : nil
    }
    _ = try await self.store(1, to: store)
    let ledger = await store.batches.filter { $0.table.qualifiedName != calls }
    #expect(ledger.count == 1)
    #expect(contains(try #require(ledger.first), Array("store_refused".utf8)))
  }

  /// A segment whose file cannot be read for a while is read later.
  @Test func aSegmentThatCannotBeReadIsTriedAgain() async throws {
    try await withDirectory { path in
      let configuration = configuration(path)
      let ledger = IngestLedger()
      let journal = try Journal(
        path: configuration.journalDirectory, limits: configuration.journal, logger: quietLogger)
      _ = journal.submit(try entry(sampleBatch(20, metrics: false), sequence: 1)) { _ in }
      journal.stop()
      let names = try FileManager.default.contentsOfDirectory(atPath: path + "/journal")
      let name = try #require(names.filter { $0.hasSuffix(".segment") }.sorted().first)
      let (file, away) = (path + "/journal/" + name, path + "/away")
      try FileManager.default.moveItem(atPath: file, toPath: away)
      var patient = configuration
      patient.storeRefusals = 1_000_000
      let store = PickyStore { _, _ in nil }
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      let complaints = Complaints()
      let storing = Task { [patient] in
        var storer = SegmentStorer(
          journal: journal, catalog: catalog, storage: store, ledger: ledger,
          logger: Logger(label: "test") { _ in complaints }, configuration: patient
        ) { testTime }
        await storer.run()
      }
      #expect(await eventually { complaints.counter.value.withLock { $0 } > 0 })
      try FileManager.default.moveItem(atPath: away, toPath: file)
      await storing.value
      #expect(await store.rows(of: calls) == 20)
      #expect(journal.backlog.sealed == 0)
    }
  }
}

private func contains(_ batch: ColumnBatch, _ text: [UInt8]) -> Bool {
  var writer = LittleEndianWriter()
  batch.encode(into: &writer)
  return Array(writer.bytes).firstRange(of: text) != nil
}

/// Counts what is logged.
private struct Complaints: LogHandler {
  final class Counter: Sendable {
    let value = Mutex(0)
  }

  let counter = Counter()
  var logLevel = Logger.Level.error
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    counter.value.withLock { $0 += 1 }
  }
}

/// Takes the rows that it has nothing against.
actor PickyStore: StorageBackend {
  private let objection: @Sendable (ColumnBatch, String) -> StorageError?
  private(set) var tokens: [String] = []
  private(set) var batches: [ColumnBatch] = []

  init(_ objection: @escaping @Sendable (ColumnBatch, String) -> StorageError?) {
    self.objection = objection
  }

  func rows(of table: String) -> Int {
    batches.reduce(0) { $0 + ($1.table.qualifiedName == table ? $1.rows : 0) }
  }

  func insert(_ batch: ColumnBatch, token: String) async throws(StorageError) {
    guard batch.table.database != "flow_tag" else { return }
    if let error = objection(batch, token) { throw error }
    tokens.append(token)
    batches.append(batch)
  }

  func migrate(_ tables: [TableDeclaration]) async throws(StorageError) {}
  func remove(numbers: [UInt32], from table: TableDeclaration) async throws(StorageError) {}
  func checkpoint() async throws(StorageError) {}

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

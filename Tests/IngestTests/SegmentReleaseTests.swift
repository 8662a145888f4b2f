// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Storage
import Synchronization
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

/// What becomes of acknowledged batches when the power goes.
@Suite struct SegmentReleaseTests {
  private func configuration(_ path: String) -> IngestConfiguration {
    var configuration = IngestConfiguration(journalDirectory: path + "/journal")
    configuration.journal.segmentMilliseconds = 10
    configuration.journal.groupMilliseconds = 0
    configuration.checkpointSeconds = 0.02
    return configuration
  }

  private func segments(_ path: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: path + "/journal")
    return (names ?? []).filter { $0.hasSuffix(".segment") }.sorted()
  }

  /// Stops the journal and stores what is in it.
  private func drain(
    _ journal: Journal, in path: String, to storage: any StorageBackend
  ) async throws {
    var storer = SegmentStorer(
      journal: journal, catalog: try Catalog(path: path + "/catalog.sqlite"), storage: storage,
      ledger: IngestLedger(), logger: quietLogger, configuration: configuration(path)
    ) { testTime }
    journal.stop()
    await storer.run()
  }

  /// Runs a storer over `count` batches, each a segment of its own.
  private func store(
    _ count: UInt64, in path: String, to storage: any StorageBackend
  ) async throws -> Journal {
    let configuration = configuration(path)
    let journal = try Journal(
      path: configuration.journalDirectory, limits: configuration.journal, logger: quietLogger)
    for sequence in 1...count {
      let marks = Mutex<UInt64>(0)
      _ = journal.submit(try entry(sampleBatch(20, sequence: sequence), sequence: sequence)) {
        mark in marks.withLock { $0 = mark ?? 0 }
      }
      #expect(await eventually { marks.withLock { $0 } == sequence })
      #expect(unwrittenFiles(in: configuration.journalDirectory) ?? [] == [])
    }
    try await drain(journal, in: path, to: storage)
    return journal
  }

  @Test func segmentsGoWhenTheStoreHasTheirRowsOnTheDisk() async throws {
    try await withDirectory { path in
      let seen = Mutex<[[String]]>([])
      let store = TroubledStore(onCheckpoint: { [self] in
        let now = segments(path)
        seen.withLock { $0.append(now) }
      })
      let journal = try await self.store(3, in: path, to: store)
      // The first checkpoint found all that is not deleted yet in place; in the end only the open
      // segment, which is empty, is there.
      #expect(try #require(seen.withLock { $0.first }).count >= 2)
      #expect(segments(path).count == 1)
      #expect(journal.backlog.sealed == 0)
    }
  }

  @Test func segmentsStayWhenTheStoreCannotSynchronize() async throws {
    try await withDirectory { path in
      let store = TroubledStore(
        checkpoints: Array(repeating: .unavailable("input/output error"), count: 10_000))
      let journal = try await self.store(3, in: path, to: store)
      #expect(await store.tokens.count > 0)
      #expect(journal.backlog.sealed > 0)
      #expect(segments(path).count >= 2)
    }
  }

  /// What the store remembers of inserts may have outlived their rows, so the names of inserts are
  /// new after a power cut. After a server's death they must be the same.
  @Test func insertsHaveNewNamesAfterTheMachineDied() async throws {
    try await withDirectory { path in
      func open(_ boot: String) throws -> Journal {
        try Journal(
          path: path + "/journal", limits: configuration(path).journal, boot: boot,
          logger: quietLogger)
      }
      let first = try open("a")
      _ = first.submit(try entry(sampleBatch(20), sequence: 1)) { _ in }
      first.stop()
      let afterKill = try open("a")
      #expect(afterKill.identity == first.identity)
      afterKill.stop()
      let afterPowerCut = try open("b")
      #expect(afterPowerCut.identity != first.identity)
      #expect(afterPowerCut.mark(of: 1).sequence == 1)
      afterPowerCut.stop()
      let afterSecondKill = try open("b")
      #expect(afterSecondKill.identity == afterPowerCut.identity)
      afterSecondKill.stop()
      afterSecondKill.settle()
      let afterShutdown = try open("c")
      #expect(afterShutdown.identity == afterPowerCut.identity)
      afterShutdown.stop()
    }
  }

  /// The same, with the real engine: it still knows the tokens of inserts whose parts are gone.
  @Test(arguments: [("a", 0), ("b", 40)])
  func rowsThatTheStoreLostAreStoredAgain(boot: String, rows: Int) async throws {
    try await withDirectory { path in
      let limits = configuration(path).journal
      let (own, left) = (path + "/journal", path + "/left")
      try await withStore(path) { engine in
        let journal = try Journal(path: own, limits: limits, boot: "a", logger: quietLogger)
        for sequence in 1...2 as ClosedRange<UInt64> {
          _ = journal.submit(
            try entry(sampleBatch(20, sequence: sequence), sequence: sequence)
          ) { _ in }
        }
        journal.stop()
        try FileManager.default.copyItem(atPath: own, toPath: left)
        try await drain(journal, in: path, to: engine)
        #expect(try await number(engine, "SELECT count() FROM flow_log.l7_flow_log") == 40)
      }
      try removeParts(below: path + "/engine/engine/store")
      try await withStore(path) { engine in
        #expect(try await number(engine, "SELECT count() FROM flow_log.l7_flow_log") == 0)
        let journal = try Journal(path: left, limits: limits, boot: boot, logger: quietLogger)
        try await drain(journal, in: path, to: engine)
        #expect(try await number(engine, "SELECT count() FROM flow_log.l7_flow_log") == rows)
      }
    }
  }

  /// Runs `body` with the engine on the same directory each time.
  private func withStore(
    _ path: String, _ body: (EmbeddedEngine) async throws -> Void
  ) async throws {
    let engine = try await EmbeddedEngine.start(
      directory: path + "/engine", installation: try .find(), settings: .init(memory: 1 << 30),
      logger: quietLogger)
    do {
      try await engine.migrate(TableDeclaration.stored)
      try await body(engine)
    } catch {
      await engine.close()
      throw error
    }
    await engine.close()
  }

  /// Takes from the store what a power cut may: every part, and not the log of tokens.
  private func removeParts(below directory: String) throws {
    let manager = FileManager.default
    for name in manager.enumerator(atPath: directory) ?? .init() {
      guard let name = name as? String, let last = name.split(separator: "/").last else { continue }
      let fields = last.split(separator: "_")
      guard fields.count == 4, fields.allSatisfy({ Int($0) != nil }) else { continue }
      try? manager.removeItem(atPath: directory + "/" + name)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Storage
import Synchronization
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
    configuration.checkpointSeconds = 0
    return configuration
  }

  private func segments(_ path: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: path + "/journal")
    return (names ?? []).filter { $0.hasSuffix(".segment") }.sorted()
  }

  /// Runs a storer over `count` batches, each a segment of its own.
  private func store(
    _ count: UInt64, in path: String, to storage: any StorageBackend
  ) async throws -> Journal {
    let configuration = configuration(path)
    let catalog = try Catalog(path: path + "/catalog.sqlite")
    let journal = try Journal(
      path: configuration.journalDirectory, limits: configuration.journal, logger: quietLogger)
    for sequence in 1...count {
      let marks = Mutex<UInt64>(0)
      _ = journal.submit(try entry(sampleBatch(20, sequence: sequence), sequence: sequence)) {
        mark in marks.withLock { $0 = mark }
      }
      #expect(await eventually { marks.withLock { $0 } == sequence })
      #expect(unwrittenFiles(in: configuration.journalDirectory) ?? [] == [])
    }
    var storer = SegmentStorer(
      journal: journal, catalog: catalog, storage: storage, ledger: IngestLedger(),
      logger: quietLogger, configuration: configuration
    ) { testTime }
    journal.stop()
    await storer.run()
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
        checkpoints: Array(repeating: .unavailable("input/output error"), count: 100))
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
      #expect(afterPowerCut.mark(of: 1) == 1)
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
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Storage
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

/// From the wire to the engine, with the real engine.
@Suite(.serialized) struct ExactlyOnceTests {
  private func configuration(_ path: String) -> IngestConfiguration {
    var configuration = IngestConfiguration(journalDirectory: path + "/journal")
    configuration.journal.segmentMilliseconds = 50
    return configuration
  }

  @Test func everyRecordIsStoredOnceWithItsNames() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      try await withIngest(configuration(path), catalog: catalog, storage: engine) { ingest, port in
        let client = try AgentClient(port: port)
        #expect(try client.greet() == HelloAck(accepted: true, agentID: 1, lastSequence: 0))
        for sequence in 1...10 as ClosedRange<UInt64> {
          try client.send(.batch(sequence: sequence, sampleBatch(100, sequence: sequence)))
          try client.send(.batch(sequence: sequence, sampleBatch(100, sequence: sequence)))
        }
        try client.waitForAck(10)
        #expect(await eventually { ingest.statistics.store.passed == 1_040 })
        #expect(ingest.statistics.repeatedBatches == 10)
        #expect(ingest.statistics.ingest.balances)
      }
      let calls = "FROM flow_log.l7_flow_log"
      #expect(try await number(engine, "SELECT count() \(calls)") == 1_000)
      #expect(try await number(engine, "SELECT uniqExact(_id) \(calls)") == 1_000)
      #expect(try await number(engine, "SELECT uniqExact(flow_id) \(calls)") == 1_000)
      #expect(
        try await number(
          engine, "SELECT count() \(calls) WHERE response_duration = 500 AND is_ipv4 = 1") == 1_000)
      // Each side knows the other: same host, same listener.
      #expect(try await number(engine, "SELECT uniqExact(tag_set_id_1) \(calls)") == 1)
      let server = try await number(engine, "SELECT any(tag_set_id_1) \(calls)")
      #expect(try await service(engine, ofTagSet: server) == "nginx")
      #expect(
        try await number(
          engine, "SELECT sum(request) FROM flow_metrics.`application.1s` WHERE role = 1") == 500)
      #expect(
        try await number(
          engine, "SELECT sum(request) FROM flow_metrics.`application_map.1m`") == 1_000)
      #expect(
        try await number(
          engine,
          "SELECT sum(received) - sum(passed) - sum(dropped) FROM metaflow_system.loss_ledger")
          == 0)
      #expect(
        try await number(
          engine,
          "SELECT sum(passed) FROM metaflow_system.loss_ledger WHERE agent_id = 0 "
            + "AND stage = 'store'") == 1_040)
    }
  }

  /// Killed after the insert and before the segment was deleted: the segment is stored again, under
  /// the same tokens.
  @Test func segmentThatIsStoredAgainCountsOnce() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      let configuration = configuration(path)
      let journal = try Journal(
        path: configuration.journalDirectory, limits: configuration.journal, logger: quietLogger)
      for sequence in 1...4 as ClosedRange<UInt64> {
        _ = journal.submit(
          try entry(sampleBatch(50, sequence: sequence), sequence: sequence)
        ) { _ in }
      }
      journal.stop()
      let copy = path + "/copy"
      try FileManager.default.copyItem(atPath: configuration.journalDirectory, toPath: copy)
      for directory in [nil, copy] {
        let journal = try directory.map { try Journal(path: $0, logger: quietLogger) } ?? journal
        var storer = SegmentStorer(
          journal: journal, catalog: catalog, storage: engine, ledger: IngestLedger(),
          logger: quietLogger, configuration: configuration
        ) { testTime }
        journal.stop()
        await storer.run()
        #expect(journal.backlog.sealed == 0)
      }
      #expect(try await number(engine, "SELECT count() FROM flow_log.l7_flow_log") == 200)
      #expect(
        try await number(
          engine, "SELECT sum(request) FROM flow_metrics.`application_map.1s`") == 200)
    }
  }

  /// The store is away when batches come; they are acknowledged, and stored by the next server.
  @Test func acknowledgedBatchesOutliveTheServer() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = configuration(path)
      configuration.drainSeconds = 0
      let away = TroubledStore(Array(repeating: .unavailable("away"), count: 10_000))
      try await withIngest(configuration, catalog: catalog, storage: away) { _, port in
        let client = try AgentClient(port: port)
        _ = try client.greet()
        try client.send(.batch(sequence: 1, sampleBatch(100)))
        try client.waitForAck(1)
      }
      configuration.drainSeconds = 20
      try await withIngest(configuration, catalog: catalog, storage: engine) { ingest, port in
        let client = try AgentClient(port: port)
        #expect(try client.greet().lastSequence == 1)
        try client.send(.batch(sequence: 1, sampleBatch(100)))
        try client.waitForAck(1)
        #expect(await eventually { ingest.statistics.segments == 1 })
      }
      #expect(try await number(engine, "SELECT count() FROM flow_log.l7_flow_log") == 100)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Storage
import Telemetry
import TestSupport
import Testing

@testable import Ingest

/// Bodies of whoever is no agent.
@Suite(.serialized) struct SourceTests {
  private func body(_ count: Int, source: String = "one", text: String? = nil) -> SourceBody {
    let end = testTime.microseconds
    let lines = (0..<count).map {
      #"{"table":"l7_flow_log","end_time":\#(end),"response_duration":500,"flow_id":\#($0),"#
        + #""l7_protocol":20,"ip_0":"10.0.0.1","ip_1":"10.0.0.2","server_port":80}"#
    }
    return SourceBody(
      format: RecordLines.self, encoding: .raw,
      payload: Array((text ?? lines.joined(separator: "\n")).utf8), source: source)
  }

  @Test func whatASourceSendsIsStored() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 50
      try await withIngest(configuration, catalog: catalog, storage: engine) {
        ingest, _ async throws in
        #expect(try await ingest.take(body(30)).records == 30)
        #expect(try await ingest.take(body(20, source: "two")).records == 20)
        #expect(try await ingest.take(body(0)).records == 0)
        #expect(await eventually { ingest.statistics.store.passed == 50 })
        #expect(ingest.statistics.bodies == 3 && ingest.statistics.bodyRecords == 50)
      }
      #expect(catalog.snapshot.sources().map(\.name) == ["one", "two"])
      let calls = "FROM flow_log.l7_flow_log"
      #expect(try await number(engine, "SELECT uniqExact(_id) \(calls)") == 50)
      #expect(try await number(engine, "SELECT count() \(calls) WHERE agent_id = 0") == 50)
      #expect(try await number(engine, "SELECT sum(response_duration) \(calls)") == 25_000)
      // Numbers are in the file: the next server gives none of them twice.
      let reopened = try Catalog(path: path + "/catalog.sqlite")
      #expect(try reopened.source(named: "three") == 3)
      #expect(try reopened.source(named: "two") == 2)
    }
  }

  /// Acknowledged while the store is away, stored by the next server.
  @Test func acknowledgedBodiesOutliveTheServer() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 50
      configuration.drainSeconds = 0
      let away = TroubledStore(Array(repeating: .unavailable("away"), count: 10_000))
      try await withIngest(configuration, catalog: catalog, storage: away) {
        ingest, _ async throws in
        #expect(try await ingest.take(body(10)).records == 10)
      }
      configuration.drainSeconds = 20
      try await withIngest(configuration, catalog: catalog, storage: engine) {
        ingest, _ async throws in
        #expect(await eventually { ingest.statistics.segments == 1 })
      }
      #expect(try await number(engine, "SELECT count() FROM flow_log.l7_flow_log") == 10)
    }
  }

  @Test func whatCannotBeTakenIsToldApart() async throws {
    try await withDirectory { path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 20
      configuration.journal.storedBytes = 100
      configuration.drainSeconds = 0
      let away = TroubledStore(Array(repeating: .unavailable("away"), count: 10_000))
      try await withIngest(configuration, catalog: catalog, storage: away) {
        ingest, _ async throws in
        await #expect(throws: BodyRefusal.self) { try await ingest.take(body(1, source: "")) }
        let fault = await #expect(throws: BodyRefusal.self) {
          try await ingest.take(body(1, text: "\n{\"table\":1}"))
        }
        guard case .unreadable(let error) = fault else {
          Issue.record("\(String(describing: fault))")
          return
        }
        #expect(error.place == FormatError.Place(line: 2, column: 10))
        #expect(catalog.snapshot.sources().isEmpty, "who sends nothing that reads gets no number")
        #expect(try await ingest.take(body(10)).records == 10)
        // The store is away and the journal full: the sender keeps what it has.
        #expect(await eventually { !ingest.journal.hasRoom })
        let busy = await #expect(throws: BodyRefusal.self) { try await ingest.take(body(1)) }
        guard case .busy = busy else {
          Issue.record("\(String(describing: busy))")
          return
        }
        #expect(ingest.statistics.refusedBodies == 3)
      }
    }
  }
}

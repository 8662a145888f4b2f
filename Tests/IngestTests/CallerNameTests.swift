// SPDX-License-Identifier: Apache-2.0

import Catalog
import Ingest
import Storage
import Telemetry
import TestSupport
import Testing
import Wire

/// One caller has one name, whichever point saw its call.
@Suite(.serialized) struct CallerNameTests {
  private static let client = CallEnd(address: address("10.0.0.1"), port: 40_000)
  private static let server = CallEnd(address: address("10.0.0.2"), port: 80)

  private func call(
    _ point: ObservationPoint, _ client: CallEnd, source: SignalSource = .eBPF
  ) -> CallRecord {
    var call = CallRecord(client: client, server: Self.server, start: testTime, end: testTime)
    call.observationPoint = point
    call.signalSource = source
    return call
  }

  /// The client's own record names it; those of the wire and of the server's process do not know.
  @Test func theClientsOwnRecordNamesItEverywhere() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 50
      var batch = RecordBatch()
      batch.host = hostReport("web-1")
      batch.processes = [processReport(clientKey, "curl")]
      var named = Self.client
      named.process = clientKey
      var another = Self.client
      another.port = 40_001
      batch.calls = [
        call(.clientProcess, named), call(.client, Self.client, source: .packet),
        call(.serverProcess, Self.client), call(.server, another, source: .packet),
      ]
      var folded = Self.client
      folded.port = 0
      var metric = CallMetric(
        time: testTime, interval: 1, observationPoint: .client, signalSource: .packet,
        transport: .tcp, applicationProtocol: ApplicationProtocol(rawValue: 20), client: folded,
        server: Self.server)
      metric.requests = 1
      batch.metrics = [metric]
      try await withIngest(configuration, catalog: catalog, storage: engine) { ingest, port in
        let agent = try AgentClient(port: port)
        _ = try agent.greet()
        try agent.send(.batch(sequence: 1, batch))
        try agent.waitForAck(1)
        #expect(await eventually { ingest.statistics.store.passed == 5 })
      }
      let curl =
        "tag_set_id_0 IN (SELECT tag_set_id_0 FROM flow_log.l7_flow_log "
        + "WHERE observation_point = 'c-p')"
      let log = "SELECT count() FROM flow_log.l7_flow_log WHERE"
      #expect(try await number(engine, "\(log) \(curl)") == 3)
      #expect(try await number(engine, "\(log) client_port = 40001 AND NOT \(curl)") == 1)
      #expect(
        try await number(
          engine, "SELECT count() FROM flow_metrics.`application_map.1s` WHERE \(curl)") == 1)
    }
  }
}

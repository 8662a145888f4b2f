// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

/// The keys by which calls are found again.
@Suite struct TraceIndexRowsTests {
  private func rows(agent: UInt16 = 3, _ change: (inout CallRecord, inout RecordBatch) -> Void)
    -> Int
  {
    var batch = RecordBatch()
    var call = CallRecord(
      client: CallEnd(address: address("10.0.0.1"), port: 40_000),
      server: CallEnd(address: address("10.0.0.2"), port: 80), start: testTime, end: testTime)
    change(&call, &batch)
    var index = TraceIndexRows()
    index.append(call, batch.text.span, agent: agent)
    return index.rows.batch.rows
  }

  @Test func eachKeyThatJoinsIsARow() {
    #expect(rows { _, _ in } == 0)
    #expect(rows { call, _ in (call.requestSequence, call.responseSequence) = (7, 9) } == 1)
    #expect(rows { call, _ in call.responseSequence = 9 } == 1)
    #expect(rows { call, _ in call.requestID = 0 } == 1)
    #expect(rows { call, _ in (call.syscallTraceRequest, call.syscallTraceResponse) = (1, 2) } == 2)
    #expect(rows { call, _ in (call.syscallTraceRequest, call.syscallTraceResponse) = (1, 1) } == 1)
    // Chains are numbered by agents; what sources send has none.
    #expect(rows(agent: 0) { call, _ in call.syscallTraceRequest = 1 } == 0)
    let all = rows { call, batch in
      (call.requestSequence, call.syscallTraceRequest) = (7, 1)
      call.texts.traceID = batch.append("4bf92f3577b34da6a3ce929d0e0e4736")
      call.texts.requestXRequestID = batch.append("a")
      call.texts.responseXRequestID = batch.append("a")
    }
    #expect(all == 4)
    let two = rows { call, batch in
      call.texts.requestXRequestID = batch.append("a")
      call.texts.responseXRequestID = batch.append("b")
    }
    #expect(two == 2)
  }

  /// What an agent sends is in the index as it is looked for, and grows old with its calls.
  @Test func callsAreIndexedWithTheirRows() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 50
      var batch = sampleBatch(2, metrics: false)
      for place in batch.calls.indices { batch.calls[place].requestSequence = 77 }
      try await withIngest(configuration, catalog: catalog, storage: engine) { ingest, port in
        let agent = try AgentClient(port: port)
        _ = try agent.greet()
        try agent.send(.batch(sequence: 1, batch))
        try agent.waitForAck(1)
        #expect(await eventually { ingest.statistics.store.passed == 2 })
      }
      let found = try await engine.query(
        "SELECT count() FROM flow_log.trace_index WHERE key = \(TraceKey(.request, 77).hash)",
        limits: .init())
      #expect(found.table.rows == [[.uint(2)]])
    }
    #expect(TableDeclaration.traceIndex.retentionHours == TableDeclaration.callLog.retentionHours)
    #expect(TableDeclaration.aging.contains(.traceIndex))
  }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry
import TestSupport
import Testing

@testable import Ingest

/// Spans that come twice.
@Suite(.serialized) struct RepeatedSpanTests {
  private func told(_ count: Int, first: Int = 0) -> ToldTraces {
    ToldTraces(
      (first..<first + count).map { number in
        var span = ToldSpan()
        let digits = String(number + 1, radix: 16)
        span.id = String(repeating: "0", count: 16 - digits.utf8.count) + digits
        span.start = UInt64(testTime.nanoseconds)
        span.end = span.start + 500_000
        span.attributes = [("http.method", "GET"), ("http.route", "/a")]
        return span
      })
  }

  private func body(_ told: ToldTraces) -> SourceBody {
    SourceBody(format: ProtobufTraces.self, encoding: .raw, payload: told.protobuf, source: "otlp")
  }

  /// Who had no answer sends again; what the reference of a span says is stored once.
  @Test func aBodyThatIsSentAgainIsStoredOnce() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 20
      try await withIngest(configuration, catalog: catalog, storage: engine) {
        ingest, _ async throws in
        for _ in 0..<2 { #expect(try await ingest.take(body(told(40))).records == 40) }
        #expect(await eventually { ingest.statistics.store.passed == 40 })
        // Also in another body, beside new ones; the client's side of a span is another.
        var other = told(50)
        other.spans[0].kind = 3
        #expect(try await ingest.take(body(other)).records == 50)
        #expect(await eventually { ingest.statistics.store.passed == 51 })
        let ingested = ingest.statistics.ingest
        #expect(ingested.dropped.first { $0.reason == .repeatedSpan }?.count == 79)
      }
      let calls = "FROM flow_log.l7_flow_log"
      #expect(try await number(engine, "SELECT count() \(calls)") == 51)
      #expect(try await number(engine, "SELECT uniqExact(span_id) \(calls)") == 50)
      #expect(
        try await number(
          engine,
          "SELECT count() \(calls) WHERE app_service = 'shop' AND signal_source = 4 AND agent_id = 0 "
            + "AND observation_point = 's-app' AND request_type = 'GET' AND has(attribute_names, "
            + "'http.route')") == 50)
    }
  }
}

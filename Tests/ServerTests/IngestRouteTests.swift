// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ingest
import TestSupport
import Testing

@testable import Server

/// `POST /v1/ingest/records`.
@Suite(.serialized) struct IngestRouteTests {
  private static let line =
    #"{"table":"l7_flow_log","end_time":1790000000000500,"l7_protocol":"HTTP","flow_id":1}"#

  private func post(
    _ api: RunningAPI, _ body: String, path: String = "/v1/ingest/records", fields: String = ""
  ) async throws -> HTTPAnswer {
    try await api.exchange(
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\n\(fields)"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  @Test func everyRefusalSaysWhy() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      let cases: [(String, String, String, Int, String)] = [
        ("/v1/ingest/records", "", "{}", 400, "line 1, column 1"),
        ("/v1/ingest/records", "Content-Type: text/csv\r\n", "", 415, "application/x-ndjson"),
        (
          "/v1/ingest/records", "Content-Type: application/x-www-form-urlencoded\r\n", "", 415,
          "-H 'Content-Type: application/x-ndjson'"
        ),
        ("/v1/ingest/records", "Content-Encoding: br\r\n", "", 415, "gzip, zstd or none"),
        ("/v1/ingest/records", "Content-Encoding: gzip\r\n", "{}", 400, "not whole gzip"),
        ("/v1/ingest/records", "Content-Encoding: zstd\r\n", "{}", 400, "not whole zstd"),
        ("/v1/ingest/records?source=", "", Self.line, 400, "1 to 256 bytes"),
        ("/v1/ingest/records", "Origin: http://evil.example\r\n", "", 403, "Refused"),
        ("/v1/ingest/agent", "", "", 404, "/v1/ingest/records"),
      ]
      for (path, fields, body, status, text) in cases {
        let answer = try await post(api, body, path: path, fields: fields)
        #expect(answer.status == status, "\(path) \(fields): \(answer.body)")
        #expect(answer.body.contains(text), "\(path) \(fields): \(answer.body)")
      }
      let large = try await api.exchange(
        "POST /v1/ingest/records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8388609\r\n\r\n")
      #expect(large.status == 413 && large.body.contains("more than 8 MiB"), "\(large.body)")
      let wrong = try await post(api, Self.line + "\n{\"table\":\"l7_flow_log\",\"x\":1}")
      let place = wrong.json["error"] as? [String: Any]
      #expect(place?["line"] as? Int == 2 && place?["column"] as? Int == 24)
    }
  }

  @Test func whatIsAcknowledgedIsInTheJournal() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      for type in ["", "Content-Type: application/x-ndjson; charset=utf-8\r\n"] {
        let answer = try await post(
          api, Self.line + "\n" + Self.line, path: "/v1/ingest/records?source=a%20b", fields: type)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.json["records"] as? Int == 2 && answer.json["source"] as? String == "a b")
      }
      let sources = try await api.get("/v1/sources")
      #expect(sources.body.contains(#"{"id":1,"name":"a b"}"#), "\(sources.body)")
      let metrics = try await api.get("/metrics").body
      #expect(metrics.contains("metaflow_ingest_body_records_total 4"))
      api.ingest.journal.stop()
      let late = try await post(api, Self.line)
      #expect(late.status == 503 && late.fields["retry-after"] == "5", "\(late.body)")
    }
  }

  /// Each body is in memory.
  @Test func theBodyTooManyIsToldSo() async throws {
    var limits = ServerLimits()
    limits.bodies = 1
    try await RunningAPI.with(PatientStore(), limits: limits) { api async throws in
      let slow = try RawConnection(port: api.port)
      try slow.send(
        "POST /v1/ingest/records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n  ")
      _ = try await eventually("the slow one is being read") {
        try await api.get("/metrics").body.contains("metaflow_ingest_bodies 1") ? true : nil
      }
      let refused = try await post(api, "")
      #expect(refused.status == 429 && refused.fields["retry-after"] == "1")
      try slow.send("        ")
      #expect(try await slow.answer().status == 200)
      _ = try await eventually("there is room again") {
        try await post(api, "").status == 200 ? true : nil
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ingest
import TestSupport
import Testing

@testable import Server

/// `POST /v1/traces`, as OTLP over HTTP has it.
@Suite(.serialized) struct SpanRouteTests {
  private static let span =
    #"{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","kind":2,"#
    + #""name":"a","startTimeUnixNano":"1790000000000000000","endTimeUnixNano":"1790000000000500000"}"#

  private static func traces(_ spans: String...) -> String {
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[\(spans.joined(separator: ","))]}]}]}"
  }

  private func post(
    _ api: RunningAPI, _ body: String, type: String = "application/json", fields: String = ""
  ) async throws -> HTTPAnswer {
    try await api.exchange(
      "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n\(fields)"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  @Test func spansAreTakenAndAnsweredInTheirForm() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      let json = try await post(
        api, Self.traces(Self.span), type: "application/json; charset=utf-8")
      #expect(json.status == 200 && json.body.hasPrefix("{}"), "\(json.body)")
      #expect(json.fields["content-type"]?.hasPrefix("application/json") == true)
      let part = try await post(api, Self.traces(Self.span, "{\"spanId\":\"1\"}"))
      let partial = part.json["partialSuccess"] as? [String: Any]
      #expect(part.status == 200 && partial?["rejectedSpans"] as? String == "1", "\(part.body)")
      #expect((partial?["errorMessage"] as? String)?.contains("trace id") == true)
      // A message with nothing in it, and one with a span that says nothing.
      let empty = try await post(api, "", type: "application/x-protobuf")
      #expect(empty.status == 200 && empty.body.isEmpty)
      #expect(empty.fields["content-type"] == "application/x-protobuf")
      let none = try await post(
        api, "\u{0a}\u{04}\u{12}\u{02}\u{12}\u{00}", type: "application/x-protobuf")
      #expect(none.status == 200 && none.body.hasPrefix("\u{0a}"), "\(none.body)")
      #expect(none.body.contains("1 spans were left out"))
      let metrics = try await api.get("/metrics").body
      #expect(metrics.contains("metaflow_ingest_body_records_total 2"))
      #expect(metrics.contains("metaflow_ingest_body_records_left_out_total 2"))
      let sources = try await api.get("/v1/sources")
      #expect(sources.body.contains(#""name":"otlp""#), "\(sources.body)")
    }
  }

  /// Who sends protobuf reads the status as protobuf: code, then the message.
  @Test func everyRefusalIsAStatus() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      let cases: [(String, String, String, Int, Int, String)] = [
        ("application/json", "", "{", 400, 3, "line 1, column 2"),
        ("application/x-protobuf", "", "{", 400, 3, "byte 0"),
        ("text/plain", "", "", 415, 3, "application/x-protobuf or application/json"),
        ("application/json", "Content-Encoding: br\r\n", "", 415, 3, "gzip, zstd or none"),
        ("application/json", "Content-Encoding: gzip\r\n", "{}", 400, 3, "not whole gzip"),
        ("application/x-protobuf", "Content-Encoding: zstd\r\n", "x", 400, 3, "not whole zstd"),
      ]
      for (type, fields, body, status, code, text) in cases {
        let answer = try await post(api, body, type: type, fields: fields)
        #expect(answer.status == status && answer.body.contains(text), "\(answer.body)")
        if type == "application/x-protobuf" {
          #expect(Array(answer.body.utf8).prefix(3) == [0x08, UInt8(code), 0x12])
        } else {
          #expect(answer.json["code"] as? Int == code, "\(answer.body)")
        }
      }
      let large = try await api.exchange(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
          + "Content-Length: 67108864\r\n\r\n")
      #expect(large.status == 413 && large.body.contains("more than 8 MiB"), "\(large.body)")
      api.ingest.journal.stop()
      let late = try await post(api, Self.traces(Self.span))
      #expect(late.status == 503 && late.fields["retry-after"] == "5", "\(late.body)")
      #expect(late.json["code"] as? Int == 14)
      let evil = try await post(api, "", fields: "Origin: http://evil.example\r\n")
      #expect(evil.status == 403)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Query
import Storage
import Telemetry
import Testing

@testable import Server

/// What Grafana asks a Tempo for, and Jaeger's UI its query service.
@Suite(.serialized) struct TempoRouteTests {
  private static let carried = "4bf92f3577b34da6a3ce929d0e0e4736"

  /// Two calls of one trace, and a failed one without a trace id.
  private func load(_ engine: EmbeddedEngine) async throws -> UInt32 {
    let now = UInt32(wallClock() / 1_000_000_000)
    let start = UInt64(now) * 1_000_000
    var calls = ColumnBatch(.callLog)
    let rows: [(trace: String, path: String, code: UInt64, status: UInt64)] = [
      (Self.carried, "/orders/7", 200, 0), (Self.carried, "/stock/7", 200, 0),
      ("", "/orders/8", 500, 3),
    ]
    for (index, row) in rows.enumerated() {
      let number = UInt64(index)
      calls.append(
        [
          "time": UInt64(now), "_id": UInt64(now) << 32 | (number + 1), "agent_id": 1,
          "start_time": start + number * 10, "end_time": start + 900, "type": 2, "l7_protocol": 20,
          "protocol": 6, "req_tcp_seq": number * 10 + 1, "resp_tcp_seq": number * 10 + 2,
          "response_duration": 900 - number * 10, "response_code": row.code,
          "response_status": row.status, "server_port": 80, "tag_set_id_0": 1, "tag_set_id_1": 1,
        ],
        texts: [
          "observation_point": "c-p", "trace_id": row.trace, "request_type": "GET",
          "request_resource": row.path,
          "endpoint": "/" + row.path.split(separator: "/")[0] + "/{n}",
          "request_domain": "shop.example",
        ])
    }
    try await nameServices(in: engine)
    try await engine.insert(calls, token: "calls")
    return now
  }

  /// Tag set 1 is of the service `shop`.
  private func nameServices(in engine: EmbeddedEngine) async throws {
    var resources = ColumnBatch(.resource)
    resources.append(
      ["number": 1, "kind": 120, "entity": 1, "sequence": 1],
      texts: ["name": "shop", "instance": "shop"])
    var attributes = ColumnBatch(.attribute)
    attributes.append(["number": 1], texts: ["name": "name", "value": "shop"])
    var sets = ColumnBatch(.tagSet)
    sets.append(
      ["number": 1, "auto_service_id": 1, "auto_service": 1, "auto_instance": 1, "sequence": 1],
      texts: [:])
    for batch in [attributes, resources, sets] {
      try await engine.insert(batch, token: "names of \(batch.table.name)")
    }
  }

  private func escaped(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }

  @Test func aTraceIsGivenAsOTLP() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
      _ = try await load(engine)
      for path in ["/tempo/api/echo", "/tempo/ready", "/tempo/api/status/buildinfo"] {
        #expect(try await api.get(path).status == 200)
      }
      let first = try await api.get("/tempo/api/traces/\(Self.carried)")
      let batches = first.json["batches"] as? [[String: Any]] ?? []
      #expect(first.status == 200 && batches.count == 1, "\(first.body)")
      let scopes = batches.first?["scopeSpans"] as? [[String: Any]] ?? []
      let spans = scopes.first?["spans"] as? [[String: Any]] ?? []
      #expect(spans.count == 2)
      #expect(spans.first?["traceId"] as? String == "S/kvNXezTaajzpKdDg5HNg==")
      #expect(spans.first?["name"] as? String == "GET /orders/{n}")
      #expect(spans.first?["kind"] as? String == "SPAN_KIND_CLIENT")
      // The second version says whether it is whole.
      let second = try await api.get(
        "/tempo/api/v2/traces/\(Self.carried.uppercased())?start=1&end=4294967295")
      let trace = second.json["trace"] as? [String: Any]
      #expect((trace?["resourceSpans"] as? [Any])?.count == 1, "\(second.body)")
      #expect(second.json["status"] as? String == "COMPLETE")
      let binary = try await api.get(
        "/tempo/api/traces/\(Self.carried)", "Accept: application/protobuf\r\n")
      #expect(binary.fields["content-type"] == "application/protobuf")
      #expect(binary.body.contains("GET /orders/{n}") && binary.body.utf8.first == 0x0a)
      #expect(try await api.get("/tempo/api/traces/00000000000000000000000000000001").status == 404)
    }
  }

  @Test func tracesAreSearchedForAsGrafanaDoes() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
      let now = try await load(engine)
      let range = "start=\(now - 60)&end=\(now + 60)"
      let cases: [(String, Int)] = [
        ("{}", 2), ("{status=error}", 1), ("{name=\"GET /orders/{n}\"}", 2),
        ("{span.http.response.status_code>=500 && kind=client}", 1), ("{duration>1s}", 0),
        ("{.url.path=\"/stock/7\"}", 1), ("{name=~\"GET /stock.*\"} | count() = 1", 1),
        ("{nestedSetParent<0 && true}", 2), ("{} >> {name=\"GET /stock/{n}\"}", 1),
        ("{} >> {status=error}", 0),
      ]
      for (query, count) in cases {
        let answer = try await api.get(
          "/tempo/api/search?q=\(escaped(query))&\(range)&limit=20&spss=10")
        let traces = answer.json["traces"] as? [[String: Any]] ?? []
        #expect(traces.count == count, "\(query): \(answer.body)")
      }
      let failed = try await api.get("/tempo/api/search?q=\(escaped("{status=error}"))&\(range)")
      let trace = try #require((failed.json["traces"] as? [[String: Any]])?.first)
      let id = try #require(trace["traceID"] as? String)
      #expect(
        id.hasPrefix("6d657461666c6f77") && trace["rootTraceName"] as? String == "GET /orders/{n}")
      #expect((trace["startTimeUnixNano"] as? String)?.hasSuffix("000") == true)
      let set = (trace["spanSets"] as? [[String: Any]])?.first
      #expect(set?["matched"] as? Int == 1)
      #expect(try await api.get("/tempo/api/traces/\(id)").status == 200)

      let tags = escaped("http.request.method=GET url.path=\"/orders/8\"")
      let old = try await api.get(
        "/tempo/api/search?tags=\(tags)&minDuration=100us&maxDuration=10s&\(range)")
      #expect((old.json["traces"] as? [Any])?.count == 1, "\(old.body)")
      for (path, reason) in [
        ("search?q=%7B", "line 1, column 2"), ("search?tags=x", "tags is 'x'"),
        ("search?minDuration=9", "minDuration is '9'"),
        ("search?start=5&end=4", "start (5) is later"),
        ("search/tags?scope=x", "scope is 'x'"),
      ] {
        let answer = try await api.get("/tempo/api/\(path)")
        #expect(answer.status == 400 && answer.body.contains(reason), "\(answer.body)")
      }
    }
  }

  @Test func tagsAndTheirValuesAreListed() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
      _ = try await load(engine)
      let names = try await api.get("/tempo/api/search/tags")
      #expect((names.json["tagNames"] as? [String])?.contains("http.request.method") == true)
      let scopes = try await api.get("/tempo/api/v2/search/tags?scope=resource")
      #expect((scopes.json["scopes"] as? [[String: Any]])?.count == 1, "\(scopes.body)")
      for (tag, value) in [
        ("span.http.request.method", "GET"), ("status", "error"), ("name", "GET /stock/{n}"),
        ("span.http.response.status_code", "500"), (".url.path", "/orders/8"), ("kind", "server"),
      ] {
        let answer = try await api.get("/tempo/api/v2/search/tag/\(escaped(tag))/values?q=%7B%7D")
        let values = (answer.json["tagValues"] as? [[String: Any]] ?? []).map {
          $0["value"] as? String
        }
        #expect(values.contains(value), "\(tag): \(answer.body)")
      }
      let plain = try await api.get("/tempo/api/search/tag/nothing.there/values")
      #expect((plain.json["tagValues"] as? [String])?.isEmpty == true, "\(plain.body)")
      let services = try await api.get("/tempo/api/search/tag/service.name/values")
      #expect(services.status == 200, "\(services.body)")
    }
  }

  @Test func jaegersQuestionsAreAnswered() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
      let now = UInt64(try await load(engine))
      let services = try await api.get("/jaeger/api/services")
      let names = services.json["data"] as? [String] ?? []
      let name = try #require(names.first, "\(services.body)")
      let operations = try await api.get("/jaeger/api/services/\(escaped(name))/operations")
      #expect((operations.json["data"] as? [String])?.contains("GET /stock/{n}") == true)
      let kinds = try await api.get("/jaeger/api/operations?service=\(escaped(name))")
      #expect((kinds.json["data"] as? [[String: Any]])?.first?["name"] != nil, "\(kinds.body)")
      let range = "start=\((now - 60) * 1_000_000)&end=\((now + 60) * 1_000_000)"
      for (filter, count) in [
        ("service=\(escaped(name))", 2), ("operation=\(escaped("GET /stock/{n}"))", 1),
        ("tags=\(escaped("{\"error\":\"true\"}"))", 1), ("tag=url.path:%2Forders%2F8", 1),
        ("minDuration=1s", 0), ("maxDuration=880us", 1),
        ("traceID=\(Self.carried)&traceID=00000000000000000000000000000001", 1),
      ] {
        let answer = try await api.get("/jaeger/api/traces?\(filter)&\(range)&limit=20&lookback=1h")
        #expect((answer.json["data"] as? [Any])?.count == count, "\(filter): \(answer.body)")
      }
      let one = try await api.get("/jaeger/api/traces/\(Self.carried)")
      let trace = try #require((one.json["data"] as? [[String: Any]])?.first, "\(one.body)")
      let spans = trace["spans"] as? [[String: Any]] ?? []
      #expect(spans.count == 2 && trace["traceID"] as? String == Self.carried)
      let process = (trace["processes"] as? [String: Any])?[
        spans.first?["processID"] as? String ?? ""]
      #expect(process != nil && spans.first?["startTime"] as? Int != nil)
      #expect(
        try await api.get("/jaeger/api/traces/00000000000000000000000000000001").status == 404)
      #expect(
        try await api.get("/jaeger/api/dependencies?endTs=\(now * 1_000)&lookback=60000").status
          == 200)
      #expect(try await api.get("/jaeger/api/traces?tag=x").status == 400)
      #expect(try await api.get("/jaeger/api/traces?tags=x").status == 400)
    }
  }
}

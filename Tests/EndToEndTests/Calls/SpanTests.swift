// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// What the kernel saw of a request and what the program tells of it.
  @Suite struct Spans {
    /// Tells a server span of `parent` that ended just now.
    private func tell(_ stack: Stack, trace: String, span: String, parent: String) throws {
      let now = UInt64(Date().timeIntervalSince1970 * 1e9)
      let sent = try run(
        "curl",
        [
          "-fsS", "--data-binary", "@-", "-H", "Content-Type: application/json",
          "http://127.0.0.1:\(stack.http)/v1/traces",
        ],
        input: """
          {"resourceSpans":[{"resource":{"attributes":[
             {"key":"service.name","value":{"stringValue":"items"}}]},
           "scopeSpans":[{"spans":[
             {"traceId":"\(trace)","spanId":"\(span)","parentSpanId":"\(parent)",
              "name":"GET /items/{id}","kind":2,"startTimeUnixNano":"\(now - 1_000_000)",
              "endTimeUnixNano":"\(now)","attributes":[
                {"key":"http.request.method","value":{"stringValue":"GET"}},
                {"key":"url.path","value":{"stringValue":"/items/1/x"}},
                {"key":"http.response.status_code","value":{"intValue":"200"}},
                {"key":"http.route","value":{"stringValue":"/items/{id}"}}]}]}]}]}
          """)
      #expect(sent.output.hasPrefix("{}"))
    }

    private func rows(_ stack: Stack, trace: String, count: Int) async throws -> [Row] {
      try await eventually("\(count) rows of \(trace)", within: .seconds(30)) {
        let rows = try await stack.query(
          "SELECT observation_point, span_id, app_service, Enum(l7_protocol) AS p, endpoint, "
            + "request_resource, Enum(signal_source) AS s, auto_service_0, auto_service_1, "
            + "attribute.http.route AS route "
            + "FROM l7_flow_log WHERE trace_id = '\(trace)' ORDER BY observation_point LIMIT 10")
        return rows.count >= count ? rows : nil
      }
    }

    @Test func aSpanAndTheKernelsCallHaveOneTraceID() async throws {
      let stack = try Stack.running
      let trace = "6af7651916cd43dd8448eb211c80319d"
      let parent = "b7ad6b7169203331"
      // From the first span on it is kept who carries which ids.
      let first = "6af7651916cd43dd8448eb211c80319e"
      try tell(stack, trace: first, span: "b7ad6b7169203333", parent: "")
      _ = try await rows(stack, trace: first, count: 1)
      try await withServer("nginx", prepare: nginx) { port in
        try run(
          "curl",
          [
            "-sS", "-H", "traceparent: 00-\(trace)-\(parent)-01",
            "http://127.0.0.1:\(port)/items/1/x",
          ])
        _ = try await rows(stack, trace: trace, count: 2)
        try tell(stack, trace: trace, span: "b7ad6b7169203332", parent: parent)
        let rows = try await rows(stack, trace: trace, count: 3)
        #expect(rows.map { $0["observation_point"] } == ["c-p", "s-app", "s-p"])
        let span = rows[1]
        #expect(span["app_service"] == "items" && span["p"] == "HTTP" && span["s"] == "OTel")
        #expect(span["endpoint"] == "GET /items/{id}" && span["route"] == "/items/{id}")
        #expect(rows.allSatisfy { $0["request_resource"] == "/items/1/x" })
        // Whose it is was learned from the kernel's records.
        #expect(span["auto_service_1"] == "nginx" && span["auto_service_0"] == "curl", "\(span)")
        // The list of calls, as the UI asks for it.
        let calls = try await stack.get("/v1/calls?trace=\(trace)")
        #expect(calls.contains("s-app") && calls.contains("s-p"), "\(calls)")
      }
    }
  }
}

extension EndToEndTests {
  /// A program with OpenTelemetry's own SDK.
  @Suite struct InstrumentedProgram {
    /// What `make bootstrap-test` brings.
    static let packages = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../.bootstrap/opentelemetry").standardized

    /// Asks itself twice, of which one time fails, and tells both sides; prints the trace ids.
    private static let program = #"""
      import http.server, sys, threading, urllib.error, urllib.request
      from opentelemetry import propagate, trace
      from opentelemetry.exporter.otlp.proto.http import Compression
      from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
      from opentelemetry.sdk.resources import Resource
      from opentelemetry.sdk.trace import TracerProvider
      from opentelemetry.sdk.trace.export import BatchSpanProcessor

      port, endpoint = int(sys.argv[1]), sys.argv[2]
      provider = TracerProvider(resource=Resource.create({"service.name": "pyshop"}))
      provider.add_span_processor(BatchSpanProcessor(
          OTLPSpanExporter(endpoint=endpoint, compression=Compression.Gzip)))
      trace.set_tracer_provider(provider)
      tracer = trace.get_tracer("by.hand", "1.2")

      class Handler(http.server.BaseHTTPRequestHandler):
          def log_message(self, *arguments):
              pass

          def do_GET(self):
              with tracer.start_as_current_span(
                      "GET /things/{id}", context=propagate.extract(self.headers),
                      kind=trace.SpanKind.SERVER,
                      attributes={"http.request.method": "GET", "url.path": "/things/1",
                                  "url.query": "card=4111", "server.port": port}) as span:
                  with tracer.start_as_current_span("load"):
                      pass
                  code = 200
                  if "bad" in self.path:
                      code = 500
                      span.record_exception(ValueError("no such thing, token=abc"))
                      span.set_status(trace.StatusCode.ERROR)
                  span.set_attribute("http.response.status_code", code)
                  self.send_response(code)
                  self.send_header("Content-Length", "2")
                  self.end_headers()
                  self.wfile.write(b"ok")

      server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
      threading.Thread(target=server.serve_forever, daemon=True).start()
      for path in ["/things/1?card=4111", "/things/bad?card=4111"]:
          url = f"http://127.0.0.1:{port}{path}"
          with tracer.start_as_current_span(
                  "GET", kind=trace.SpanKind.CLIENT,
                  attributes={"http.request.method": "GET", "url.full": url,
                              "server.address": "127.0.0.1", "server.port": port}) as span:
              headers = {}
              propagate.inject(headers)
              try:
                  urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read()
              except urllib.error.HTTPError:
                  pass
              print(format(span.get_span_context().trace_id, "032x"), flush=True)
      provider.shutdown()
      """#

    private func ask(_ stack: Stack, _ program: String) throws -> [String] {
      try run(
        "env",
        [
          "PYTHONPATH=\(Self.packages.path)", "python3", program, "\(try freePort())",
          "http://127.0.0.1:\(stack.http)/v1/traces",
        ]
      ).output.split(separator: "\n").map(String.init)
    }

    private func isSeen(_ stack: Stack, _ traces: [String]) async throws -> Bool {
      try await eventually(within: .seconds(20)) {
        for trace in traces {
          let rows = try await stack.query(
            "SELECT span_id FROM l7_flow_log WHERE trace_id = '\(trace)' LIMIT 20")
          if rows.count < 5 { return false }
        }
        return true
      }
    }

    @Test(
      .enabled(
        if: FileManager.default.fileExists(atPath: packages.path),
        "make bootstrap-test brings the SDK"))
    func anSDKsSpansStandBesideTheKernelsCalls() async throws {
      let stack = try Stack.running
      let folder = try temporaryFolder("instrumented")
      defer { try? FileManager.default.removeItem(at: folder) }
      try Self.program.write(
        to: folder.appending(path: "shop.py"), atomically: true, encoding: .utf8)
      // An agent that has just begun may not see the first calls of a program.
      var told: [String] = []
      for _ in 0..<3 {
        told = try ask(stack, folder.appending(path: "shop.py").path)
        if try await isSeen(stack, told) { break }
      }
      try #require(told.count == 2)
      for (index, trace) in told.enumerated() {
        let rows = try await eventually("both sides of \(trace), twice", within: .seconds(30)) {
          let rows = try await stack.query(
            "SELECT observation_point, span_id, parent_span_id, app_service, endpoint, "
              + "request_resource, response_status, response_exception, Enum(l7_protocol) AS p, "
              + "attribute.otel.scope.name AS scope, attribute.telemetry.sdk.language AS sdk "
              + "FROM l7_flow_log WHERE trace_id = '\(trace)' ORDER BY observation_point LIMIT 20")
          return rows.count >= 5 ? rows : nil
        }
        #expect(
          rows.map { $0["observation_point"] } == ["app", "c-app", "c-p", "s-app", "s-p"])
        let (load, client, server) = (rows[0], rows[1], rows[3])
        // The kernel saw the client's span carried; the server's stands below it.
        #expect(rows[2]["span_id"] == client["span_id"] && rows[4]["span_id"] == client["span_id"])
        #expect(server["parent_span_id"] == client["span_id"])
        #expect(load["parent_span_id"] == server["span_id"])
        #expect(rows.filter { $0["app_service"] == "pyshop" }.count == 3)
        #expect(server["p"] == "HTTP" && server["scope"] == "by.hand" && server["sdk"] == "python")
        #expect(server["endpoint"] == "GET /things/{id}")
        #expect(server["request_resource"] == "/things/1?card=?")
        #expect(
          client["request_resource"] == (index == 0 ? "/things/1" : "/things/bad") + "?card=?")
        #expect(server["response_status"] == (index == 0 ? "0" : "3"))
        #expect(
          server["response_exception"] == (index == 0 ? "" : "ValueError: no such thing, token=?"))
      }
    }
  }
}

/// A server that dies between its answer and the store.
@Suite(.serialized, .enabled(if: getuid() == 0, "the agent loads probes, which needs root"))
struct KilledSpanTests {
  @Test func acknowledgedSpansAreStoredByTheNextServer() async throws {
    let stack = try await Stack.start()
    do {
      var server = stack.server
      let time = UInt64(Date().timeIntervalSince1970) * 1_000_000_000
      for round in 1...3 {
        let spans = (1...100).map {
          "{\"traceId\":\"6af7651916cd43dd8448eb211c8031aa\",\"spanId\":\"\(1_000_000_000_000_000 + round * 1_000 + $0)\","
            + "\"name\":\"killed\",\"startTimeUnixNano\":\"\(time)\",\"endTimeUnixNano\":\"\(time)\"}"
        }
        let sent = try run(
          "curl",
          [
            "-fsS", "--data-binary", "@-", "-H", "Content-Type: application/json",
            "http://127.0.0.1:\(stack.http)/v1/traces",
          ],
          input:
            "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[\(spans.joined(separator: ","))]}]}]}"
        )
        #expect(sent.output.hasPrefix("{}"))
        await server.stop(SIGKILL)
        server = try await stack.startServerAgain()
      }
      let rows = try await eventually("all are stored", within: .seconds(60)) {
        let rows = try await stack.query(
          "SELECT span_id FROM l7_flow_log WHERE endpoint = 'killed' LIMIT 1000")
        return rows.count >= 300 ? rows : nil
      }
      #expect(rows.count == 300 && Set(rows.compactMap { $0["span_id"] }).count == 300)
      await server.stop()
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }
}

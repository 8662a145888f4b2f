// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// Requests through nginx, a service in Python and Redis: each is one tree, and no two are one.
  @Suite struct Traces {
    /// A call of a trace, as far as the tests look at it.
    private struct Call {
      var resource: String
      var parent: Int?
      var depth: Int
      var confidence: Double
      var reasons: [String]
      var points: [String]
    }

    @Test func aRequestIsOneTreeWithReasons() async throws {
      let stack = try Stack.running
      try await withServices { port in
        let name = "one-\(port)"
        try fetch(port, ["/orders/\(name)"])
        let id = try await rootOf(name, stack)
        let calls = try await trace(id, calls: 3, stack)
        #expect(calls.map(\.resource).allSatisfy { $0.contains(name) }, "\(calls)")
        #expect(calls.map(\.parent) == [nil, 0, 1])
        #expect(calls.allSatisfy { $0.points.contains("c-p") && $0.points.contains("s-p") })
        // A thread of Python's reads, asks Redis and replies.
        #expect(calls[2].confidence == 1 && calls[2].reasons.first == "chain", "\(calls)")

        let tree = try run(
          Stack.product("metaflow"),
          ["trace", id, "--hops", "--why", "--server", "http://127.0.0.1:\(stack.http)"])
        #expect(tree.output.contains("└─ nginx -> orders.py"), "\(tree.output)")
        #expect(tree.output.contains("   └─ orders.py -> redis") && tree.output.contains("certain"))
        #expect(tree.output.contains("at s-p"))
        #expect(tree.errors.contains("has no call above it"), "\(tree.errors)")

        let list = try run(
          Stack.product("metaflow"),
          ["traces", "--resource", name, "--server", "http://127.0.0.1:\(stack.http)"])
        #expect(list.output.contains("curl -> nginx HTTP GET /orders/\(name)"), "\(list.output)")
        let page = try ScriptedBrowser.evaluate(
          stack, "#/traces?resource=\(name)",
          """
          const link = await until(() => document.querySelector('.log tbody a.what'), 'the trace');
          return [link.textContent, link.getAttribute('href')];
          """)
        let shown = try JSONDecoder().decode([String].self, from: Data(page.utf8))
        #expect(shown[0].hasPrefix("curl → nginx") && shown[1].contains("#/trace?"), "\(page)")
        let map = try ScriptedBrowser.evaluate(
          stack, "#/traces?as=map&resource=\(name)",
          """
          await until(() => document.querySelectorAll('.log tbody tr').length === 3, 'three edges');
          return document.querySelector('.log tbody').textContent;
          """)
        #expect(map.contains("orders.py") && map.contains("redis"), "\(map)")

        let told = try ScriptedBrowser.evaluate(
          stack, "#/trace?id=\(id)",
          """
          await until(() => document.querySelectorAll('.waterfall .lines .fall').length === 3, 'calls');
          const sure = [...document.querySelectorAll('.fall .sure')].at(-1);
          sure.focus();
          const tip = await until(() => !$('.tip').hidden && $('.tip').textContent, 'the reason');
          [...document.querySelectorAll('.waterfall button')].find((one) => one.textContent === 'Hops')
            .click();
          const places = document.querySelectorAll('.fall.place').length;
          return [tip, places, document.querySelectorAll('.fall.critical').length];
          """)
        #expect(told.contains("Certain") && told.contains("one thread read the request"), "\(told)")
        let numbers = try JSONSerialization.jsonObject(with: Data(told.utf8)) as? [Any]
        #expect((numbers?[1] as? Int ?? 0) >= 6 && numbers?[2] as? Int == 3, "\(told)")
      }
    }

    /// The edge is exact where the header is handed on.
    @Test func aTraceIDFindsTheWholeRequest() async throws {
      let stack = try Stack.running
      try await withServices { port in
        let id = UUID().uuidString.replacing("-", with: "").lowercased()
        try fetch(
          port, ["/orders/w3c-\(port)"], ["-H", "traceparent: 00-\(id)-00f067aa0ba902b7-01"])
        let calls = try await trace(id, calls: 3, stack)
        #expect(calls.map(\.parent) == [nil, 0, 1])
        #expect(calls[1].confidence == 1 && calls[1].reasons.contains("span_id"), "\(calls)")
      }
    }

    /// Many at a time: with an id that nginx makes every one is whole; without, edges may be missing, and
    /// in neither case is one in another's trace.
    @Test(arguments: ["orders", "plain"])
    func requestsAtOneTimeAreTracesOfTheirOwn(location: String) async throws {
      let stack = try Stack.running
      try await withServices { port in
        let names = (0..<24).map { "many-\(port)-\($0)-" }
        try fetch(port, names.map { "/\(location)/\($0)" }, ["-Z", "--parallel-max", "16"])
        // A loaded machine may lose records, and then edges are missing; what is there must be right.
        let wanted = location == "orders" ? names.count * 3 / 2 : names.count
        let joined = try await eventually("\(wanted) edges", within: .seconds(90)) {
          let edges = try await edges(names, stack)
          return edges >= wanted ? edges : nil
        }
        print("\(location): \(joined) of \(names.count * 2) edges found at 16 in flight")
      }
    }

    /// How many calls stand below another; none of them may stand in another request's trace.
    private func edges(_ names: [String], _ stack: Stack) async throws -> Int {
      var edges = 0
      for name in names {
        let calls = try await calls(try await rootOf(name, stack), stack)
        #expect(calls.allSatisfy { $0.resource.contains(name) }, "\(name): \(calls)")
        // nginx asks the service, and that asks Redis.
        for call in calls {
          guard let parent = call.parent else { continue }
          edges += 1
          #expect(call.depth == parent + 1 && calls[parent].depth == parent, "\(name): \(calls)")
        }
      }
      return edges
    }

    // MARK: What is asked

    /// The number of the client's own record of the call whose path has `text`.
    private func rootOf(_ text: String, _ stack: Stack) async throws -> String {
      try await eventually("the client's call of \(text)", within: .seconds(60)) {
        try await stack.query(
          "SELECT toString(_id) AS id FROM l7_flow_log WHERE observation_point = 'c-p' "
            + "AND auto_service_0 = 'curl' AND request_resource LIKE '*\(text)*' LIMIT 1"
        ).first?["id"]
      }
    }

    /// The trace, once it has so many calls that both ends told of.
    private func trace(_ id: String, calls count: Int, _ stack: Stack) async throws -> [Call] {
      try await eventually("\(count) calls of the trace \(id)", within: .seconds(60)) {
        let calls = try await calls(id, stack)
        let isWhole = calls.allSatisfy { $0.points.count >= 2 }
        return calls.count >= count && isWhole ? calls : nil
      }
    }

    private func calls(_ id: String, _ stack: Stack) async throws -> [Call] {
      let answer = try await stack.get("/v1/traces/\(id)")
      let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
      return (object?["calls"] as? [[String: Any]] ?? []).map(call)
    }

    private func call(_ object: [String: Any]) -> Call {
      let edge = object["edge"] as? [String: Any]
      let reasons = edge?["reasons"] as? [[String: Any]] ?? []
      let hops = object["hops"] as? [[String: Any]] ?? []
      return Call(
        resource: object["request_resource"] as? String ?? "", parent: object["parent"] as? Int,
        depth: object["depth"] as? Int ?? 0,
        confidence: edge?["confidence"] as? Double ?? 0,
        reasons: reasons.compactMap { $0["kind"] as? String },
        points: hops.compactMap { $0["observation_point"] as? String })
    }

    private func fetch(_ port: Int, _ paths: [String], _ options: [String] = []) throws {
      try run(
        "curl",
        ["-sSf", "--no-progress-meter"] + options
          + paths.flatMap { ["http://127.0.0.1:\(port)\($0)"] })
    }
  }
}

/// nginx before a service in Python that asks Redis, on free ports.
private func withServices(
  isolation: isolated (any Actor)? = #isolation, _ body: (Int) async throws -> Void
) async throws {
  try await withServer("redis", prepare: redis) { store in
    try await withServer("orders", prepare: { folder, port in try orders(folder, port, store) }) {
      service in
      try await withServer("nginx", prepare: { folder, port in try proxy(folder, port, service) }) {
        port in try await body(port)
      }
    }
  }
}

/// A thread a connection; each request asks Redis for the key that its path names.
private func orders(
  _ folder: URL, _ port: Int, _ store: Int
) throws -> (program: String, arguments: [String]) {
  let program = """
    import http.server, socket

    class Orders(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            key = self.path.rsplit("/", 1)[1].encode()
            with socket.create_connection(("127.0.0.1", \(store))) as store:
                store.sendall(b"*2\\r\\n$3\\r\\nGET\\r\\n$%d\\r\\n%s\\r\\n" % (len(key), key))
                answer = store.recv(4096)
            self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s"
                             % (len(answer), answer))

        def log_message(self, *words):
            pass

    http.server.ThreadingHTTPServer.request_queue_size = 128
    http.server.ThreadingHTTPServer(("127.0.0.1", \(port)), Orders).serve_forever()
    """
  let file = folder.appending(path: "orders.py")
  try program.write(to: file, atomically: true, encoding: .utf8)
  return ("python3", [file.path])
}

/// `/orders/` goes on with an X-Request-ID of nginx's own, `/plain/` without.
private func proxy(
  _ folder: URL, _ port: Int, _ service: Int
) throws -> (program: String, arguments: [String]) {
  let configuration = """
    daemon off; master_process off; pid nginx.pid; error_log stderr; worker_processes 1;
    events { worker_connections 256; }
    http {
      access_log off;
      client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
      scgi_temp_path t5;
      server {
        listen 127.0.0.1:\(port);
        location /orders/ {
          proxy_set_header X-Request-ID $request_id; add_header X-Request-ID $request_id;
          proxy_pass http://127.0.0.1:\(service);
        }
        location /plain/ { proxy_pass http://127.0.0.1:\(service); }
      }
    }
    """
  try configuration.write(
    to: folder.appending(path: "nginx.conf"), atomically: true, encoding: .utf8)
  return ("nginx", ["-p", folder.path + "/", "-c", folder.path + "/nginx.conf", "-e", "stderr"])
}

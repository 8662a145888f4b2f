// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// The web UI as a browser shows it.
  @Suite struct Browser {
    @Test func thePagesShowTheTrafficThatJustHappened() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        let urls = (0..<20).map { "http://127.0.0.1:\(port)/items/shown\($0)" }
        try run("curl", ["-sS"] + urls + ["http://127.0.0.1:\(port)/broken"])
        _ = try await stack.calls("server_port = \(port)", point: "s-p", count: 21)

        let services = try await dom(stack, "#/services") { $0.contains("<strong>nginx</strong>") }
        #expect(services.contains("<svg class=\"spark\""))
        #expect(services.contains("1 of 1 connected"))
        #expect(services.contains("P95"))
        _ = try await dom(stack, "#/calls?service=nginx&resource=shown") {
          $0.contains("/items/shown19")
        }
        let broken = try await dom(stack, "#/calls?resource=broken&status=error") {
          $0.contains("/broken")
        }
        #expect(broken.contains("Server Error 503"))
        let slow = try await dom(stack, "#/calls?resource=shown&slower=60s") {
          $0.contains("No call matches")
        }
        #expect(!slow.contains("/items/shown19"))
        let map = try await dom(stack, "#/map") { $0.contains("curl → nginx: HTTP") }
        #expect(map.contains("Who calls whom"))
        #expect(!map.contains("metaflow-engine"), "the observer's own calls are left out")
        let console = try await dom(stack, "#/sql") { $0.contains("flow_log.l7_flow_log") }
        #expect(console.contains("response_duration"))
      }
    }

    /// What can be opened stands in the address, so a link shows the same to someone else.
    @Test func aLinkOpensTheDetailsThatItNames() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        // As often as puts it among the busiest endpoints, which are the ones listed.
        let urls = Array(repeating: "http://127.0.0.1:\(port)/items/opened", count: 100)
        try run("curl", ["-sS"] + urls)
        let here = "server_port = \(port)"
        _ = try await stack.calls(here, point: "s-p", count: 100)
        _ = try await stack.calls(here, point: "c-p", count: 100)
        let rows = try await stack.query(
          "SELECT toString(_id) AS id, time FROM l7_flow_log "
            + "WHERE \(here) AND observation_point = 'c-p'")
        let call = try #require(rows.first)

        let service = try await drawer(stack, ["service", "nginx", "HTTP"]) {
          $0.contains("/items/opened")
        }
        #expect(service.contains("timed at the server process"))
        let connection = try await drawer(stack, ["edge", "curl", "nginx"]) {
          $0.contains("On the way and in queues")
        }
        #expect(connection.contains("Mean latency where it was seen"))
        let opened = try await drawer(stack, ["call", call["id"] ?? "", call["time"] ?? ""]) {
          $0.contains("server process")
        }
        #expect(opened.contains("client process"))
        #expect(opened.contains("server and what it called"))
        #expect(opened.contains("syscall_trace_id_request"))
        #expect(opened.contains("20 (HTTP)"))
      }
    }

    @Test(arguments: [
      ("losses", "socket events in the kernel"), ("agents", "Last heard of"),
    ])
    func theFootNotesOpen(name: String, text: String) async throws {
      _ = try await drawer(Stack.running, [name]) { $0.contains(text) }
    }

    /// A path is the wire's word: it is shown as text, and never becomes part of the page.
    @Test func markupFromTheWireStaysText() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        try run(
          "curl",
          [
            "-sS", "-g", "--request-target", "/<img/src=x/onerror=alert(1)>",
            "http://127.0.0.1:\(port)/",
          ])
        _ = try await stack.calls("server_port = \(port)", point: "s-p", count: 1)
        let page = try await dom(stack, "#/calls?resource=onerror") {
          $0.contains("&lt;img/src=x")
        }
        #expect(!page.contains("<img src=\"x\""))
        #expect(!page.contains("<img/src"))
      }
    }

    @Test(arguments: [
      ("SHOW tables", "19 rows in"),
      ("SELECT Sum(request) AS total FROM application.1s", "1 row in"),
      ("SELECT Sum(requests) FROM application", "did you mean 'request'?"),
    ])
    func theConsoleRunsTheStatementOfALink(sql: String, text: String) async throws {
      let statement = try #require(sql.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
      _ = try await dom(Stack.running, "#/sql?sql=\(statement)") { $0.contains(text) }
    }

    /// The services page with a drawer open.
    func drawer(
      _ stack: Stack, _ parts: [String], isReady: (String) -> Bool
    ) async throws -> String {
      let json = String(decoding: try JSONEncoder().encode(parts), as: UTF8.self)
      let open = try #require(json.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
      return try await dom(stack, "#/services?open=\(open)", isReady: isReady)
    }

    /// The page's tree once `isReady` says so. Each try is a browser of its own.
    func dom(
      _ stack: Stack, _ page: String, isReady: (String) -> Bool
    ) async throws -> String {
      try await eventually("the page \(page) is drawn", within: .seconds(90)) {
        let profile = stack.folder.appending(path: "browser-\(UUID().uuidString.prefix(8))")
        let tree = try run(
          "chromium",
          [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(profile.path)",
            "--window-size=1400,900", "--virtual-time-budget=4000", "--dump-dom",
            "http://127.0.0.1:\(stack.http)/\(page)",
          ]
        ).output
        return isReady(tree) ? tree : nil
      }
    }
  }
}

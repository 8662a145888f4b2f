// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// The command line, as a user at a terminal sees it.
  @Suite struct Commands {
    private func metaflow(_ stack: Stack, _ words: [String]) throws -> String {
      try run(
        Stack.product("metaflow"), words + ["--server", "http://127.0.0.1:\(stack.http)"]
      ).output
    }

    @Test func callsAreListedOnceWithTheirFilters() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/7/run-\(port)"])
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/missing/run-\(port)"])
        for point in ["c-p", "s-p"] {
          _ = try await stack.calls("server_port = \(port)", point: point, count: 2)
        }
        let filter = ["--service", "nginx", "--resource", "run-\(port)"]
        let all = try metaflow(stack, ["calls", "--json"] + filter).split(separator: "\n")
        #expect(all.count == 2)
        #expect(all.allSatisfy { $0.contains("\"observation_point\":\"c-p") })
        let table = try metaflow(stack, ["calls", "--errors"] + filter)
        #expect(table.contains("GET /missing"))
        #expect(table.contains("Client Error 404"))
        #expect(!table.contains("/items/7"))
      }
    }

    @Test func servicesHaveTheirFigures() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/7"])
        _ = try await eventually("nginx is listed") {
          try metaflow(stack, ["services"]).contains("nginx") ? true : nil
        }
      }
      #expect(try metaflow(stack, ["agents"]).contains("connected"))
      let sorted = try metaflow(
        stack, ["services", "--service", "nginx", "--sort", "p95", "--json"])
      #expect(sorted.contains("\"p95_us\":") && sorted.contains("\"calls\":"))
      // Whatever there is to show by now, the statements behind them are right.
      for command in ["flows", "network", "losses"] {
        _ = try metaflow(stack, [command, "--json", "--own", "--last", "1h"])
      }
    }

    private func refused(_ stack: Stack, _ words: [String]) throws -> CommandResult {
      try run(
        Stack.product("metaflow"), words + ["--server", "http://127.0.0.1:\(stack.http)"],
        checked: false)
    }

    /// A name that nothing was ever seen of is a mistake, not a filter that finds nothing.
    @Test func namesThatAreNotKnownAreToldWithThoseThatAre() async throws {
      let stack = try Stack.running
      let gopher = try refused(stack, ["calls", "--protocol", "gopher"])
      #expect(gopher.status == 1)
      #expect(gopher.errors.contains("MySQL") && !gopher.errors.contains("line "))
      for command in ["calls", "traces", "services", "endpoints", "flows", "network"] {
        let service = try refused(stack, [command, "--service", "nosuch"])
        #expect(service.status == 1 && service.errors.contains("no service 'nosuch' was ever seen"))
      }
      let limit = try refused(stack, ["calls", "--limit", "-3"])
      #expect(limit.status == 64 && limit.errors.contains("--limit is -3"))
      let both = try refused(stack, ["calls", "--last", "5m", "--from", "2026-01-01"])
      #expect(both.status == 64)
      let nobody = try run(
        Stack.product("metaflow"), ["agents", "--server", "http://127.0.0.1:9"], checked: false)
      #expect(nobody.errors.contains("(connection refused);"), "\(nobody.errors)")
    }

    /// What README, docs and the help texts show can be typed in as it stands.
    @Test func everyDocumentedCommandRuns() async throws {
      let stack = try Stack.running
      for example in try Documentation.statements() where example.database.isEmpty {
        _ = try metaflow(stack, ["query", example.sql])
      }
      let helps = try [
        "", "services", "endpoints", "calls", "traces", "trace", "exemplars", "flows", "network",
        "losses", "agents", "coverage", "query",
      ].map {
        try run(Stack.product("metaflow"), $0.isEmpty ? ["--help"] : [$0, "--help"]).output
      }
      let texts = try helps + Documentation.pages().map(Documentation.text)
      var count = 0
      for words in texts.flatMap({ Documentation.calls(of: "metaflow", in: $0) })
      // What ends by itself, and makes no folder where the test is.
      where !words.contains("--follow") && words[1] != "plugin" {
        let result = try refused(stack, Array(words.dropFirst()))
        // Services of an example need not be here.
        let isUnseen =
          result.errors.contains("was ever seen") || result.errors.contains("There is no call")
        #expect(result.status == 0 || isUnseen, "\(words): \(result.errors)")
        count += 1
      }
      #expect(count > 15)
      let version = try run(Stack.product("metaflow"), ["--version"]).output
      #expect(version.contains("."))
    }

    /// A window in absolute times holds what its seconds hold, told in the same unit at both ends.
    @Test func aCallHasItsTimesInOneUnit() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        let start = Int(Date().timeIntervalSince1970)
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/8/run-\(port)"])
        _ = try await stack.calls("server_port = \(port)", point: "s-p", count: 1)
        let window = ["--from", "\(start - 1)", "--to", "\(start + 60)"]
        let line = try metaflow(stack, ["calls", "--json", "--resource", "run-\(port)"] + window)
        let call = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let (begin, end) = (call?["start_time"] as? Int ?? 0, call?["end_time"] as? Int ?? 0)
        #expect(begin >= (start - 1) * 1_000_000 && begin <= end && end - begin < 60_000_000)
        let earlier = try metaflow(
          stack,
          ["calls", "--resource", "run-\(port)", "--from", "2026-01-01", "--to", "2026-01-02"])
        #expect(earlier.isEmpty)
      }
    }

    /// What is wrong with the settings is told, with the exit code of that (EX_CONFIG).
    @Test func aServerThatOthersReachIsNotStarted() throws {
      for (words, reason) in [
        (["--http", "0.0.0.0:20416"], "ssh -L"), (["--http", "nowhere"], "must be an address"),
        (["--allowed-host", "http://a.example"], "without a scheme"),
      ] {
        let server = try run(Stack.product("metaflow-server"), words, checked: false)
        #expect(server.status == 78 && server.errors.contains(reason), "\(words): \(server.errors)")
      }
    }

    @Test func callsAreFollowed() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        let follower = try RunningProgram(
          Stack.product("metaflow"),
          [
            "calls", "--follow", "--resource", "run-\(port)", "--server",
            "http://127.0.0.1:\(stack.http)",
          ], in: stack.folder)
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/9/run-\(port)"])
        _ = try await eventually("the call is printed") {
          follower.output.contains("/items/9") ? true : nil
        }
        _ = try await stack.calls("server_port = \(port)", point: "s-p", count: 1)
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/10/run-\(port)"])
        _ = try await eventually("the next one too") {
          follower.output.contains("/items/10") ? true : nil
        }
        #expect(follower.output.components(separatedBy: "/items/9").count == 2, "once")
        await follower.stop()
      }
    }
  }
}

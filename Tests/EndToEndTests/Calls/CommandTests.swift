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
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/7?run=\(port)"])
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/missing?run=\(port)"])
        for point in ["c-p", "s-p"] {
          _ = try await stack.calls("server_port = \(port)", point: point, count: 2)
        }
        let filter = ["--service", "nginx", "--resource", "run=\(port)"]
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
      // Whatever there is to show by now, the statements behind them are right.
      for command in ["flows", "network", "losses"] {
        _ = try metaflow(stack, [command, "--json", "--own", "--last", "1h"])
      }
    }
  }
}

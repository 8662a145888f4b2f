// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  @Suite struct Faults {
    struct Nonsense: CustomTestStringConvertible {
      var name: String
      var text: String

      var testDescription: String { name }
    }

    /// A wrong query says what is wrong, where, and what was probably meant.
    @Test(arguments: [
      ("SELEC 1", "line 1, column 1", "SELECT"),
      ("SELECT Sum(request FROM l7_flow_log", "line 1", ")"),
      ("SELECT request_resourc FROM l7_flow_log", "column 8", "request_resource"),
      ("SELECT request_type FROM l7_flow_lo", "column 26", "l7_flow_log"),
      ("SELECT request_type FROM l7_flow_log LIMIT 999999999", "LIMIT", "100000"),
    ])
    func aWrongQueryIsExplained(sql: String, place: String, hint: String) async throws {
      let stack = try Stack.running
      let answer = try run(
        "curl",
        [
          "-sS", "-w", "\\n%{http_code}", "--data-urlencode", "sql=\(sql)", "--data", "db=flow_log",
          "http://127.0.0.1:\(stack.http)/v1/query/",
        ]
      ).output
      #expect(answer.hasSuffix("\n400"))
      #expect(answer.contains(place), "\(answer)")
      #expect(answer.contains(hint), "\(answer)")
    }

    @Test func theCommandLineShowsWhereTheQueryIsWrong() async throws {
      let stack = try Stack.running
      let result = try run(
        Stack.product("metaflow"),
        [
          "query", "SELECT request_typ FROM l7_flow_log", "--server",
          "http://127.0.0.1:\(stack.http)",
        ],
        checked: false)
      #expect(result.status == 1)
      #expect(result.errors.contains("request_type"))
      #expect(result.errors.contains("^"))
    }

    @Test func aSecondServerOnTheSameDataIsRefused() async throws {
      let stack = try Stack.running
      let second = try RunningProgram(
        Stack.product("metaflow-server"),
        [
          "--data-dir", stack.folder.appending(path: "server").path, "--http",
          "127.0.0.1:\(try freePort())", "--ingest", "127.0.0.1:\(try freePort())",
        ], in: stack.folder)
      try await eventually("the second server gives up") { second.isRunning ? nil : () }
      #expect(second.status != 0)
      #expect(second.output.contains("in use"), "\(second.output)")
      #expect(second.output.contains("\(stack.server.processID)"), "\(second.output)")
      #expect(stack.server.isRunning)
    }

    @Test(arguments: ["--http", "--ingest"]) func aPortInUseIsNamed(option: String) async throws {
      let stack = try Stack.running
      let taken = option == "--http" ? stack.http : stack.ingest
      let folder = try temporaryFolder("port")
      defer { try? FileManager.default.removeItem(at: folder) }
      let other = option == "--http" ? "--ingest" : "--http"
      let second = try RunningProgram(
        Stack.product("metaflow-server"),
        [
          "--data-dir", folder.path, option, "127.0.0.1:\(taken)", other,
          "127.0.0.1:\(try freePort())",
        ], in: folder)
      try await eventually("the second server gives up") { second.isRunning ? nil : () }
      #expect(second.status != 0)
      #expect(second.output.contains("127.0.0.1:\(taken)"), "\(second.output)")
      #expect(second.output.contains(option), "\(second.output)")
    }

    /// Whoever talks nonsense to the ingest port loses the connection, and nobody else anything.
    @Test(arguments: [
      Nonsense(name: "HTTP", text: "GET / HTTP/1.1\r\n\r\n"),
      Nonsense(name: "a huge length", text: "\u{FF}\u{FF}\u{FF}\u{FF}\u{1}\u{1}"),
      Nonsense(name: "70,000 letters", text: String(repeating: "x", count: 70_000)),
    ])
    func nonsenseOnTheIngestPortHarmsNobody(nonsense: Nonsense) async throws {
      let stack = try Stack.running
      _ = try run(
        "timeout", ["20", "bash", "-c", "cat > /dev/tcp/127.0.0.1/\(stack.ingest)"],
        input: nonsense.text,
        checked: false)
      #expect(stack.server.isRunning)
      _ = try await eventually("the refused frame is counted") {
        try await stack.get("/metrics").contains("reason=\"malformed_frame\"") ? true : nil
      }
      #expect(try await stack.get("/v1/agents").contains("\"connected\":true"))
    }
  }
}

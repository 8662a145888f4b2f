// SPDX-License-Identifier: Apache-2.0

import Foundation
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
        let requests = try await dom(stack, "#/requests?service=nginx") {
          $0.contains("/items/shown19")
        }
        #expect(requests.contains("Server Error 503"))
        let map = try await dom(stack, "#/map") { $0.contains("<canvas") }
        #expect(map.contains("Who calls whom"))
        let console = try await dom(stack, "#/sql") { $0.contains("flow_log.l7_flow_log") }
        #expect(console.contains("response_duration"))
      }
    }

    /// The page's tree once `isReady` says so. Each try is a browser of its own.
    private func dom(
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

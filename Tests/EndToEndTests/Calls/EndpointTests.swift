// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// Endpoints by kind, and who is seen.
  @Suite struct Endpoints {
    private func metaflow(_ stack: Stack, _ words: [String]) throws -> String {
      try run(
        Stack.product("metaflow"), words + ["--server", "http://127.0.0.1:\(stack.http)"]
      ).output
    }

    @Test func pathsThatDifferInAnIdAreOneEndpoint() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        for number in 1...7 {
          try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/\(number)/run-\(port)"])
        }
        let line = try await eventually("the endpoint has all of its calls") {
          // No service of this name may have been seen yet.
          (try? metaflow(stack, ["endpoints", "--service", "nginx", "--json", "--limit", "1000"]))?
            .split(separator: "\n")
            .first {
              $0.contains("\"endpoint\":\"/items/{id}/run-{id}\"") && $0.contains("\"resources\":")
            }
        }
        #expect(line.contains("\"protocol\":\"HTTP\""))
        let table = try metaflow(stack, ["endpoints", "--service", "nginx", "--limit", "1000"])
        #expect(table.contains("RESOURCES") && table.contains("/items/{id}/run-{id}"))
      }
    }

    @Test func eachProcessIsToldByWhatIsSeenOfIt() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/1"])
        let line = try await eventually("nginx is seen", within: .seconds(150)) {
          try metaflow(stack, ["coverage", "--json", "--limit", "5000"]).split(separator: "\n")
            .first {
              $0.contains("\"process\":\"nginx\"") && $0.contains("\"port\":\(port)")
            }
        }
        #expect(line.contains("\"state\":\"seen\"") && line.contains("\"protocol\":\"HTTP\""))
      }
      let answer = try await stack.get("/v1/coverage")
      #expect(answer.contains("\"state\":\"ignored\""))
    }
  }
}

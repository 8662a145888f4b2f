// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  @Suite struct Metrics {
    @Test func theRollUpCountsEachCallOnceOnEachSide() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        let good = (0..<30).map { "http://127.0.0.1:\(port)/items/\($0)" }
        let bad = (0..<10).map { _ in "http://127.0.0.1:\(port)/broken" }
        try run("curl", ["-sS"] + good + bad)
        for point in ["c-p", "s-p"] {
          _ = try await eventually("40 requests in application_map.1s at \(point)") {
            let rows = try await stack.query(
              "SELECT Sum(request) AS requests, Sum(server_error) AS errors, "
                + "Sum(response) AS responses FROM application_map.1s "
                + "WHERE server_port = \(port) AND observation_point = '\(point)'",
              db: "flow_metrics")
            let row = rows.first
            return row?["requests"] == "40" && row?["responses"] == "40" && row?["errors"] == "10"
              ? true : nil
          }
        }
        let roles = try await stack.query(
          "SELECT auto_service, role, Sum(request) AS requests FROM application.1s "
            + "WHERE server_port = \(port) GROUP BY auto_service, role ORDER BY role",
          db: "flow_metrics")
        #expect(roles.map { $0["auto_service"] } == ["curl", "nginx"])
        #expect(roles.allSatisfy { $0["requests"] == "40" })
      }
    }

    @Test func bothProgramsTellTheirCounters() async throws {
      let stack = try Stack.running
      let server = try await stack.get("/metrics")
      #expect(server.contains("metaflow_stage_received_total"))
      let agent = try run("curl", ["-sS", "http://127.0.0.1:\(stack.metrics)/metrics"]).output
      #expect(agent.contains("metaflow_stage_received_total{stage=\"ring\"}"))
    }

  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The agent under more load than it may use, on a stack of its own.
@Suite(.serialized, .enabled(if: getuid() == 0, "the agent loads probes, which needs root"))
struct GuardTests {
  private static let stages = ["probes", "ring", "conversations", "calls", "rollup", "uplink"]

  /// A fifth of a core is less than a busy keep-alive client costs, in any build.
  @Test func anAgentOverItsLimitShedsLoadCountsItAndRecovers() async throws {
    let stack = try await Stack.start(agentConfiguration: "limits:\n  cpu: 20\n")
    do {
      try await withServer("nginx", prepare: nginx) { port in
        let client = try RunningProgram(
          "curl", ["-sS", "-o", "/dev/null", "http://127.0.0.1:\(port)/items/[1-100000000]"],
          in: stack.folder)
        _ = try await eventually("the agent sheds records", within: .seconds(120)) {
          try stack.agentMetric(
            "metaflow_stage_dropped_total{stage=\"uplink\",reason=\"shed_load\"}") > 0
            || stack.agentMetric(
              "metaflow_stage_dropped_total{stage=\"ring\",reason=\"shed_load\"}") > 0
            ? () : nil
        }
        #expect(try stack.agentMetric("metaflow_agent_shedding_level") >= 2)
        #expect(client.isRunning, "the load goes on: \(client.output)")
        await client.stop()
        _ = try await eventually("the agent sheds nothing any more", within: .seconds(180)) {
          try stack.agentMetric("metaflow_agent_shedding_level") == 0 ? () : nil
        }
        try run("curl", ["-sS"] + (0..<20).map { "http://127.0.0.1:\(port)/items/after/\($0)" })
        _ = try await eventually("20 calls after it are stored") {
          let rows = try await stack.query(
            "SELECT Count(row) AS n FROM l7_flow_log WHERE server_port = \(port) "
              + "AND observation_point = 's-p' AND request_resource LIKE '/items/after/*'")
          return rows.first?["n"] == "20" ? () : nil
        }
        // Several scrapes see different moments; the page is one.
        let page = try run("curl", ["-sS", "http://127.0.0.1:\(stack.metrics)/metrics"]).output
        for stage in Self.stages { expectBalance(of: stage, in: page) }
      }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }

  /// The least memory that may be configured is enough to see with, also after a burst.
  @Test func theLeastMemoryLimitDoesNotBlindTheAgent() async throws {
    let stack = try await Stack.start(agentConfiguration: "limits:\n  memory: 64 MiB\n")
    do {
      try await withServer("nginx", prepare: nginx) { port in
        // Many connections at a time, each with a request of its own.
        for round in 0..<10 {
          try run(
            "curl",
            ["-sS", "-o", "/dev/null", "--parallel", "--parallel-max", "200"]
              + ["http://127.0.0.1:\(port)/items/burst/\(round)/[1-400]"])
        }
        _ = try await eventually("nothing is shed", within: .seconds(180)) {
          try stack.agentMetric("metaflow_agent_shedding_level") == 0 ? () : nil
        }
        try run("curl", ["-sS"] + (0..<20).map { "http://127.0.0.1:\(port)/items/after/\($0)" })
        _ = try await eventually("20 calls after it are stored", within: .seconds(60)) {
          let rows = try await stack.query(
            "SELECT Count(row) AS n FROM l7_flow_log WHERE server_port = \(port) "
              + "AND observation_point = 's-p' AND request_resource LIKE '/items/after/*'")
          return rows.first?["n"] == "20" ? () : nil
        }
        #expect(try stack.agentMetric("metaflow_agent_memory_bytes") < Double(64 << 20))
      }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }

  /// Everything a stage received was passed on or is counted as dropped.
  private func expectBalance(of stage: String, in page: String) {
    var sums: [String: Int] = [:]
    for line in page.split(separator: "\n") where line.contains("{stage=\"\(stage)\"") {
      guard let name = line.split(separator: "{").first, let space = line.lastIndex(of: " "),
        let value = Int(line[line.index(after: space)...])
      else { continue }
      sums[String(name), default: 0] += value
    }
    let received = sums["metaflow_stage_received_total"] ?? 0
    let passed = sums["metaflow_stage_passed_total"] ?? 0
    let dropped = sums["metaflow_stage_dropped_total"] ?? 0
    #expect(received > 0 && received == passed + dropped, "\(stage): \(sums)")
  }
}

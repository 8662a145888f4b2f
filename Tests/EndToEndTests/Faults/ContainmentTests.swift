// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// An agent that crashes again and again, on a stack of its own.
@Suite(.serialized, .enabled(if: getuid() == 0, "the agent loads probes, which needs root"))
struct ContainmentTests {
  private static let secret = "kT9vWq3ZmarkedSecret"

  @Test func aProtocolThatKillsTheAgentThreeTimesIsNotReadUntilItIsResumed() async throws {
    let stack = try await Stack.start(agentOptions: ["--crash-test", "deadly"])
    do {
      try await withServer("nginx", prepare: nginx) { port in
        try await killAndLookOn(stack, port: port)
      }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }

  private func killAndLookOn(_ stack: Stack, port: Int) async throws {
    func get(_ path: String) throws {
      try run("curl", ["-sS", "-o", "/dev/null", "http://127.0.0.1:\(port)\(path)"])
    }
    try get("/items/before")
    _ = try await stack.calls(
      "server_port = \(port) AND request_resource = '/items/before'", point: "s-p", count: 1)
    var worker = try stack.worker()
    for death in 1...3 {
      try get("/items/deadly?password=\(Self.secret)")
      worker = try await eventually("worker \(death + 1); the agent said: \(stack.agent.output)") {
        guard let next = try? stack.worker(), next != worker else { return pid_t?.none }
        let restarts = try? stack.agentMetric("metaflow_agent_restarts_total")
        // Connected, so it watches by now.
        let connected = try? stack.agentMetric("metaflow_agent_connected")
        return restarts == Double(death) && connected == 1 ? next : nil
      }
    }
    #expect(stack.agent.isRunning)
    let crashes = "metaflow_agent_crashes_total{protocol=\"HTTP\"}"
    #expect(try stack.agentMetric(crashes) == 3)
    #expect(try stack.agentMetric("metaflow_agent_protocol_suspended{protocol=\"HTTP\"}") == 1)
    #expect(stack.agent.output.contains("metaflow-agent protocols --resume HTTP"))
    _ = try await eventually("metaflow agents tells") {
      let text = try run(
        Stack.product("metaflow"), ["agents", "--server", "http://127.0.0.1:\(stack.http)"]
      ).output
      return text.contains("3 HTTP") && text.contains("NOT READ") ? true : nil
    }
    // It is not read any more, so it kills no more; others are.
    try get("/items/deadly")
    let suspended = "metaflow_stage_dropped_total{stage=\"conversations\","
    _ = try await eventually("the conversation is counted") {
      try stack.agentMetric(suspended + "reason=\"protocol_suspended\"}") > 0 ? true : nil
    }
    #expect(try stack.worker() == worker)
    try checkReports(stack)
    let spool = ["--spool-dir", stack.folder.appending(path: "spool").path]
    let resumed = try run(
      Stack.product("metaflow-agent"), ["protocols", "--resume", "http"] + spool)
    #expect(resumed.output == "HTTP is read again\n")
    _ = try await eventually("a new worker") {
      (try? stack.worker()).flatMap { $0 != worker ? $0 : nil }
    }
    _ = try await eventually("HTTP is read again") {
      try get("/items/after")
      let rows = try await stack.query(
        "SELECT Count(row) AS n FROM l7_flow_log WHERE request_resource = '/items/after'")
      return (rows.first?["n"].flatMap { Int($0) } ?? 0) > 0 ? true : nil
    }
  }

  /// Three reports with the shape of what was read, and nothing of it.
  private func checkReports(_ stack: Stack) throws {
    let folder = stack.folder.appending(path: "spool/crashes")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let reports = names.filter { $0.hasPrefix("crash-") }
    #expect(reports.count == 3)
    for name in names {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      #expect(!text.contains(Self.secret) && !text.contains("deadly"))
      guard reports.contains(name) else { continue }
      #expect(text.contains("\nactivity 2\n"), "\(text)")
      #expect(text.contains("aaa /aaaaa/aaaaaa?aaaaaaaa=aa0aaa0aaaaaaaaaaaaa aaaa/0.0"), "\(text)")
      #expect(text.contains("\ncounters\nprobes received "), "\(text)")
    }
  }

  @Test(arguments: [SIGKILL, SIGSEGV]) func aWorkerThatIsKilledIsStartedAgain(
    signal: Int32
  ) async throws {
    let stack = try await Stack.start()
    do {
      let worker = try stack.worker()
      kill(worker, signal)
      _ = try await eventually("another worker; the agent said: \(stack.agent.output)") {
        guard let next = try? stack.worker(), next != worker else { return Bool?.none }
        let crashes = try? stack.agentMetric("metaflow_agent_crashes_total{protocol=\"none\"}")
        return crashes == 1 ? true : nil
      }
      #expect(stack.agent.output.contains("The worker crashed with signal \(signal)"))
      await stack.agent.stop()
      #expect(stack.agent.status == 0)
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }

  /// The time in which nobody looked is told with an answer about it.
  @Test func thatAnAgentWasAwayIsTold() async throws {
    let stack = try await Stack.start()
    do {
      kill(try stack.worker(), SIGKILL)
      _ = try await eventually("the answer tells; the agent said: \(stack.agent.output)") {
        let now = Int(Date().timeIntervalSince1970)
        let sql = "SELECT Sum(request) FROM application_map.1s WHERE time >= \(now - 600)"
        let answer = try run(
          "curl",
          [
            "-sS", "http://127.0.0.1:\(stack.http)/v1/query/", "-d", "db=flow_metrics",
            "--data-urlencode", "sql=\(sql)",
          ]
        ).output
        return answer.contains("\"agent_away\"") ? true : nil
      }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }

  /// What a user has to change is not tried again.
  @Test(
    arguments: [
      (["--log-level", "loud"], 78), (["--metrics", "192.0.2.1:1"], 69),
      (["--config", "/nowhere.yaml"], 78),
    ] as [([String], Int32)])
  func aRefusalEndsTheAgentAtOnce(options: [String], status: Int32) throws {
    let folder = try temporaryFolder("refused")
    defer { try? FileManager.default.removeItem(at: folder) }
    let result = try run(
      Stack.product("metaflow-agent"),
      ["run", "--spool-dir", folder.appending(path: "spool").path, "--metrics", "127.0.0.1:0"]
        + options, checked: false)
    #expect(result.status == status, "\(result.errors)")
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Programs that die, each on a stack of its own.
@Suite(.serialized, .enabled(if: getuid() == 0, "the agent loads probes, which needs root"))
struct CrashTests {
  /// Acknowledged or not, every call made while the server dies and comes back is stored once.
  @Test func aServerKilledUnderLoadLosesNothingAndCountsNothingTwice() async throws {
    let stack = try await Stack.start()
    do {
      try await withServer("nginx", prepare: nginx) { port in
        let rounds = 12
        var server = stack.server
        for round in 0..<rounds {
          try run(
            "curl", ["-sS"] + (0..<25).map { "http://127.0.0.1:\(port)/items/\(round)/\($0)" })
          if round % 4 == 2 {
            await server.stop(SIGKILL)
            server = try await stack.startServerAgain()
          }
        }
        let total = rounds * 25
        _ = try await eventually("\(total) calls are stored", within: .seconds(60)) {
          try await stack.storedCalls(port: port) >= total ? true : nil
        }
        #expect(try await stack.storedCalls(port: port) == total)
        let metrics = try await eventually("the roll-up is whole", within: .seconds(30)) {
          let rows = try await stack.query(
            "SELECT Sum(request) AS n FROM application_map.1s WHERE server_port = \(port) "
              + "AND observation_point = 's-p'", db: "flow_metrics")
          return rows.first?["n"].flatMap { Int($0) }.flatMap { $0 >= total ? $0 : nil }
        }
        #expect(metrics == total)
        await server.stop()
      }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }

  /// Killed twice while calls go on: what is in the log is in the seconds and in the minutes, and that
  /// nobody looked meanwhile is told.
  @Test func logSecondsAndMinutesAgreeWhenAnAgentIsKilledUnderLoad() async throws {
    let stack = try await Stack.start()
    do {
      try await withServer("nginx", prepare: nginx) { port in
        let load = try RunningProgram(
          "bash",
          [
            "-c",
            "while :; do curl -sS -o /dev/null http://127.0.0.1:\(port)/items/[1-40]; sleep 0.1; done",
          ], in: stack.folder)
        var agent = stack.agent
        for _ in 0..<2 {
          let before = try await stack.storedCalls(port: port)
          _ = try await eventually("calls are stored") {
            try await stack.storedCalls(port: port) > before + 200 ? true : nil
          }
          await agent.stop(SIGKILL)
          agent = try await stack.startAgentAgain()
        }
        await load.stop()
        // It tells what it has.
        await agent.stop()
        _ = try await eventually("log, seconds and minutes agree", within: .seconds(60)) {
          let log = try await stack.storedCalls(port: port)
          let seconds = try await stack.requests(port: port, table: "application_map.1s")
          let minutes = try await stack.requests(port: port, table: "application_map.1m")
          return log > 400 && log == seconds && log == minutes ? true : nil
        }
      }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }

  /// Probes belong to the process that loaded them; SIGKILL leaves nothing in the kernel.
  @Test func aKilledAgentLeavesNoProbeBehind() async throws {
    let stack = try await Stack.start()
    let own = try probes(of: stack.worker())
    #expect(!own.isEmpty)
    await stack.agent.stop(SIGKILL)
    _ = try await eventually("the agent's programs are gone") {
      let left = try Set(loadedPrograms())
      return own.isDisjoint(with: left) ? true : nil
    }
    await stack.stop()
  }

  /// What was seen while the server was away arrives once it is there.
  @Test func callsMadeWhileTheServerIsAwayArriveLater() async throws {
    let stack = try await Stack.start()
    do {
      try await withServer("nginx", prepare: nginx) { port in
        await stack.server.stop()
        try run("curl", ["-sS"] + (0..<40).map { "http://127.0.0.1:\(port)/items/\($0)" })
        let server = try await stack.startServerAgain()
        _ = try await eventually("40 calls are stored", within: .seconds(60)) {
          try await stack.storedCalls(port: port) >= 40 ? true : nil
        }
        #expect(try await stack.storedCalls(port: port) == 40)
        await server.stop()
      }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }

  /// Ids of the BPF programs that a process holds open.
  private func probes(of processID: pid_t) throws -> Set<Int> {
    let folder = "/proc/\(processID)/fdinfo"
    var found: Set<Int> = []
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let text = (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
      for line in text.split(separator: "\n") where line.hasPrefix("prog_id:") {
        if let id = Int(line.dropFirst(8).filter(\.isNumber)) { found.insert(id) }
      }
    }
    return found
  }

  /// Ids of every BPF program that some process holds open.
  private func loadedPrograms() throws -> [Int] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
      .flatMap { (try? probes(of: $0)) ?? [] }
  }
}

extension Stack {
  /// Starts a server on the same data folder and ports, and waits until it answers.
  func startServerAgain() async throws -> RunningProgram {
    let server = try RunningProgram(
      Self.product("metaflow-server"),
      [
        "--data-dir", folder.appending(path: "server").path, "--http", "127.0.0.1:\(http)",
        "--ingest", "127.0.0.1:\(ingest)", "--otlp", "none", "--otlp-grpc", "none",
      ], in: folder)
    _ = try await eventually("the server answers again; it said: \(server.output)") {
      guard server.isRunning else { throw HarnessFailure("server ended: \(server.output)") }
      return accepts(port: http) ? true : nil
    }
    return server
  }

  /// Starts an agent on the same spool and ports, and waits until it is connected.
  func startAgentAgain() async throws -> RunningProgram {
    let agent = try RunningProgram(
      Self.product("metaflow-agent"),
      [
        "run", "--server", "127.0.0.1:\(ingest)", "--spool-dir",
        folder.appending(path: "spool").path, "--metrics", "127.0.0.1:\(metrics)",
      ], in: folder)
    _ = try await eventually("the agent connects again; it said: \(agent.output)") {
      guard agent.isRunning else { throw HarnessFailure("agent ended: \(agent.output)") }
      let connected = try? agentMetric("metaflow_agent_connected")
      return connected == 1 ? true : nil
    }
    return agent
  }

  /// Requests of a metrics table for a server port, as its process saw them.
  func requests(port: Int, table: String) async throws -> Int {
    let rows = try await query(
      "SELECT Sum(request) AS n FROM \(table) WHERE server_port = \(port) "
        + "AND observation_point = 's-p'", db: "flow_metrics")
    return rows.first?["n"].flatMap { Int($0) } ?? 0
  }

  /// Calls stored for a server port, as its process saw them.
  func storedCalls(port: Int) async throws -> Int {
    let rows = try await query(
      "SELECT Count(row) AS n FROM l7_flow_log WHERE server_port = \(port) "
        + "AND observation_point = 's-p'")
    return rows.first?["n"].flatMap { Int($0) } ?? 0
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// What runs with no more rights than are promised to be enough.
  @Suite struct Rights {
    private static let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"]

    @Test func anAgentWithTheTwoRightsOfProbesReachesTheServer() async throws {
      let stack = try Stack.running
      let folder = try temporaryFolder("rights")
      defer { try? FileManager.default.removeItem(at: folder) }
      try run("chown", ["65534:65534", folder.path])
      let agent = try RunningProgram(
        "/usr/bin/setpriv",
        Self.nobody + [
          "--inh-caps", "-all,+bpf,+perfmon", "--ambient-caps", "-all,+bpf,+perfmon",
          Stack.product("metaflow-agent"), "run", "--server", "127.0.0.1:\(stack.ingest)",
          "--metrics", "127.0.0.1:0", "--spool-dir", folder.appending(path: "spool").path,
        ], in: folder)
      _ = try await eventually("the agent connects; it said: \(agent.output)") {
        try #require(agent.isRunning, "\(agent.output)")
        return agent.output.contains("Connected to the server") ? true : nil
      }
      await agent.stop()
      #expect(agent.status == 0)
    }

    /// In a pid namespace getpid(2) gives the number of another process of the host.
    @Test func anAgentInAContainerKnowsItselfByTheNumberOfTheHost() async throws {
      let stack = try Stack.running
      let folder = try temporaryFolder("container")
      defer { try? FileManager.default.removeItem(at: folder) }
      let port = try freePort()
      let agent = try RunningProgram(
        "/usr/bin/unshare",
        [
          "--pid", "--fork", "--mount-proc", "--kill-child", Stack.product("metaflow-agent"), "run",
          "--server", "127.0.0.1:\(stack.ingest)", "--metrics", "127.0.0.1:\(port)", "--spool-dir",
          folder.appending(path: "spool").path,
        ], in: folder)
      let number = try await eventually("the agent knows itself; it said: \(agent.output)") {
        try #require(agent.isRunning, "\(agent.output)")
        let page = try run("curl", ["-sS", "http://127.0.0.1:\(port)/metrics"], checked: false)
        let line = page.output.split(separator: "\n").first {
          $0.hasPrefix("metaflow_agent_process_id ")
        }
        return line.flatMap { pid_t($0.split(separator: " ")[1]) }.flatMap { $0 > 0 ? $0 : nil }
      }
      let arguments = try String(contentsOfFile: "/proc/\(number)/cmdline", encoding: .utf8)
      #expect(arguments.contains("metaflow-agent") && arguments.contains("--worker-of"))
      #expect(arguments.contains("127.0.0.1:\(port)"))
      await agent.stop(SIGKILL)
    }

    @Test func anOrdinaryUserSendsACapture() async throws {
      let stack = try Stack.running
      try CaptureBuilder.lookUps.withFile { path in
        let result = try run(
          "setpriv",
          Self.nobody + [
            Stack.product("metaflow-agent"), "replay", "--server", "127.0.0.1:\(stack.ingest)",
            "--times", "now", path,
          ], checked: false)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("sent      1 batches"), "\(result.errors)")
      }
    }
  }
}

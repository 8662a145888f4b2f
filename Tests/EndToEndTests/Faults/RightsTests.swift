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

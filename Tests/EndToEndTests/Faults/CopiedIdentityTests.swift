// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A machine image that was copied with the agent's spool in it.
@Suite(.serialized, .enabled(if: getuid() == 0, "the agent loads probes, which needs root"))
struct CopiedIdentityTests {
  /// Both agents watch this host, so every call has to be stored twice, and by two agents.
  @Test func bothAgentsOfOneIdentityAreStored() async throws {
    let stack = try await Stack.start()
    do {
      try await withServer("nginx", prepare: nginx) { port in
        let copy = stack.folder.appending(path: "copy")
        try FileManager.default.copyItem(at: stack.folder.appending(path: "spool"), to: copy)
        let second = try RunningProgram(
          Stack.product("metaflow-agent"),
          [
            "run", "--server", "127.0.0.1:\(stack.ingest)", "--spool-dir", copy.path, "--metrics",
            "127.0.0.1:\(try freePort())",
          ], in: stack.folder)
        _ = try await eventually("there are two agents; it said: \(second.output)") {
          let list = try await stack.get("/v1/agents")
          return list.components(separatedBy: "\"connected\":true").count == 3 ? true : nil
        }
        for round in 0..<10 {
          try run("curl", ["-sS"] + (0..<5).map { "http://127.0.0.1:\(port)/items/\(round)/\($0)" })
        }
        _ = try await eventually("100 calls are stored", within: .seconds(60)) {
          try await stack.storedCalls(port: port) >= 100 ? true : nil
        }
        #expect(try await stack.storedCalls(port: port) == 100)
        await second.stop()
      }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The server's disk fills up under it and has room again, on a stack of its own.
@Suite(.serialized, .enabled(if: getuid() == 0, "a small disk is mounted, which needs root"))
struct FullDiskTests {
  @Test func callsMadeWhileTheDiskIsFullAreStoredOnceWhenThereIsRoom() async throws {
    let disk = try temporaryFolder("disk")
    try run("mount", ["-t", "tmpfs", "-o", "size=128m", "tmpfs", disk.path])
    do {
      let stack = try await Stack.start(data: disk.appending(path: "server"))
      do {
        try await withServer("nginx", prepare: nginx) { port in
          try await fillAndFree(disk, stack, port)
        }
      } catch {
        await stack.stop()
        throw error
      }
      await stack.stop()
    } catch {
      _ = try? run("umount", [disk.path])
      throw error
    }
    try run("umount", [disk.path])
    try FileManager.default.removeItem(at: disk)
  }

  private func fillAndFree(_ disk: URL, _ stack: Stack, _ port: Int) async throws {
    func call(_ name: String, _ count: Int) throws {
      try run(
        "curl", ["-sS"] + (0..<count).map { "http://127.0.0.1:\(port)/items/\(name)/\($0)" })
    }
    try call("before", 20)
    _ = try await eventually("20 calls are stored") {
      try await stack.storedCalls(port: port) == 20 ? () : nil
    }
    let filler = disk.appending(path: "filler")
    // Takes every block that is left, and fails when there is none.
    let copied = try run(
      "dd", ["if=/dev/zero", "of=\(filler.path)", "bs=4k"], checked: false)
    #expect(copied.errors.contains("No space left"))
    let counted = "metaflow_stage_received_total{stage=\"uplink\"}"
    for round in 0..<10 {
      let before = try stack.agentMetric(counted)
      try call("during/\(round)", 20)
      // Each burst is a batch of its own, so that some of them meet the full disk.
      _ = try await eventually("the agent hands the burst on") {
        try stack.agentMetric(counted) > before ? () : nil
      }
    }
    _ = try await eventually("the full disk is met; the server said: \(stack.server.output)") {
      let isWhole = try await stack.get("/metrics").contains("metaflow_store_failures_total 0\n")
      let waiting = try stack.agentMetric("metaflow_agent_spool_batches") > 0
      return !isWhole || waiting ? () : nil
    }
    #expect(stack.server.isRunning, "\(stack.server.output)")
    #expect(stack.agent.isRunning, "\(stack.agent.output)")
    try FileManager.default.removeItem(at: filler)
    try call("after", 20)
    _ = try await eventually(
      "240 calls are stored; the server said: \(stack.server.output)", within: .seconds(180)
    ) {
      try await stack.storedCalls(port: port) >= 240 ? () : nil
    }
    #expect(try await stack.storedCalls(port: port) == 240)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// Capture files sent to a server.
  @Suite struct ReplayDelivery {
    private func capture(
      _ domain: String, count: Int = 10, network: [UInt8] = [10, 0, 0]
    ) -> CaptureBuilder {
      var capture = CaptureBuilder(network: network)
      for number in 0..<count {
        capture.lookUp(
          "n\(number).\(domain)", id: UInt16(truncatingIfNeeded: number),
          at: 1_600_000_000_000_000 + Int64(number) * 1_000, answeredAfter: 250)
      }
      return capture
    }

    private func replay(_ arguments: [String]) throws -> CommandResult {
      try run(Stack.product("metaflow-agent"), ["replay"] + arguments, checked: false)
    }

    private func stored(_ stack: Stack, _ domain: String) async throws -> [Row] {
      try await stack.query(
        "SELECT request_domain, start_time, response_duration, observation_point FROM l7_flow_log "
          + "WHERE request_domain LIKE '*.\(domain)' LIMIT 1000")
    }

    @Test func aShiftedCaptureIsStored() async throws {
      let stack = try Stack.running
      let begun = Int64(Date().timeIntervalSince1970 * 1e6)
      try capture("shifted.test").withFile { path in
        let result = try replay(["--server", "127.0.0.1:\(stack.ingest)", "--times", "now", path])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("sent      1 batches"), "\(result.errors)")
      }
      let rows = try await eventually("the replayed calls") {
        let rows = try await stored(stack, "shifted.test")
        return rows.count >= 10 ? rows : nil
      }
      #expect(rows.count == 10)
      #expect(rows.allSatisfy { $0["response_duration"] == "250" })
      #expect(rows.allSatisfy { $0["observation_point"] == "rest" })
      #expect(rows.allSatisfy { abs((Int64($0["start_time"] ?? "") ?? 0) - begun) < 60_000_000 })
    }

    /// What was captured on another host's loopback is not this host's, though an agent watches it.
    @Test func foreignLoopbackStaysForeign() async throws {
      let stack = try Stack.running
      try capture("loopback.test", network: [127, 0, 0]).withFile { path in
        let result = try replay(["--server", "127.0.0.1:\(stack.ingest)", "--times", "now", path])
        #expect(result.status == 0, "\(result.errors)")
      }
      let rows = try await eventually("the replayed calls") {
        let rows = try await stack.query(
          "SELECT host_0, host_1, gprocess_0, auto_instance_0, auto_instance_1 FROM l7_flow_log "
            + "WHERE request_domain LIKE '*.loopback.test' LIMIT 1000")
        return rows.count >= 10 ? rows : nil
      }
      for row in rows {
        #expect(row["host_0"] == "" && row["host_1"] == "" && row["gprocess_0"] == "")
        #expect(row["auto_instance_0"] == "127.0.0.1" && row["auto_instance_1"] == "127.0.0.2")
      }
    }

    /// The user hears of it before, and the server counts what it leaves out.
    @Test func whatIsTooOldIsSaidBeforehand() async throws {
      let stack = try Stack.running
      try capture("old.test").withFile { path in
        let result = try replay(["--server", "127.0.0.1:\(stack.ingest)", path])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("10 of 10 calls"), "\(result.errors)")
        #expect(result.errors.contains("time_out_of_range"))
      }
      _ = try await eventually("the ledger has what was too old") {
        let text = try await stack.get("/metrics")
        let found = text.split(separator: "\n").first {
          $0.contains("stage=\"ingest\"") && $0.contains("reason=\"time_out_of_range\"")
        }
        return found.flatMap { Int($0.split(separator: " ").last ?? "") ?? 0 >= 10 ? true : nil }
      }
      #expect(try await stored(stack, "old.test").isEmpty)
    }

    /// Interrupted while the server is away, the delivery goes on later and nothing is there twice.
    @Test func anInterruptedDeliveryGoesOn() async throws {
      let stack = try Stack.running
      let folder = try temporaryFolder("replay")
      defer { try? FileManager.default.removeItem(at: folder) }
      let file = folder.appending(path: "capture.pcap")
      try Data(capture("resumed.test").bytes()).write(to: file)
      let nobody = try freePort()
      let program = try RunningProgram(
        Stack.product("metaflow-agent"),
        ["replay", "--server", "127.0.0.1:\(nobody)", "--times", "now", file.path], in: folder)
      _ = try await eventually("the files are read; it said: \(program.output)") {
        program.output.contains("No connection to the server") ? true : nil
      }
      await program.stop(SIGINT)
      #expect(program.status == 75)
      let spool = try #require(program.output.split(separator: " ").last.map(String.init))
        .trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(FileManager.default.fileExists(atPath: spool + "/identity"))
      let result = try replay(["--server", "127.0.0.1:\(stack.ingest)", "--resume", spool])
      #expect(result.status == 0, "\(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: spool))
      let rows = try await eventually("the resumed calls") {
        let rows = try await stored(stack, "resumed.test")
        return rows.count >= 10 ? rows : nil
      }
      #expect(rows.count == 10)
    }
  }
}

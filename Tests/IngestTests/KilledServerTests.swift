// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Glibc
import Storage
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

/// A server that really dies: another process of this test program, ended with SIGKILL under load.
@Suite(.serialized) struct KilledServerTests {
  private static let variable = "METAFLOW_TEST_SERVER_DIRECTORY"

  private static func configuration(_ directory: String) -> IngestConfiguration {
    var configuration = IngestConfiguration(journalDirectory: directory + "/journal")
    configuration.journal.segmentMilliseconds = 30
    configuration.journal.groupMilliseconds = 1
    return configuration
  }

  /// The engine of a server that was killed may take a moment to end as well.
  private static func engine(_ directory: String) async throws -> EmbeddedEngine {
    for _ in 0..<200 {
      do throws(StorageError) {
        return try await EmbeddedEngine.start(
          directory: directory + "/engine", installation: try .find(),
          settings: .init(memory: 1 << 30), logger: quietLogger)
      } catch {
        guard case .directoryInUse = error else { throw error }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    throw StorageError.unavailable("the engine of the killed server does not end")
  }

  /// Not a test by itself: what the other process runs, until it is killed.
  @Test func serverInAnotherProcess() async throws {
    guard let directory = ProcessInfo.processInfo.environment[Self.variable] else { return }
    let engine = try await Self.engine(directory)
    try await engine.migrate(TableDeclaration.stored)
    let catalog = try Catalog(path: directory + "/catalog.sqlite")
    try await withIngest(Self.configuration(directory), catalog: catalog, storage: engine) {
      _, port in
      try "\(port)".write(toFile: directory + "/port", atomically: true, encoding: .utf8)
      try await Task.sleep(for: .seconds(600))
    }
  }

  private func start(_ directory: String) throws -> Process {
    try? FileManager.default.removeItem(atPath: directory + "/port")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "--testing-library", "swift-testing", "--filter", "serverInAnotherProcess",
    ]
    var environment = ProcessInfo.processInfo.environment
    environment[Self.variable] = directory
    process.environment = environment
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func port(_ directory: String) async -> Int? {
    _ = await eventually(within: .seconds(60)) {
      FileManager.default.fileExists(atPath: directory + "/port")
    }
    return (try? String(contentsOfFile: directory + "/port", encoding: .utf8)).flatMap { Int($0) }
  }

  @Test func nothingAcknowledgedIsLostAndNothingCountedTwice() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    try await withDirectory { directory in
      var acknowledged: UInt64 = 0
      var sent: UInt64 = 0
      for _ in 0..<4 {
        let server = try start(directory)
        defer { kill(server.processIdentifier, SIGKILL) }
        let port = try #require(await port(directory), "seed \(seed)")
        let client = try AgentClient(port: port)
        let known = try client.greet().lastSequence
        #expect(known >= acknowledged && known <= sent, "seed \(seed)")
        // As an agent does, everything behind what the server knows is sent again.
        let goal = known + 20 + generator.next() % 60
        for sequence in (known + 1)...(goal + 10) {
          try client.send(.batch(sequence: sequence, sampleBatch(40, sequence: sequence)))
          sent = max(sent, sequence)
        }
        try client.waitForAck(goal)
        acknowledged = goal
        kill(server.processIdentifier, SIGKILL)
        server.waitUntilExit()
      }
      try await finish(directory, acknowledged, sent, seed)
    }
  }

  /// Lets a last server store what is left, and counts.
  private func finish(
    _ directory: String, _ acknowledged: UInt64, _ sent: UInt64, _ seed: UInt64
  ) async throws {
    let engine = try await Self.engine(directory)
    do {
      let catalog = try Catalog(path: directory + "/catalog.sqlite")
      try await withIngest(
        Self.configuration(directory), catalog: catalog, storage: engine
      ) { ingest, _ in
        #expect(await eventually { ingest.statistics.sealedBytes == 0 })
      }
      let calls = "FROM flow_log.l7_flow_log"
      let rows = try await number(engine, "SELECT count() \(calls)")
      let distinct = try await number(engine, "SELECT uniqExact(flow_id) \(calls)")
      #expect(rows == distinct, "seed \(seed)")
      #expect(rows >= Int(acknowledged) * 40 && rows <= Int(sent) * 40, "seed \(seed)")
      #expect(rows % 40 == 0, "seed \(seed)")
      let requests = try await number(
        engine, "SELECT sum(request) FROM flow_metrics.`application_map.1s`")
      #expect(requests == rows, "seed \(seed)")
    } catch {
      await engine.close()
      throw error
    }
    await engine.close()
  }
}

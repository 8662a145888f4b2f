// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Storage
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

/// What a connection may and may not do. The store is of no matter here.
@Suite(.serialized) struct ListenerTests {
  private func run(
    _ change: (inout IngestConfiguration) -> Void = { _ in },
    store: TroubledStore = TroubledStore([]),
    _ body: (Ingest, Int) async throws -> Void
  ) async throws {
    try await withDirectory { path in
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 20
      configuration.journal.groupMilliseconds = 0
      configuration.drainSeconds = 0.1
      change(&configuration)
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      try await withIngest(configuration, catalog: catalog, storage: store, body)
    }
  }

  /// Frames that are no frames. Whoever sends one is told and cut off; nobody else notices.
  @Test(
    arguments: [
      Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), [0, 0, 0, 0, 0, 0, 0, 0],
      [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f, 1, 1, 0, 0],
      [8, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0, 0], [8, 0, 0, 0, 1, 1, 9, 0, 0, 0, 0, 0],
      [5, 0, 0, 0, 1, 1, 0, 0, 1], [6, 0, 0, 0, 3, 1, 1, 0, 1, 2],
    ] as [[UInt8]])
  func malformedFrame(bytes: [UInt8]) async throws {
    try await run { ingest, port in
      let good = try AgentClient(port: port)
      _ = try good.greet()
      let bad = try AgentClient(port: port)
      try bad.send(bytes)
      guard case .reject(let reject) = try bad.receive() else {
        Issue.record("no reject")
        return
      }
      #expect(!reject.text.isEmpty)
      #expect(throws: AgentClient.Closed.self) { _ = try bad.receive() }
      #expect(ingest.statistics.malformedFrames == 1)
      try good.send(.batch(sequence: 1, sampleBatch(3)))
      try good.waitForAck(1)
    }
  }

  /// A batch whose envelope is sound and whose content is not: refused by number, not acknowledged.
  @Test func malformedBatchIsRefusedByItsSequence() async throws {
    try await run { ingest, port in
      let client = try AgentClient(port: port)
      _ = try client.greet()
      var bytes = try encoded(.batch(sequence: 9, sampleBatch(50)))
      for index in 30..<60 { bytes[index] = 0xff }
      try client.send(bytes)
      guard case .reject(let reject) = try client.receive() else {
        Issue.record("no reject")
        return
      }
      #expect(reject.sequence == 9)
      #expect(reject.code == .malformed)
      #expect(ingest.journal.mark(of: 1) == AgentMark())
    }
  }

  @Test func newConnectionOfAnAgentReplacesTheOld() async throws {
    try await run { _, port in
      let first = try AgentClient(port: port)
      _ = try first.greet()
      let second = try AgentClient(port: port)
      #expect(try second.greet().agentID == 1)
      #expect(throws: AgentClient.Closed.self) { _ = try first.receive() }
    }
  }

  @Test func connectionsAreBounded() async throws {
    try await run({ $0.maximumConnections = 2 }) { ingest, port in
      let one = try AgentClient(port: port)
      let two = try AgentClient(port: port)
      _ = try one.greet(1)
      _ = try two.greet(2)
      let three = try AgentClient(port: port)
      guard case .reject(let reject) = try three.receive() else {
        Issue.record("no reject")
        return
      }
      #expect(reject.text.contains("limit"))
      #expect(ingest.statistics.refusedConnections == 1)
      #expect(ingest.statistics.connections == 2)
      #expect(ingest.connectedAgents == [1, 2])
    }
  }

  /// Hellos alone use up no numbers: who stores nothing is forgotten when it goes.
  @Test func numbersAreForAgentsThatStoreSomething() async throws {
    try await run { ingest, port in
      let first = try AgentClient(port: port)
      #expect(try first.greet(1).agentID == 1)
      try first.send(.batch(sequence: 1, sampleBatch(3)))
      try first.waitForAck(1)
      for instance in 2...30 as ClosedRange<UInt64> {
        let passing = try AgentClient(port: port)
        #expect(try passing.greet(instance).accepted)
      }
      #expect(await eventually { ingest.statistics.connections == 1 })
      let second = try AgentClient(port: port)
      #expect(try second.greet(99).agentID == 2)
      try second.send(.batch(sequence: 1, sampleBatch(3)))
      try second.waitForAck(1)
      #expect(try AgentClient(port: port).greet(1).lastSequence == 1)
    }
  }

  @Test func aStrangersFrameIsRefusedBeforeItIsHeld() async throws {
    try await run { _, port in
      let client = try AgentClient(port: port)
      // A batch of 8 MiB is announced, and a byte of it sent.
      try client.send([0x00, 0x00, 0x80, 0x00, 3, 1, 0, 0, 1])
      guard case .reject(let reject) = try client.receive() else {
        Issue.record("no reject")
        return
      }
      #expect(reject.text.contains("64 KiB"))
    }
  }

  /// Connections that begin large frames and do not end them keep nobody out for long.
  @Test func unfinishedFramesDoNotKeepOthersOut() async throws {
    try await run({
      $0.frameBytes = 2 << 20
      $0.frameMilliseconds = 50
    }) { ingest, port in
      var stalled: [AgentClient] = []
      for instance in 10...14 as ClosedRange<UInt64> {
        let client = try AgentClient(port: port)
        _ = try client.greet(instance)
        try client.send([0x00, 0x00, 0x10, 0x00, 3, 1, 1, 0] + Array(repeating: 7, count: 1_000))
        stalled.append(client)
      }
      let client = try AgentClient(port: port)
      _ = try client.greet(1)
      var large = sampleBatch(3)
      var random = SeededGenerator(seed: 7)
      large.text += (0..<1_500_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try client.send(.batch(sequence: 1, large))
      try client.waitForAck(1)
      #expect(ingest.statistics.slowFrames > 0)
      _ = consume stalled
    }
  }

  /// Two agents with copies of one spool directory: neither's batches are taken for the other's.
  @Test func agentsWithOneIdentityAreTold() async throws {
    try await run { ingest, port in
      let first = try AgentClient(port: port)
      _ = try first.greet()
      try first.send(.batch(sequence: 1, sampleBatch(3, sequence: 1)))
      try first.waitForAck(1)
      let copy = try AgentClient(port: port)
      let answer = try copy.greet()
      #expect(answer.lastSequence == 1 && answer.lastChecksum != nil)
      try copy.send(.batch(sequence: 1, sampleBatch(5, sequence: 77)))
      guard case .reject(let reject) = try copy.receive() else {
        Issue.record("no reject")
        return
      }
      #expect(reject.code == .identityInUse && reject.sequence == 0)
      #expect(ingest.statistics.sharedIdentities == 1)
    }
  }

  @Test func silentConnectionIsClosed() async throws {
    try await run({ $0.helloSeconds = 0 }) { _, port in
      let client = try AgentClient(port: port)
      #expect(throws: AgentClient.Closed.self) { _ = try client.receive() }
    }
  }

  /// The store is away and the journal is full: agents are not read from, nothing is lost.
  @Test func agentsWaitWhileTheStoreIsAway() async throws {
    let store = TroubledStore(Array(repeating: .unavailable("away"), count: 4))
    try await run({ $0.journal.storedBytes = 20_000 }, store: store) { ingest, port in
      let client = try AgentClient(port: port)
      _ = try client.greet()
      for sequence in 1...40 as ClosedRange<UInt64> {
        try client.send(.batch(sequence: sequence, sampleBatch(200, sequence: sequence)))
      }
      try client.waitForAck(40)
      #expect(await eventually { ingest.statistics.store.passed == 40 * 204 })
      #expect(ingest.statistics.storeFailures == 4)
    }
  }

  @Test func portInUseIsAClearError() async throws {
    try await run { ingest, port in
      try await withDirectory { path in
        var configuration = IngestConfiguration(journalDirectory: path + "/journal")
        configuration.port = port
        let second = try Ingest(
          configuration, catalog: try Catalog(path: path + "/catalog.sqlite"),
          storage: TroubledStore([]), logger: quietLogger
        ) { testTime }
        let error = await #expect(throws: IngestError.self) { try await second.run() }
        #expect("\(try #require(error))".contains("in use"))
      }
    }
  }
}

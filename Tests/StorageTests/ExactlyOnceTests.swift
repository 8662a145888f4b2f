// SPDX-License-Identifier: Apache-2.0

import Glibc
import Storage
import Telemetry
import TestSupport
import Testing

/// What was acknowledged is there once, whatever dies.
@Suite struct ExactlyOnceTests {
  @Test func repeatedInsertIsStoredOnce() async throws {
    let scratch = ScratchDirectory()
    try await withEngine(in: scratch.path) { engine in
      try await engine.migrate([counters])
      for _ in 0..<3 { try await engine.insert(counterRows(100), token: "first") }
      try await engine.insert(counterRows(100, from: 100), token: "second")
      #expect(try await engine.counted() == [.uint(200), .uint(19_900), .uint(200)])
    }
    // Tokens are remembered on disk.
    try await withEngine(in: scratch.path) { engine in
      try await engine.insert(counterRows(100), token: "first")
      #expect(try await engine.counted() == [.uint(200), .uint(19_900), .uint(200)])
    }
  }

  /// The same rows under two tokens are two batches: agents may well see the same thing twice.
  @Test func equalRowsOfTwoBatchesAreBothStored() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      for token in ["a", "b"] { try await engine.insert(counterRows(10), token: token) }
      #expect(try await engine.counted() == [.uint(20), .uint(90), .uint(10)])
    }
  }

  /// Rows of several partitions are several parts, of which a crash can leave some: the repeated
  /// insert must add the others only.
  @Test func repeatedInsertOverSeveralPartitionsIsStoredOnce() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      var batch = ColumnBatch(counters)
      for number in 0..<50 {
        batch.append(UInt32(1_790_000_000 + number % 5 * 3_600), to: 0)
        batch.append(UInt64(number), to: 1)
        batch.append("", to: 2)
      }
      for _ in 0..<2 { try await engine.insert(batch, token: "wide") }
      #expect(try await engine.counted() == [.uint(50), .uint(1_225), .uint(50)])
      #expect(try await engine.partitions().count == 5)
    }
  }

  /// The engine is killed again and again while batches go in. Each insert that returned must be
  /// there, and none twice, although those that met a kill were sent again.
  @Test func killedEngineLosesNothingAndStoresNothingTwice() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      let batches = 120
      let size = 2_000
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for number in 0..<batches {
            try await engine.insert(
              counterRows(size, from: number * size), token: "batch \(number)")
          }
        }
        group.addTask {
          var killed: Set<Int32> = []
          while killed.count < 3 {
            if let processID = await engine.processID, !killed.contains(processID) {
              // Between two kills some inserts must have a chance.
              try await Task.sleep(for: .milliseconds(150))
              kill(processID, SIGKILL)
              killed.insert(processID)
            }
            try await Task.sleep(for: .milliseconds(5))
          }
        }
        try await group.waitForAll()
      }
      #expect(await engine.restarts >= 1)
      let rows = UInt64(batches * size)
      let isAnswering = await eventually { (try? await engine.counted()) != nil }
      #expect(isAnswering)
      #expect(
        try await engine.counted() == [.uint(rows), .uint(rows * (rows - 1) / 2), .uint(rows)])
    }
  }

  @Test func stoppedEngineKeepsItsRows() async throws {
    let scratch = ScratchDirectory()
    try await withEngine(in: scratch.path) { engine in
      try await engine.migrate([counters])
      try await engine.insert(counterRows(1_000), token: "a")
    }
    try await withEngine(in: scratch.path) { engine in
      let counted = try await engine.counted()
      #expect(counted == [.uint(1_000), .uint(499_500), .uint(1_000)])
    }
  }
}

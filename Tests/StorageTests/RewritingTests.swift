// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Telemetry
import TestSupport
import Testing

@testable import Storage

/// A table whose declared order has changed is rewritten while it is used.
@Suite(.serialized) struct RewritingTests {
  /// ``counters`` in another order, with a column more.
  private static let sorted: TableDeclaration = {
    var table = counters
    table.version = 2
    table.orderBy = ["number", "time"]
    table.spanSeconds = 300
    table.columns.append(.init("team", .uint16, initial: 1, about: ""))
    return table
  }()

  private static let hour: UInt32 = 1_790_000_000

  /// Rows in the new form, in one of four hours.
  private static func rows(_ count: Int, from first: Int) -> ColumnBatch {
    var batch = ColumnBatch(sorted)
    for number in first..<first + count {
      batch.append(hour + UInt32(number % 4) * 3_600 + UInt32(number % 3_000) % 900, to: 0)
      batch.append(UInt64(number), to: 1)
      batch.append("row \(number)", to: 2)
      batch.append(1 as UInt16, to: 3)
    }
    return batch
  }

  private static func tables(_ engine: EmbeddedEngine) async throws -> [[Value]] {
    try await engine.query(
      "SELECT name, sorting_key FROM system.tables WHERE database = 'flow_test' ORDER BY name",
      limits: .init()
    ).table.rows
  }

  private static let wanted: [[Value]] = [
    [.string("counters"), .string("toStartOfInterval(time, toIntervalSecond(300)), number, time")]
  ]

  /// What is left when `count` rows with numbers from 0 are there once each.
  private static func once(_ count: Int) -> [Value] {
    [.uint(UInt64(count)), .uint(UInt64(count * (count - 1) / 2)), .uint(UInt64(count))]
  }

  private static func fill(_ engine: EmbeddedEngine, batches: Int) async throws {
    try await engine.migrate([counters])
    for batch in 0..<batches {
      try await engine.insert(
        counterRows(500, from: batch * 500, time: hour + UInt32(batch % 5) * 3_600),
        token: "old \(batch)")
    }
    try await engine.migrate([sorted])
  }

  @Test func changedOrderIsNoticedAndRowsAreKeptOnce() async throws {
    try await withEngine { engine in
      try await Self.fill(engine, batches: 10)
      #expect(try await engine.counted() == Self.once(5_000))
      try await engine.rewrite([Self.sorted], openSeconds: 0)
      #expect(try await engine.counted() == Self.once(5_000))
      #expect(try await Self.tables(engine) == Self.wanted)
      #expect(await engine.rewrites() == [])
      // What came before the change is known after it, and new rows go in.
      try await engine.insert(
        counterRows(500, from: 4_500, time: Self.hour + 4 * 3_600), token: "old 9")
      try await engine.insert(Self.rows(500, from: 5_000), token: "new")
      #expect(try await engine.counted() == Self.once(5_500))
      let teams = try await engine.query(
        "SELECT DISTINCT team FROM flow_test.counters", limits: .init())
      #expect(teams.table.rows == [[.uint(1)]])
      // There is nothing left to do.
      try await engine.rewrite([Self.sorted], openSeconds: 0)
      #expect(try await Self.tables(engine) == Self.wanted)
    }
  }

  /// Inserts go on, each of them twice, and whoever asks meanwhile sees every row once.
  @Test(arguments: [0, 60])
  func answersAreWholeWhileRowsComeIn(openSeconds: Int) async throws {
    try await withEngine { engine in
      try await Self.fill(engine, batches: 10)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await engine.rewrite([Self.sorted], openSeconds: openSeconds) }
        group.addTask {
          for batch in 0..<40 {
            for _ in 0..<2 {
              try await engine.insert(
                Self.rows(100, from: 5_000 + batch * 100), token: "new \(batch)")
            }
            let counted = try await engine.counted()
            #expect(counted == Self.once(5_100 + batch * 100), "after batch \(batch)")
          }
        }
        try await group.waitForAll()
      }
      #expect(try await engine.counted() == Self.once(9_000))
      #expect(try await Self.tables(engine) == Self.wanted)
    }
  }

  /// The engine is killed again and again, with rows coming in.
  @Test func killedEngineLosesNothingAndCountsNothingTwice() async throws {
    var random = SystemRandomNumberGenerator()
    let seed = random.next()
    try await withEngine { engine in
      try await Self.fill(engine, batches: 40)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          while await (try? engine.rewrite([Self.sorted], openSeconds: 0)) == nil {
            try await Task.sleep(for: .milliseconds(20))
          }
        }
        group.addTask {
          for batch in 0..<60 {
            // Kills that come one after another may outlast an insert's patience.
            try await eventually("batch \(batch) is stored") {
              try? await engine.insert(
                Self.rows(50, from: 20_000 + batch * 50), token: "new \(batch)")
            }
          }
        }
        group.addTask {
          var generator = SeededGenerator(seed: seed)
          var killed: Set<Int32> = []
          while killed.count < 5 {
            if let processID = await engine.processID, !killed.contains(processID) {
              try await Task.sleep(for: .milliseconds(Int(generator.next() % 400)))
              kill(processID, SIGKILL)
              killed.insert(processID)
            }
            try await Task.sleep(for: .milliseconds(5))
          }
        }
        try await group.waitForAll()
      }
      // Whichever kill came last, one more round has nothing or everything to do.
      try await eventually("the rewriting comes to its end") {
        try? await engine.rewrite([Self.sorted], openSeconds: 0)
      }
      #expect(try await engine.counted() == Self.once(23_000), "seed \(seed)")
      #expect(try await Self.tables(engine) == Self.wanted, "seed \(seed)")
      for batch in 0..<40 {
        try await engine.insert(
          counterRows(500, from: batch * 500, time: Self.hour + UInt32(batch % 5) * 3_600),
          token: "old \(batch)")
      }
      #expect(try await engine.counted() == Self.once(23_000), "seed \(seed)")
    }
  }

  @Test func rememberedInsertsAreOfNoPartOfTheNewTable() {
    #expect(
      InsertMemory.moved("1\t1790000400_5_7_2\t1790000400_42_35")
        == "1\t1790000400_999999999_999999999_0\t1790000400_42_35")
    #expect(
      InsertMemory.moved("2\tall_0_0_0\tall_42_35") == "2\tall_999999999_999999999_0\tall_42_35")
  }

  /// One partition was copied whole, one in part, and one is gone by now.
  @Test func aServerGoesOnWhereAnotherEnded() async throws {
    let scratch = ScratchDirectory()
    try await withEngine(in: scratch.path) { engine in
      try await Self.fill(engine, batches: 10)
      let connection = try await engine.connection
      #expect(try await connection.needsRewriting(Self.sorted))
      let parts = try await connection.states(of: Self.sorted, openSeconds: 0).map(\.state.id)
      let next = Self.sorted.rewritten
      try await connection.copy(
        from: Self.sorted, to: next, where: "_partition_id IN ('\(parts[0])', '\(parts[1])')")
      try await connection.copy(
        from: Self.sorted, to: next, where: "_partition_id = '\(parts[2])' AND number % 3 = 0")
      try await connection.drop(partition: parts[1], of: Self.sorted)
    }
    try await withEngine(in: scratch.path) { engine in
      try await engine.migrate([Self.sorted])
      try await engine.rewrite([Self.sorted], openSeconds: 0)
      #expect(try await engine.counted()[0] == .uint(4_000))
      #expect(try await engine.counted()[2] == .uint(4_000))
      #expect(try await Self.tables(engine) == Self.wanted)
    }
  }

  /// The old rows are still there under the other name.
  @Test func whatAnExchangeLeftBehindIsRemoved() async throws {
    try await withEngine { engine in
      try await engine.migrate([Self.sorted])
      try await engine.insert(Self.rows(100, from: 0), token: "a")
      var old = counters
      old.name = Self.sorted.rewritten.name
      try await engine.migrate([old])
      try await engine.rewrite([Self.sorted])
      #expect(try await Self.tables(engine) == Self.wanted)
      #expect(try await engine.counted() == Self.once(100))
    }
  }
}

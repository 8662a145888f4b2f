// SPDX-License-Identifier: Apache-2.0

import Storage
import TestSupport
import Testing

/// Queries beside inserts: what they may take, and that they end when nobody waits for them.
@Suite(.serialized) struct QueryLoadTests {
  /// Ten minutes of sleep in the engine, in steps that it can be stopped between.
  private static let slow =
    "SELECT sum(sleepEachRow(0.2)) FROM numbers(3000) SETTINGS max_block_size = 1"

  private static func running(_ engine: EmbeddedEngine) async throws -> UInt64 {
    let rows = try await engine.query(
      "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sum(sleepEachRow%'",
      limits: QueryLimits()
    ).table.rows
    if case .uint(let count) = rows[0][0] { return count }
    return 0
  }

  @Test func aCancelledQueryStopsInTheEngine() async throws {
    try await withEngine { engine in
      let query = Task { try await engine.query(Self.slow, limits: QueryLimits(seconds: 600)) }
      _ = try await eventually("it runs") { try await Self.running(engine) == 1 ? true : nil }
      query.cancel()
      _ = await query.result
      _ = try await eventually("it has stopped") {
        try await Self.running(engine) == 0 ? true : nil
      }
    }
  }

  /// More queries than there are connections for them do not keep an insert waiting for one.
  @Test func insertsGoOnBesideManyQueries() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      let queries = (0..<60).map { _ in
        Task { try await engine.query(Self.slow, limits: QueryLimits(seconds: 600)) }
      }
      // Those that run: the others wait for a connection of the queries' own.
      _ = try await eventually("many run") {
        let answer = try? await engine.partitions()
        return answer == nil ? nil : true
      }
      for number in 0..<5 {
        try await engine.insert(counterRows(100, from: number * 100), token: "\(number)")
      }
      let stored = try await engine.partitions().reduce(0) { $0 + $1.rows }
      #expect(stored == 500)
      for query in queries { query.cancel() }
      for query in queries { _ = await query.result }
    }
  }

  /// A query may not have what inserts and merges need.
  @Test func aQueryHasAShareOfTheMemory() async throws {
    try await withEngine(settings: .init(memory: 512 << 20)) { engine in
      await #expect(throws: StorageError.self) {
        // More than a gigabyte of numbers to keep apart, however few threads do it.
        _ = try await engine.query(
          "SELECT uniqExact(number) FROM numbers(60000000) SETTINGS max_bytes_before_external_group_by = 0",
          limits: QueryLimits(memory: 4 << 30))
      }
      try await engine.migrate([counters])
      try await engine.insert(counterRows(100), token: "after")
    }
  }

  /// The bytes of an answer are taken as they come, not when it is there.
  @Test func anAnswerOverTheBudgetIsRefused() async throws {
    try await withEngine { engine in
      var limits = QueryLimits(rows: 1_000_000)
      let budget = AnswerBudget(bytes: 1 << 20)
      limits.share = AnswerShare(of: budget)
      do throws(StorageError) {
        _ = try await engine.query("SELECT number FROM numbers(500000)", limits: limits)
        Issue.record("4 MB were taken in")
      } catch {
        guard case .overloaded = error else {
          Issue.record("\(error)")
          return
        }
      }
      limits.share = AnswerShare(of: budget)
      let small = try await engine.query("SELECT number FROM numbers(1000)", limits: limits)
      #expect(small.table.rows.count == 1_000)
      // 300 kB of answer, but 300,000 values.
      limits.share = AnswerShare(of: budget)
      await #expect(throws: StorageError.self) {
        _ = try await engine.query(
          "SELECT toUInt8(1), toUInt8(2), toUInt8(3) FROM numbers(100000)", limits: limits)
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Telemetry
import TestSupport
import Testing

/// What goes wrong is said, and what was stored before stays.
@Suite struct FaultTests {
  @Test func wrongStatementIsRefusedWithCodeAndWords() async throws {
    try await withEngine { engine in
      do {
        _ = try await engine.query("SELECT nonsense FROM system.one", limits: .init())
        Issue.record("the query succeeded")
      } catch let error as StorageError {
        guard case .refused(let code, let message) = error else { throw error }
        #expect(code == 47)
        #expect(message.contains("nonsense"))
        #expect(!message.contains("DB::Exception"))
      }
    }
  }

  @Test func queriesCannotWrite() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      for statement in [
        "DROP TABLE flow_test.counters", "INSERT INTO flow_test.counters VALUES (1, 1, '')",
        "CREATE TABLE flow_test.more (a UInt8) ENGINE = Memory", "SET readonly = 0",
      ] {
        await #expect(throws: StorageError.self) {
          try await engine.query(statement, limits: .init())
        }
      }
      #expect(try await engine.counted()[0] == .uint(0))
    }
  }

  @Test func limitsOfAQueryAreKept() async throws {
    try await withEngine { engine in
      let numbers = "SELECT number FROM system.numbers LIMIT 1000000000"
      for limits in [
        QueryLimits(rows: 1_000), QueryLimits(rows: 1_000_000_000, bytes: 1_000_000),
      ] {
        do {
          _ = try await engine.query(numbers, limits: limits)
          Issue.record("the query succeeded")
        } catch let error as StorageError {
          guard case .tooLarge = error else {
            Issue.record("\(limits): \(error)")
            continue
          }
        }
      }
      do {
        _ = try await engine.query(
          "SELECT count() FROM system.numbers WHERE NOT ignore(SHA256(toString(number)))",
          limits: QueryLimits(seconds: 1))
        Issue.record("the query succeeded")
      } catch let error as StorageError {
        guard case .timedOut = error else { throw error }
      }
      do {
        _ = try await engine.query(
          "SELECT uniqExact(number) FROM numbers(100000000)",
          limits: QueryLimits(memory: 64 << 20))
        Issue.record("the query succeeded")
      } catch let error as StorageError {
        guard case .outOfMemory = error else { throw error }
      }
      let answer = try await engine.query("SELECT 1", limits: .init())
      #expect(answer.table.rows == [[.uint(1)]])
    }
  }

  /// An error after the first rows must not pass for an answer.
  @Test func errorInTheMiddleOfAnAnswerIsAnError() async throws {
    try await withEngine { engine in
      await #expect(throws: StorageError.self) {
        try await engine.query(
          "SELECT throwIf(number = 2000000) FROM numbers(3000000)",
          limits: QueryLimits(rows: 10_000_000))
      }
    }
  }

  /// A condition on the sort key that leaves a gap, and one on a column with a `set` index.
  @Test func gapsInTheSortKeyDoNotConfuseAnIndex() async throws {
    try await withEngine { engine in
      let table = TableDeclaration(
        database: "flow_test", name: "kinds",
        columns: [
          .init("time", .dateTime, codec: .doubleDelta, about: ""),
          .init("kind", .uint32, index: .set, about: ""),
        ],
        orderBy: ["time"], partitionSeconds: 86_400, retentionHours: 1_000_000, about: "")
      try await engine.migrate([table])
      var batch = ColumnBatch(table)
      for number in 0..<24_000 as Range<UInt32> {
        batch.append(1_790_000_000 + number, to: 0)
        batch.append(number % 5, to: 1)
      }
      try await engine.insert(batch, token: "1")
      let answer = try await engine.query(
        "SELECT count() FROM flow_test.kinds WHERE kind = 0 "
          + "AND (time = 1790000005 OR time = 1790020000)", limits: .init())
      #expect(answer.table.rows == [[.uint(2)]])
    }
  }

  @Test func answersOfManyTypesAreRead() async throws {
    try await withEngine { engine in
      let answer = try await engine.query(
        """
        SELECT toUInt64(18446744073709551615), toInt64(-9223372036854775808), 0.5, NULL, 'é',
          [1, 2], ('a', 1), map('k', 2), toDate('2026-11-23'), toDate32('1969-12-31'),
          toIPv4('10.0.0.1'), toIPv6('2001:db8::1'),
          toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'),
          CAST('it''s, (b)', 'Enum8(\\'a\\' = -1, \\'it\\\\\\'s, (b)\\' = 2)'),
          toInt128('-170141183460469231731687303715884105728'), true, toFixedString('ab', 2),
          toLowCardinality('low'), CAST(NULL, 'Nullable(UInt8)'), nan
        """, limits: .init())
      let values = try #require(answer.table.rows.first)
      #expect(
        values.dropLast() == [
          .uint(.max), .int(.min), .double(0.5), .null, .string("é"),
          .array([.uint(1), .uint(2)]), .array([.string("a"), .uint(1)]),
          .array([.array([.string("k"), .uint(2)])]), .string("2026-11-23"),
          .string("1969-12-31"), .string("10.0.0.1"), .string("2001:db8::1"),
          .string("61f0c404-5cb3-11e7-907b-a6006ad3dba0"), .string("it's, (b)"),
          .string("-170141183460469231731687303715884105728"), .uint(1), .string("ab"),
          .string("low"), .null,
        ])
      let json = try await engine.fetch("SELECT 1 AS a", format: "JSONCompact", limits: .init())
      #expect(String(decoding: json, as: UTF8.self).contains("\"data\""))
    }
  }

  /// A query sees whole batches while others go in.
  @Test func queriesRunWhileRowsGoIn() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<3 {
          group.addTask {
            for round in 0..<10 {
              let number = writer * 10 + round
              try await engine.insert(
                counterRows(1_000, from: number * 1_000), token: "\(number)")
            }
          }
        }
        group.addTask {
          var seen: UInt64 = 0
          while seen < 30_000 {
            guard case .uint(let rows) = try await engine.counted()[0] else { return }
            #expect(rows >= seen)
            #expect(rows % 1_000 == 0)
            seen = rows
          }
        }
        try await group.waitForAll()
      }
    }
  }

  /// A disk of 64 MB, filled up. Mounting it takes root, as the kernel tests do.
  @Test func fullDiskIsNamedAndKeepsWhatWasStored() async throws {
    let scratch = ScratchDirectory()
    try FileManager.default.createDirectory(
      atPath: scratch.path, withIntermediateDirectories: true)
    try run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", scratch.path)
    defer { try? run("umount", "-l", scratch.path) }
    var stored = 0
    try await withEngine(in: scratch.path) { engine in
      try await engine.migrate([counters])
      var failure: StorageError?
      // Does not compress: the engine packs at most 1 MiB at once, so it meets no byte twice.
      var random = SystemRandomNumberGenerator()
      let noise = (0..<1 << 20).map { _ in UInt8.random(in: 0...255, using: &random) }
      while failure == nil, stored < 100 {
        var batch = ColumnBatch(counters)
        for number in 0..<1_000 {
          batch.append(1_790_000_000 as UInt32, to: 0)
          batch.append(UInt64(stored * 1_000 + number), to: 1)
          batch.append(noise[number * 1_024..<(number + 1) * 1_024], to: 2)
        }
        do throws(StorageError) {
          try await engine.insert(batch, token: "\(stored)")
          stored += 1
        } catch {
          failure = error
        }
      }
      guard case .diskFull = failure else {
        Issue.record("not a full disk after \(stored) blocks: \(String(describing: failure))")
        return
      }
      #expect(stored > 10)
      let count = UInt64(stored) * 1_000
      #expect(try await engine.counted()[0] == .uint(count))
      #expect(try await engine.counted()[2] == .uint(count))
      // Once there is room, it goes on.
      for partition in try await engine.partitions() { try await engine.drop(partition) }
      let goesOn = await eventually {
        (try? await engine.insert(counterRows(10), token: "after")) != nil
      }
      #expect(goesOn)
      #expect(try await engine.counted()[0] == .uint(10))
    }
  }

  private func run(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(arguments)")
  }
}

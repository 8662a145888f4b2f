// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TestSupport
import Testing

@testable import Storage

/// What light traffic costs the engine beside rows that are there already.
@Suite struct MergeTests {
  private func event(_ engine: EmbeddedEngine, _ name: String) async throws -> UInt64 {
    let answer = try await engine.query(
      "SELECT value FROM system.events WHERE event = \(literal(name))", limits: .init())
    guard case .uint(let value)? = answer.table.rows.first?.first else { return 0 }
    return value
  }

  private func parts(_ engine: EmbeddedEngine) async throws -> [Value] {
    try await engine.query(
      "SELECT rows FROM system.parts WHERE active AND table = 'counters' ORDER BY rows DESC",
      limits: .init()
    ).table.rows.map { $0[0] }
  }

  /// Rows that take some room, as calls do: what counts for merges is bytes.
  private func longRows(_ count: Int) -> ColumnBatch {
    var random = SystemRandomNumberGenerator()
    var batch = ColumnBatch(counters)
    for number in 0..<count {
      batch.append(1_790_000_000 as UInt32, to: 0)
      batch.append(UInt64(number), to: 1)
      batch.append((0..<4).map { _ in String(random.next(), radix: 16) }.joined(), to: 2)
    }
    return batch
  }

  /// A burst is not merged again with every few rows that come after it.
  @Test func aLargePartIsLeftAloneByTheSmallOnesBehindIt() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      try await engine.insert(longRows(20_000), token: "burst")
      for index in 0..<160 {
        try await engine.insert(counterRows(20, from: 20_000 + index), token: "\(index)")
      }
      let inserted = try await event(engine, "InsertedRows") - 20_000
      let merged = try await event(engine, "MergedRows")
      #expect(inserted == 3_200)
      #expect(merged > 0, "nothing is merged")
      #expect(merged <= 8 * inserted, "\(merged) rows were merged for \(inserted)")
      let left = try await parts(engine)
      #expect(left.first == .uint(20_000))
      #expect(left.count <= 64)
    }
  }

  /// A burst is one part soon after it, not when small parts behind it are merged.
  @Test func aBurstIsMergedWhenItIsOver() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      for index in 0..<12 {
        try await engine.insert(counterRows(5_000, from: index * 5_000), token: "\(index)")
      }
      try await engine.insert(counterRows(20, from: 60_000), token: "after")
      #expect(try await eventually { try await parts(engine) == [.uint(60_020)] })
    }
  }

  @Test func aBurstIsOverOnceInAWhile() {
    let start = ContinuousClock.now
    var bursts = BurstMerges()
    func isOver(_ rows: Int, _ table: String, _ seconds: Int) -> Bool {
      bursts.isOver(after: rows, into: table, now: start + .seconds(seconds))
    }
    #expect(!isOver(10, "a", 0))
    #expect(!isOver(50_000, "a", 1))
    #expect(!isOver(10, "b", 2))
    #expect(isOver(10, "a", 3))
    #expect(!isOver(10, "a", 4))
    #expect(!isOver(50_000, "a", 5))
    #expect(!isOver(10, "a", 6))
    #expect(isOver(10, "a", 200))
  }

  /// Without anybody asking, an hour after its last row; here sooner.
  @Test func aPartitionThatGetsNoMoreRowsBecomesOnePart() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      try await engine.running?.connection.execute(
        "ALTER TABLE \(counters.quotedName) MODIFY SETTING min_age_to_force_merge_seconds = 1")
      for index in 0..<12 {
        try await engine.insert(counterRows(10, from: index * 10), token: "\(index)")
      }
      #expect(try await eventually { try await parts(engine) == [.uint(120)] })
      #expect(try await engine.counted() == [.uint(120), .uint(7_140), .uint(120)])
    }
  }

  /// Few rows come without skip indexes, and are found by their columns all the same.
  @Test func rowsAreFoundBeforeTheirIndexesAreMade() async throws {
    var indexed = counters
    indexed.columns[2] = ColumnDeclaration("pad", .string, index: .bloomFilter, about: "")
    let table = indexed
    try await withEngine { engine in
      try await engine.migrate([table])
      var batch = ColumnBatch(table)
      for number in 0..<100 {
        batch.append(1_790_000_000 as UInt32, to: 0)
        batch.append(UInt64(number), to: 1)
        batch.append("row \(number)", to: 2)
      }
      try await engine.insert(batch, token: "few")
      let question = "SELECT number FROM flow_test.counters WHERE pad = 'row 42'"
      #expect(try await engine.query(question, limits: .init()).table.rows == [[.uint(42)]])
      try await engine.merge([table])
      #expect(try await engine.query(question, limits: .init()).table.rows == [[.uint(42)]])
    }
  }

  /// A store that was made without them takes over the settings, and only once.
  @Test func settingsReachTablesThatAreThere() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      func missing() async throws -> [String] {
        let answer = try await engine.query(
          "SELECT engine_full FROM system.tables WHERE name = 'counters'", limits: .init())
        guard case .string(let text)? = answer.table.rows.first?.first else { return ["all"] }
        return TableDeclaration.settings.filter { !text.contains($0) }
      }
      #expect(try await missing() == [])
      try await engine.running?.connection.execute(
        "ALTER TABLE \(counters.quotedName) RESET SETTING merge_selector_base, "
          + "min_age_to_force_merge_seconds")
      #expect(try await missing().count == 2)
      try await engine.migrate([counters])
      #expect(try await missing() == [])
    }
  }

  /// The half million names that loading the library reads do not stay in memory.
  @Test func theLibrarysSymbolsAreNotResident() async throws {
    try await withEngine { engine in
      let processID = try #require(await engine.processID)
      let file = try #require(FileHandle(forReadingAtPath: "/proc/\(processID)/smaps"))
      let text = String(decoding: try #require(try file.readToEnd()), as: UTF8.self)
      var isLibrary = false
      var kilobytes = 0
      for line in text.split(separator: "\n") {
        // A mapping's line begins with its addresses, each of the others with a name and a colon.
        if line.split(separator: " ").first?.contains("-") == true {
          isLibrary = line.contains("_chdb.abi3.so")
        }
        guard isLibrary, line.hasPrefix("Rss:") else { continue }
        kilobytes += Int(line.split(separator: " ")[1]) ?? 0
      }
      #expect(
        kilobytes > 0, "of \(text.count) bytes; the engine is an installed program, not the library"
      )
      // They would be some 260 MB; what starting touches, and the kernel maps around it, differs.
      #expect(kilobytes < 200_000)
    }
  }

  /// Behind the host's services, in a session of its own.
  @Test func theEngineGivesWay() async throws {
    try await withEngine { engine in
      let processID = try #require(await engine.processID)
      let text = try String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
      // proc(5): behind the name come state, ppid, pgrp, session (4th) and so on; nice is the 17th.
      let fields = try #require(text.split(separator: ")").last).split(separator: " ")
      #expect(fields[3] == "\(processID)")
      #expect(try #require(Int(fields[16])) >= 10)
    }
  }
}

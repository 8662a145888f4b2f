// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Storage

/// Stored tables follow their declarations, forward only.
@Suite struct MigrationTests {
  @Test func builtInTablesAreCreatedAndCreatingThemAgainChangesNothing() async throws {
    try await withEngine { engine in
      for _ in 0..<2 {
        try await engine.migrate(TableDeclaration.stored)
      }
      for table in TableDeclaration.builtIn {
        let answer = try await engine.query(
          "SELECT name, type FROM system.columns WHERE database = \(literal(table.database)) "
            + "AND table = \(literal(table.name)) ORDER BY position", limits: .init())
        #expect(
          answer.table.rows
            == table.columns.map { [.string($0.name), .string(table.engineType(of: $0))] })
        var batch = ColumnBatch(table)
        for column in table.columns.indices { batch.appendEmpty(to: column) }
        try await engine.insert(batch, token: "empty")
      }
    }
  }

  @Test func newColumnIsAddedAndOldRowsHaveItEmpty() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      try await engine.insert(counterRows(5), token: "old")
      var next = counters
      next.version = 2
      next.columns[2].codec = .transposed
      next.columns[2] = ColumnDeclaration("pad", .string, index: .bloomFilter, about: "")
      next.columns.insert(.init("more", .lowCardinalityString, about: ""), at: 1)
      try await engine.migrate([next])
      try await engine.migrate([next])
      var batch = ColumnBatch(next)
      batch.append(1_790_000_000 as UInt32, to: 0)
      batch.append("new" as StaticString, to: 1)
      batch.append(9 as UInt64, to: 2)
      batch.append("" as StaticString, to: 3)
      try await engine.insert(batch, token: "new")
      let rows = try await engine.query(
        "SELECT more, count() FROM flow_test.counters GROUP BY more ORDER BY more",
        limits: .init())
      #expect(rows.table.rows == [[.string(""), .uint(5)], [.string("new"), .uint(1)]])
      let columns = try await engine.query(
        "SELECT name FROM system.columns WHERE table = 'counters' ORDER BY position",
        limits: .init())
      #expect(columns.table.rows.map { $0[0] } == next.columns.map { .string($0.name) })
      let definition = try await engine.query(
        "SELECT engine_full, comment FROM system.tables WHERE name = 'counters'", limits: .init())
      #expect("\(definition.table.rows)".contains("version 2"))
    }
  }

  /// The engine would drop by its clock alone, wherever that is set to.
  @Test func timesToLiveOfOlderStoresAreRemoved() throws {
    let settings = TableDeclaration.settings.joined(separator: ", ")
    let columns = Dictionary(
      uniqueKeysWithValues: counters.columns.map { ($0.name, $0.type.engineName) })
    var stored = StoredTable(
      comment: counters.comment,
      definition: "MergeTree ORDER BY time TTL toDateTime(time) + toIntervalHour(72) "
        + "SETTINGS \(settings)",
      columns: columns)
    let old = try Migration.statements(
      for: [counters], stored: ["flow_test.counters": stored])
    #expect(old == ["ALTER TABLE `flow_test`.`counters` REMOVE TTL"])
    stored.definition = "MergeTree ORDER BY time SETTINGS \(settings)"
    #expect(
      try Migration.statements(for: [counters], stored: ["flow_test.counters": stored]) == [])
    #expect(!counters.creation.contains("TTL"))
  }

  @Test func newerStoreIsRefusedAndUntouched() async throws {
    try await withEngine { engine in
      var newer = counters
      newer.version = 7
      try await engine.migrate([newer])
      let refusal = StorageError.newerStore(table: "flow_test.counters", stored: 7, known: 1)
      // Nothing else of the same call is done either.
      await #expect(throws: refusal) { try await engine.migrate([everyType, counters]) }
      let tables = try await engine.query(
        "SELECT name FROM system.tables WHERE database = 'flow_test'", limits: .init())
      #expect(tables.table.rows == [[.string("counters")]])
    }
  }

  @Test func changedTypeIsRefused() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      var changed = counters
      changed.version = 2
      changed.columns[1].type = .int64
      await #expect(throws: StorageError.self) { try await engine.migrate([changed]) }
    }
  }
}

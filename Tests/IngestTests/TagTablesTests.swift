// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Storage
import Telemetry
import TestSupport
import Testing

@testable import Catalog
@testable import Ingest

/// The store's tables of tags say what the catalog's file says, whatever happened in between.
@Suite struct TagTablesTests {
  private func report(_ pid: UInt32, _ name: String) -> ProcessReport {
    ProcessReport(
      key: ProcessKey(pid: pid, startedAfterBoot: 1_000), parentPID: 1, startTime: testTime,
      name: name, kernelName: name, commandLine: "/bin/" + name, executable: "/bin/" + name,
      userID: 33, networkNamespace: 1, containerID: "")
  }

  private func learn(_ names: [String], _ catalog: Catalog) throws -> [UInt32] {
    try catalog.reserve(2 * names.count)
    let numbers = catalog.withState { state in
      state.begin(second: 1_000_000)
      return names.enumerated().map { index, name in
        let report = report(UInt32(index + 1), name)
        state.learn(report, agent: 1)
        return state.tags(of: report.key, agent: 1)?.tagSet ?? 0
      }
    }
    try catalog.commit()
    return numbers
  }

  /// As a query reads names.
  private func name(_ engine: EmbeddedEngine, _ member: String, of set: UInt32) async throws
    -> Value?
  {
    try await engine.query(
      "SELECT dictGet('flow_tag.resource_map', 'name', dictGet('flow_tag.tag_set_map', "
        + "\(literal(member)), \(set)))", limits: QueryLimits()
    ).table.rows.first?.first
  }

  private func tables(_ catalog: Catalog, _ engine: EmbeddedEngine) -> TagTables {
    TagTables(catalog: catalog, storage: engine, logger: quietLogger)
  }

  @Test func whatWasCommittedAndNotStoredIsStoredAtTheNextStart() async throws {
    try await withEngine { engine, path in
      for round in 1...10 {
        let catalog = try Catalog(path: path + "/catalog.sqlite")
        try await tables(catalog, engine).reconcile()
        let numbers = try learn((1...round).map { "p\($0)" }, catalog)
        #expect(Set(numbers).count == round)
      }
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      try await tables(catalog, engine).reconcile()
      #expect(try await number(engine, "SELECT count() FROM flow_tag.tag_set FINAL") == 10)
      #expect(try await number(engine, "SELECT count() FROM flow_tag.resource FINAL") == 10)
      #expect(try await name(engine, "process", of: 10) == .string("p10"))
      // A second look writes nothing.
      let rows = try await number(engine, "SELECT count() FROM flow_tag.tag_set")
      try await tables(catalog, engine).reconcile()
      #expect(try await number(engine, "SELECT count() FROM flow_tag.tag_set") == rows)
    }
  }

  /// Tables that lost rows, or have others, are put right.
  @Test func tablesThatDifferAreMended() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      _ = try learn(["a", "b", "c"], catalog)
      let tables = tables(catalog, engine)
      try await tables.reconcile()
      try await engine.remove(numbers: [2], from: .tagSet)
      try await engine.remove(numbers: [3], from: .resource)
      var rows = TagRows()
      for number in [3, 9_000] as [UInt32] {
        rows.append(
          ResourceVersion(
            number: number, identity: .init(.host, in: .everywhere, id: ""), entity: 1,
            content: .init(name: "stranger", instance: ""), validFrom: 0, validTo: 0, sequence: 1))
      }
      for batch in rows.batches { try await engine.insert(batch, token: "strangers") }
      #expect(try await name(engine, "process", of: 3) == .string("stranger"))
      try await tables.reconcile()
      #expect(try await name(engine, "process", of: 3) == .string("c"))
      #expect(try await name(engine, "process", of: 2) == .string("b"))
      #expect(
        try await number(
          engine, "SELECT count() FROM flow_tag.attribute WHERE value = 'stranger'") == 0)
      #expect(try await number(engine, "SELECT count() FROM flow_tag.resource FINAL") == 3)
    }
  }

  /// A version that another one follows says until when it was valid.
  @Test func versionsFollowEachOther() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      for (second, name) in [(1_000_000, "old"), (1_000_060, "new")] as [(UInt32, String)] {
        try catalog.reserve(10)
        catalog.withState { state in
          state.begin(second: second)
          state.learn(
            HostReport(
              hostname: name, machineID: "", bootID: "", bootTime: testTime, kernelRelease: "",
              operatingSystem: "", architecture: "", processors: 1, memoryBytes: 1, addresses: []),
            agent: 1)
        }
        try catalog.commit()
        try await tables(catalog, engine).store(catalog.withState { $0.takeUnstored() })
      }
      let versions = try await engine.query(
        "SELECT name, valid_from, valid_to FROM flow_tag.resource FINAL ORDER BY valid_from",
        limits: QueryLimits()
      ).table.rows
      #expect(versions.map(\.first) == [.string("old"), .string("new")])
      #expect(
        try await number(
          engine,
          "SELECT count() FROM flow_tag.resource FINAL WHERE toUnixTimestamp(valid_to) = 1000060")
          == 1)
      #expect(try await number(engine, "SELECT uniqExact(entity) FROM flow_tag.resource") == 1)
      // Rows of then keep the name of then.
      #expect(try await name(engine, "host", of: 1) == .string("old"))
      #expect(try await name(engine, "host", of: 2) == .string("new"))
    }
  }

  @Test func whatNoRowNamesIsRemovedFromTheTables() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      _ = try learn(["a", "b"], catalog)
      let tables = tables(catalog, engine)
      try await tables.reconcile()
      catalog.withState { state in
        for pid in 1...2 as ClosedRange<UInt32> {
          state.end(ProcessKey(pid: pid, startedAfterBoot: 1_000), agent: 1, second: 1_000_000)
        }
        state.begin(second: 9_000_000)
        state.forgetEnded(before: 9_000_000)
      }
      // A row as old as the sets holds them.
      var rows = ColumnBatch(.callLog)
      for column in rows.table.columns.indices {
        if rows.table.columns[column].name == "time" {
          rows.append(1_000_100 as UInt32, to: column)
        } else if case .array = rows.table.columns[column].type {
          rows.endArray(in: column)
        } else {
          rows.appendEmpty(to: column)
        }
      }
      try await engine.insert(rows, token: "old")
      #expect(try await tables.retire(now: 9_000_000).isEmpty)
      for partition in try await engine.partitions() where partition.database == "flow_log" {
        try await engine.drop(partition)
      }
      let gone = try await tables.retire(now: 9_000_000)
      #expect(gone.tagSets == [1, 2])
      for table in TableDeclaration.tagTables {
        #expect(try await number(engine, "SELECT count() FROM \(table.quotedName)") == 0)
      }
      #expect(try await name(engine, "process", of: 1) == .string(""))
      #expect(try learn(["new"], catalog) == [1])
      try await tables.store(catalog.withState { $0.takeUnstored() })
      #expect(try await name(engine, "process", of: 1) == .string("new"))
    }
  }

  /// A store of the version before: sets with their values in the catalog's file, none in the store.
  @Test func oldNumbersStayValid() async throws {
    try await withEngine { engine, path in
      let file = path + "/catalog.sqlite"
      let old = try DatabaseQueue(path: file)
      try CatalogSchema.migrator.migrate(old, upTo: "3 sources")
      try await old.write { database in
        try database.execute(
          sql: """
            INSERT INTO agent VALUES (1, 'a', '1', 'web-1');
            INSERT INTO service VALUES (1, 6, 'web-1'), (2, 120, 'nginx');
            INSERT INTO process VALUES (1, 1, 'nginx', '/bin/nginx', 'nginx -g off');
            """)
        for number in 1...5_000 {
          let tags =
            number == 1
            ? #"{"auto_service":"web-1","auto_instance":"web-1","host":"web-1"}"#
            : #"{"auto_service":"nginx","auto_instance":"nginx@web-1","gprocess":"nginx","#
              + #""host":"web-1","os_user":"\#(number)","command_line":"it's","container":"c0"}"#
          try database.execute(
            sql: "INSERT INTO tag_set VALUES (?, ?, ?, ?)",
            arguments: [number, number == 1 ? 1 : 2, number == 1 ? 6 : 120, tags])
        }
      }
      try old.close()
      let catalog = try Catalog(path: file)
      try await tables(catalog, engine).reconcile()
      #expect(try await number(engine, "SELECT count() FROM flow_tag.tag_set FINAL") == 5_000)
      for (member, name) in [("auto_service", "nginx"), ("host", "web-1"), ("container", "c0")] {
        #expect(try await self.name(engine, member, of: 4_711) == .string(name))
      }
      #expect(try await name(engine, "auto_service", of: 1) == .string("web-1"))
      #expect(
        try await number(
          engine,
          "SELECT any(number) FROM flow_tag.tag_set WHERE process IN (SELECT number FROM "
            + "flow_tag.attribute WHERE name = 'os_user' AND value = '4711')") == 4_711)
      // What is new gets numbers behind them.
      #expect(try learn(["nginx"], catalog) == [5_001])
    }
  }
}

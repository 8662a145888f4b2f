// SPDX-License-Identifier: Apache-2.0

import GRDB
import Telemetry

/// The catalog's file: SQLite in WAL mode, written in whole transactions that are on the disk when a
/// write returns. So a number in a stored row outlives any crash.
package struct CatalogStore: Sendable {
  private let pool: DatabasePool

  /// Opens the file, makes it when there is none, and brings an older one up to date.
  ///
  /// - Throws: ``CatalogError/store(during:reason:)``, also for a file from a newer version.
  package init(path: String) throws(CatalogError) {
    var configuration = Configuration()
    // Another server may be writing.
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { database in
      // NORMAL, WAL's default, may lose the last transactions with the power; a tag set number would
      // then be given twice.
      try database.execute(sql: "PRAGMA synchronous = FULL")
    }
    do {
      pool = try DatabasePool(path: path, configuration: configuration)
      let migrator = CatalogSchema.migrator
      if try pool.read({ try migrator.hasBeenSuperseded($0) }) {
        throw CatalogError.store(
          during: "opening \(path)", reason: "the file is from a newer version of this program")
      }
      try migrator.migrate(pool)
    } catch {
      throw Self.wrap(error, "opening \(path)")
    }
  }

  /// Writes all of `changes` or none of them.
  func write(_ changes: [CatalogChange]) throws(CatalogError) {
    try writing("\(changes.count) changes") { database in
      for change in changes { try Self.write(change, to: database) }
    }
  }

  func read(holder: UInt16) throws(CatalogError) -> CatalogContents {
    try reading("everything") { try CatalogContents(database: $0, holder: holder) }
  }

  func reading<Result>(
    _ what: String, _ body: (Database) throws -> Result
  ) throws(CatalogError) -> Result {
    do {
      return try pool.read(body)
    } catch {
      throw Self.wrap(error, "reading \(what)")
    }
  }

  func writing<Result>(
    _ what: String, _ body: (Database) throws -> Result
  ) throws(CatalogError) -> Result {
    do {
      return try pool.write(body)
    } catch {
      throw Self.wrap(error, "writing \(what)")
    }
  }

  private static func wrap(_ error: any Error, _ during: String) -> CatalogError {
    error as? CatalogError ?? .store(during: during, reason: "\(error)")
  }

  private static func write(_ change: CatalogChange, to database: Database) throws {
    switch change {
    case .agent(let entry):
      try database.cachedStatement(
        sql:
          "INSERT INTO agent (number, identity, version, hostname, cluster) VALUES (?, ?, ?, ?, ?) "
          + "ON CONFLICT (number) DO UPDATE SET version = excluded.version, "
          + "hostname = excluded.hostname, cluster = excluded.cluster"
      )
      .execute(arguments: [
        Int(entry.number), entry.identity, entry.version, entry.hostname, entry.cluster,
      ])
    case .host(let entry):
      try write(entry, to: database)
    case .service(let entry):
      try database.cachedStatement(sql: "INSERT INTO service VALUES (?, ?, ?)")
        .execute(arguments: [Int(entry.number), Int(entry.kind.rawValue), entry.name])
    case .process(let entry):
      let identity = entry.identity
      try database.cachedStatement(sql: "INSERT INTO process VALUES (?, ?, ?, ?, ?)")
        .execute(arguments: [
          Int(entry.number), Int(identity.agent), identity.name, identity.executable,
          identity.commandLine,
        ])
    case .agentSeen, .servicesGone, .processesGone, .resource, .resourceEnded, .tagSet, .used,
      .gone, .cluster:
      try writeTags(change, to: database)
    case .watched, .watchedEnded, .watchedForgotten:
      try writeWatched(change, to: database)
    case .run(let run):
      try write(run, to: database)
    case .runGone(let key):
      try database.cachedStatement(
        sql: "DELETE FROM process_run WHERE agent = ? AND pid = ? AND started_after_boot = ?"
      ).execute(arguments: [
        Int(key.agent), Int(key.process.pid), Int64(bitPattern: key.process.startedAfterBoot),
      ])
    case .source(let entry):
      try database.cachedStatement(sql: "INSERT INTO source VALUES (?, ?)")
        .execute(arguments: [Int(entry.number), entry.name])
    case .protocolName(let entry):
      try database.cachedStatement(sql: "INSERT OR REPLACE INTO protocol VALUES (?, ?)")
        .execute(arguments: [Int(entry.number), entry.name])
    }
  }

  private static func write(_ entry: HostEntry, to database: Database) throws {
    let report = entry.report
    try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO host VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [
      Int(entry.agent), report.hostname, report.machineID, report.bootID,
      report.bootTime.nanoseconds, report.kernelRelease, report.operatingSystem,
      report.architecture, Int(report.processors), Int64(bitPattern: report.memoryBytes),
    ])
    try database.cachedStatement(sql: "DELETE FROM host_address WHERE agent = ?")
      .execute(arguments: [Int(entry.agent)])
    for address in report.addresses {
      try database.cachedStatement(sql: "INSERT INTO host_address VALUES (?, ?, ?, ?)")
        .execute(arguments: [
          Int(entry.agent), address.interface, address.address.description,
          Int(address.prefixLength),
        ])
    }
  }

  private static func write(_ run: ProcessRun, to database: Database) throws {
    try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO process_run VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [
      Int(run.key.agent), Int(run.key.process.pid),
      Int64(bitPattern: run.key.process.startedAfterBoot), Int(run.process), Int(run.userID),
      Int(run.networkNamespace), run.containerID, Int(run.endedAt),
    ])
  }
}

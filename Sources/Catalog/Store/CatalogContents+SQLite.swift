// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Telemetry

extension CatalogContents {
  /// Everything in the file. A number that does not fit its type means the file was tampered with
  /// and is an error like any other.
  init(database: Database, holder: UInt16) throws {
    agents = try Row.fetchAll(database, sql: "SELECT * FROM agent ORDER BY number").map {
      AgentEntry(
        number: try $0.number("number"), identity: try $0.text("identity"),
        hostname: try $0.text("hostname"), version: try $0.text("version"),
        cluster: try $0.text("cluster"))
    }
    for row in try Row.fetchAll(database, sql: "SELECT * FROM cluster") {
      clusters[try row.text("key")] = try row.text("id")
    }
    services = try Row.fetchAll(database, sql: "SELECT * FROM service ORDER BY number").map {
      ServiceEntry(
        number: try $0.number("number"), kind: .init(rawValue: try $0.number("kind")),
        name: try $0.text("name"))
    }
    processes = try Row.fetchAll(database, sql: "SELECT * FROM process ORDER BY number").map {
      ProcessEntry(
        number: try $0.number("number"),
        identity: .init(
          agent: try $0.number("agent"), name: try $0.text("name"),
          executable: try $0.text("executable"), commandLine: try $0.text("command_line")))
    }
    for row in try Row.fetchAll(database, sql: "SELECT number, last_seen FROM agent") {
      agentsSeen[try row.number("number")] = try row.number("last_seen")
    }
    versions = try Self.versions(database)
    tagSets = try Row.fetchAll(database, sql: "SELECT * FROM tag_set ORDER BY number").map {
      try TagSet(row: $0)
    }
    leases = try Self.leases(database, holder: holder)
    protocols = try Row.fetchAll(database, sql: "SELECT * FROM protocol ORDER BY number").map {
      ProtocolEntry(number: try $0.number("number"), name: try $0.text("name"))
    }
    sources = try Row.fetchAll(database, sql: "SELECT * FROM source ORDER BY number").map {
      SourceEntry(number: try $0.number("number"), name: try $0.text("name"))
    }
    runs = try Row.fetchAll(
      database, sql: "SELECT * FROM process_run ORDER BY agent, started_after_boot, pid"
    ).map { try ProcessRun(row: $0) }
    hosts = try Self.hosts(database)
  }

  private static func hosts(_ database: Database) throws -> [HostEntry] {
    var addresses: [UInt16: [HostReport.Address]] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT * FROM host_address ORDER BY rowid") {
      guard let address = IPAddress(try row.text("address")) else { continue }
      addresses[try row.number("agent"), default: []].append(
        HostReport.Address(
          interface: try row.text("interface"), address: address,
          prefixLength: try row.number("prefix_length")))
    }
    return try Row.fetchAll(database, sql: "SELECT * FROM host ORDER BY agent").map { row in
      let agent: UInt16 = try row.number("agent")
      return HostEntry(
        agent: agent,
        report: HostReport(
          hostname: try row.text("hostname"), machineID: try row.text("machine_id"),
          bootID: try row.text("boot_id"),
          bootTime: Timestamp(nanoseconds: try row.number("boot_time")),
          kernelRelease: try row.text("kernel"),
          operatingSystem: try row.text("operating_system"),
          architecture: try row.text("architecture"), processors: try row.number("processors"),
          memoryBytes: UInt64(bitPattern: try row.number("memory_bytes") as Int64),
          addresses: addresses[agent] ?? []))
    }
  }
}

extension ProcessRun {
  fileprivate init(row: Row) throws {
    let started: Int64 = try row.number("started_after_boot")
    self.init(
      key: Key(
        agent: try row.number("agent"),
        process: ProcessKey(
          pid: try row.number("pid"), startedAfterBoot: UInt64(bitPattern: started))),
      process: try row.number("process"), userID: try row.number("user"),
      networkNamespace: try row.number("namespace"), containerID: try row.text("container"),
      endedAt: try row.number("ended_at"))
  }
}

extension Row {
  func number<Number: FixedWidthInteger>(_ column: String) throws -> Number {
    guard case .int64(let value) = (self[column] as DatabaseValue).storage,
      let number = Number(exactly: value)
    else {
      throw CatalogError.store(
        during: "reading \(column)", reason: "\(self[column] as DatabaseValue) is out of range")
    }
    return number
  }

  func text(_ column: String) throws -> String {
    guard case .string(let value) = (self[column] as DatabaseValue).storage else {
      throw CatalogError.store(during: "reading \(column)", reason: "it is not a text")
    }
    return value
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Query
import Storage
import Telemetry

/// A real engine with a few rows, and the service that queries it.
struct EngineFixture {
  /// The start of the rows' first minute.
  static let start: UInt32 = 1_790_000_040

  let engine: EmbeddedEngine
  let service: QueryService

  /// Runs `body` with an engine of its own, on a directory that is gone afterwards.
  static func with(_ body: (EngineFixture) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "/metaflow-query-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let engine = try await EmbeddedEngine.start(
      directory: directory, installation: try .find(), settings: .init(memory: 1 << 30),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    do {
      try await engine.migrate(
        TableDeclaration.stored.map(\.keptForever))
      let fixture = EngineFixture(engine: engine, service: QueryService(backend: engine))
      try await fixture.loadTags()
      try await fixture.load()
      try await body(fixture)
    } catch {
      await engine.close()
      throw error
    }
    await engine.close()
  }

  /// The rows of an answer; numbers rounded, so that they can be compared.
  func rows(
    _ query: String, directory: FixedDirectory = FixedDirectory()
  ) async throws -> [[Value]] {
    try await service.run(query, now: FixedDirectory.now, directory: directory).rows.map {
      $0.map(Self.rounded)
    }
  }

  private static func rounded(_ value: Value) -> Value {
    switch value {
    case .uint(let number) where number <= UInt64(Int64.max): .int(Int64(number))
    case .double(let number) where number.isNaN: .null
    case .double(let number):
      number == number.rounded() && abs(number) < 1e15
        ? .int(Int64(number)) : .double((number * 1e6).rounded() / 1e6)
    case .array(let values): .array(values.map(rounded))
    default: value
    }
  }

  // MARK: Tags

  /// A small world: nginx on two hosts, a database, and a host of which no process is known. Of each tag
  /// set the number of its host, and what its process is.
  private static let tagSets: [(host: UInt64, process: String)] = [
    (1, "nginx"), (2, "nginx"), (3, "mariadbd"), (1, ""),
  ]
  private static let hosts = ["web-1", "web-2", "db-1"]

  private func loadTags() async throws {
    var tags = TagFixture()
    for (index, host) in Self.hosts.enumerated() {
      tags.addResource(UInt64(index + 1), kind: 6, name: host, instance: host)
    }
    for (index, set) in Self.tagSets.enumerated() {
      let process = set.process.isEmpty ? 0 : UInt64(index + 10)
      if process != 0 {
        tags.addResource(
          process, kind: 120, name: set.process,
          instance: set.process + "@" + Self.hosts[Int(set.host - 1)],
          attributes: [("os_user", "\(index)"), ("command_line", "\(set.process) -c it's")])
      }
      tags.addSet(
        UInt64(index + 1), service: process == 0 ? set.host : process, host: set.host,
        process: process)
    }
    try await tags.store(in: engine, token: "small world")
  }

  // MARK: Rows

  /// What one metric row says, the rest being empty.
  struct Metric {
    var minute: UInt32
    var tagSet: UInt32
    var address = "10.0.0.1"
    var request: UInt64
    var error: UInt64 = 0
    var durationSum: UInt64 = 0
    var durationMax: UInt64 = 0
  }

  static let metrics: [Metric] = [
    // nginx on web-1 and web-2: two tag sets, one service.
    .init(minute: 0, tagSet: 1, request: 10, error: 1, durationSum: 1_000, durationMax: 500),
    .init(minute: 0, tagSet: 2, request: 30, error: 0, durationSum: 9_000, durationMax: 900),
    .init(minute: 2, tagSet: 1, request: 20, error: 4, durationSum: 2_000, durationMax: 300),
    // A database, and two addresses that nothing is known of.
    .init(minute: 0, tagSet: 3, request: 5, durationSum: 50, durationMax: 20),
    .init(minute: 1, tagSet: 0, address: "10.0.0.9", request: 1),
    .init(minute: 1, tagSet: 0, address: "2001:db8::9", request: 2),
  ]

  private func load() async throws {
    var metrics = ColumnBatch(.applicationMinute)
    for row in Self.metrics {
      metrics.appendRow([
        "time": .time(Self.start + row.minute * 60), "tag_set_id": .number(UInt64(row.tagSet)),
        "auto_service_id": .number(UInt64(row.tagSet)), "ip": .address(row.address),
        "server_port": .number(80), "l7_protocol": .number(20), "request": .number(row.request),
        "response": .number(row.request), "error": .number(row.error),
        "client_error": .number(row.error), "rrt_sum": .number(row.durationSum),
        "rrt_count": .number(row.durationSum == 0 ? 0 : row.request),
        "rrt_max": .number(row.durationMax),
      ])
    }
    try await engine.insert(metrics, token: "metrics")

    var calls = ColumnBatch(.callLog)
    for number in UInt64(0)..<100 {
      calls.appendRow([
        "time": .time(Self.start + UInt32(number / 10)), "_id": .number(number),
        "tag_set_id_1": .number(1 + number % 2), "auto_service_id_1": .number(1 + number % 2),
        "ip_0": .address("10.0.0.\(number % 4)"), "ip_1": .address("10.0.1.1"),
        "type": .number(number % 10 == 9 ? 0 : 2), "l7_protocol": .number(60),
        "response_status": .number(number % 10 == 9 ? 2 : number % 10 == 8 ? 3 : 0),
        "response_duration": .number(number % 10 == 9 ? 0 : number + 1),
        "request_resource": .text("/it's \\ é \(number)"), "endpoint": .text("/it's"),
        "trace_id": .text("t\(number)"),
        "attribute_names": .list(number % 5 == 0 ? ["other", "kafka.topic"] : []),
        "attribute_values": .list(number % 5 == 0 ? ["o", "it's \(number % 2)"] : []),
      ])
    }
    try await engine.insert(calls, token: "calls")

    var losses = ColumnBatch(.lossLedger)
    for (index, reason) in ["", "ring_full", "map_full"].enumerated() {
      losses.appendRow([
        "time": .time(Self.start), "stage": .text("ring"), "reason": .text(reason),
        "received": .number(index == 0 ? 100 : 0), "passed": .number(index == 0 ? 93 : 0),
        "dropped": .number([0, 5, 2][index]),
      ])
    }
    try await engine.insert(losses, token: "losses")
  }
}

extension TableDeclaration {
  /// The table with rows of any age, so that a test's rows do not expire.
  fileprivate var keptForever: TableDeclaration {
    var table = self
    table.retentionHours = 1_000_000
    return table
  }
}

enum CellValue {
  case time(UInt32)
  case number(UInt64)
  case text(String)
  case address(String)
  case list([String])
}

extension ColumnBatch {
  /// Appends one row; columns that are not named stay empty.
  mutating func appendRow(_ values: [String: CellValue]) {
    for (index, column) in table.columns.enumerated() {
      switch (values[column.name], column.type) {
      case (.time(let value), _): append(value, to: index)
      case (.text(let value), _): append(value, to: index)
      case (.address(let value), _): append(IPAddress(value) ?? .unspecified, to: index)
      case (.number(let value), .uint8): append(UInt8(value), to: index)
      case (.number(let value), .uint16): append(UInt16(value), to: index)
      case (.number(let value), .uint32): append(UInt32(value), to: index)
      case (.number(let value), _): append(value, to: index)
      case (.list(let texts), _):
        for text in texts { append(text, to: index) }
        endArray(in: index)
      case (nil, .array): endArray(in: index)
      case (nil, _): appendEmpty(to: index)
      }
    }
  }
}

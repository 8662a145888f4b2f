// SPDX-License-Identifier: Apache-2.0

import Glibc
import Telemetry
import TestSupport
import Testing

@testable import Storage

/// Tables that the engine makes of others.
@Suite(.serialized) struct DerivedTableTests {
  private static let minutes = TableDeclaration(
    database: "flow_test", name: "calls.1m", columns: columns, orderBy: ["service", "time"],
    spanSeconds: 3_600, partitionSeconds: 43_200, retentionHours: 1_000_000, interval: 60, about: ""
  )
  private static let hours = TableDeclaration(
    database: "flow_test", name: "calls.1h", columns: columns, orderBy: ["service", "time"],
    spanSeconds: 86_400, partitionSeconds: 604_800, retentionHours: 1_000_000, interval: 3_600,
    derivedFrom: "calls.1m", about: "")
  private static let columns: [ColumnDeclaration] = [
    .init("time", .dateTime, codec: .doubleDelta, about: ""),
    .init("service", .uint32, about: ""),
    .init("kind", .uint8, fold: .last, about: ""),
    .init("request", .uint64, codec: .transposed, fold: .sum, about: ""),
    .init("longest", .uint64, codec: .transposed, fold: .max, about: ""),
    .init("least", .uint64, fold: .min, about: ""),
  ]

  /// The start of an hour.
  private static let start: UInt32 = 1_789_998_000 / 3_600 * 3_600

  /// A row a minute for each of two services, with the minute's number as its figures.
  private static func rows(_ minutes: Range<Int>) -> ColumnBatch {
    var batch = ColumnBatch(Self.minutes)
    for minute in minutes {
      for service in 1...2 {
        batch.append(start + UInt32(minute) * 60, to: 0)
        batch.append(UInt32(service), to: 1)
        batch.append(UInt8(service), to: 2)
        batch.append(UInt64(minute), to: 3)
        batch.append(UInt64(minute), to: 4)
        batch.append(UInt64(minute + 1), to: 5)
      }
    }
    return batch
  }

  private static func folded(_ engine: EmbeddedEngine) async throws -> [[Value]] {
    try await engine.query(
      "SELECT time, service, kind, request, longest, least FROM flow_test.`calls.1h` FINAL "
        + "ORDER BY time, service", limits: .init()
    ).table.rows
  }

  /// What the hours have of the minutes below `count`.
  private static func expected(_ count: Int) -> [[Value]] {
    var rows: [[Value]] = []
    for first in stride(from: 0, to: count, by: 60) {
      let end = min(count, first + 60)
      let time = UInt64(start) + UInt64(first) * 60
      let sum = UInt64((first..<end).reduce(0, +))
      for service in 1...2 as ClosedRange<UInt64> {
        rows.append([
          .uint(time), .uint(service), .uint(service), .uint(sum), .uint(UInt64(end - 1)),
          .uint(UInt64(first + 1)),
        ])
      }
    }
    return rows
  }

  private static func feeds(_ engine: EmbeddedEngine) async throws -> [Value] {
    try await engine.query(
      "SELECT comment FROM system.tables WHERE engine = 'MaterializedView'", limits: .init()
    ).table.rows.map { $0[0] }
  }

  @Test func eachColumnIsFoldedInItsWayAndRepeatedInsertsOnce() async throws {
    try await withEngine { engine in
      for _ in 0..<2 { try await engine.migrate([Self.minutes, Self.hours]) }
      for first in stride(from: 0, to: 150, by: 10) {
        for _ in 0..<2 {
          try await engine.insert(Self.rows(first..<first + 10), token: "\(first)")
        }
      }
      #expect(try await Self.folded(engine) == Self.expected(150))
      try await engine.merge([Self.hours])
      #expect(try await Self.folded(engine) == Self.expected(150))
      #expect(try await Self.feeds(engine) == [.string("MetaFlow table, version 1")])
    }
  }

  /// A store of a version without the table has its minutes folded, and new ones go on.
  @Test func whatWasThereBeforeIsFolded() async throws {
    try await withEngine { engine in
      try await engine.migrate([Self.minutes])
      for first in stride(from: 0, to: 1_500, by: 500) {
        try await engine.insert(Self.rows(first..<first + 500), token: "\(first)")
      }
      try await engine.migrate([Self.minutes, Self.hours])
      #expect(try await Self.folded(engine) == Self.expected(1_500))
      try await engine.insert(Self.rows(1_500..<1_600), token: "new")
      #expect(try await Self.folded(engine) == Self.expected(1_600))
    }
  }

  /// A server that ended while it folded left some rows and no view.
  @Test func foldingThatBrokeOffBeginsAnew() async throws {
    let scratch = ScratchDirectory()
    try await withEngine(in: scratch.path) { engine in
      try await engine.migrate([Self.minutes, Self.hours])
      try await engine.insert(Self.rows(0..<100), token: "a")
      let connection = try await engine.connection
      try await connection.execute("DROP VIEW \(Self.hours.quotedFeed) SYNC")
      try await engine.insert(Self.rows(100..<130), token: "b")
    }
    try await withEngine(in: scratch.path) { engine in
      try await engine.migrate([Self.minutes, Self.hours])
      #expect(try await Self.folded(engine) == Self.expected(130))
      // What can be made anew no more stays.
      let connection = try await engine.connection
      try await connection.execute("DROP VIEW \(Self.hours.quotedFeed) SYNC")
      try await connection.execute("TRUNCATE TABLE \(Self.minutes.quotedName)")
      try await engine.insert(Self.rows(7_200..<7_201), token: "c")
      try await engine.migrate([Self.minutes, Self.hours])
      #expect(try await Self.folded(engine) == Self.expected(130))
    }
  }

  @Test func aNewVersionFoldsInItsWayFromThenOn() async throws {
    try await withEngine { engine in
      try await engine.migrate([Self.minutes, Self.hours])
      try await engine.insert(Self.rows(0..<60), token: "a")
      var (minutes, hours) = (Self.minutes, Self.hours)
      (minutes.version, hours.version) = (2, 2)
      let more = ColumnDeclaration("more", .uint64, fold: .sum, initial: 3, about: "")
      minutes.columns.append(more)
      hours.columns.append(more)
      try await engine.migrate([minutes, hours])
      try await engine.insert(Self.rows(60..<120), token: "b")
      let sums = try await engine.query(
        "SELECT sum(request), sum(more) FROM flow_test.`calls.1h` WHERE time > \(Self.start)",
        limits: .init())
      #expect(sums.table.rows == [[.uint(UInt64((60..<120).reduce(0, +) * 2)), .uint(360)]])
      #expect(try await Self.feeds(engine) == [.string("MetaFlow table, version 2")])
    }
  }

  /// A kill may come between the minutes and what is made of them.
  @Test func killedEngineFoldsNothingTwice() async throws {
    try await withEngine { engine in
      try await engine.migrate([Self.minutes, Self.hours])
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for first in stride(from: 0, to: 1_200, by: 10) {
            try await eventually("minute \(first) is stored") {
              try? await engine.insert(Self.rows(first..<first + 10), token: "\(first)")
            }
          }
        }
        group.addTask {
          var killed: Set<Int32> = []
          while killed.count < 4 {
            if let processID = await engine.processID, !killed.contains(processID) {
              try await Task.sleep(for: .milliseconds(Int.random(in: 20..<200)))
              kill(processID, SIGKILL)
              killed.insert(processID)
            }
            try await Task.sleep(for: .milliseconds(5))
          }
        }
        try await group.waitForAll()
      }
      let isAnswering = await eventually { (try? await Self.folded(engine)) != nil }
      #expect(isAnswering)
      #expect(try await Self.folded(engine) == Self.expected(1_200))
    }
  }

  /// Both the table and its source may be brought into another order.
  @Test func anotherOrderFoldsTheSame() async throws {
    try await withEngine { engine in
      try await engine.migrate([Self.minutes, Self.hours])
      try await engine.insert(Self.rows(0..<100), token: "a")
      try await engine.insert(Self.rows(100..<200), token: "b")
      var (minutes, hours) = (Self.minutes, Self.hours)
      minutes.spanSeconds = 300
      hours.orderBy = ["time", "service"]
      try await engine.migrate([minutes, hours])
      try await engine.rewrite([minutes, hours], openSeconds: 0)
      #expect(try await Self.folded(engine) == Self.expected(200))
      try await engine.insert(Self.rows(100..<200), token: "b")
      try await engine.insert(Self.rows(200..<250), token: "c")
      #expect(try await Self.folded(engine) == Self.expected(250))
      try await engine.rewrite([minutes, hours], openSeconds: 0)
      #expect(await engine.rewrites().isEmpty)
    }
  }
}

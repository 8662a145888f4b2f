// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

/// What is dropped, and in which order.
@Suite struct RetentionTests {
  private let now = Timestamp(seconds: 1_790_000_000)
  private let roomy = DiskSpace(total: 1 << 40, free: 1 << 39)

  private func partition(
    _ table: TableDeclaration, hoursAgo: Int64, bytes: Int = 100
  ) -> StoredPartition {
    StoredPartition(
      database: table.database, table: table.name, id: "\(hoursAgo)", rows: 1, bytes: bytes,
      earliest: now.seconds - hoursAgo * 3_600 - 1_800, latest: now.seconds - hoursAgo * 3_600)
  }

  private func dropped(
    _ partitions: [StoredPartition], disk: DiskSpace? = nil, maximumBytes: Int? = nil
  ) -> [String] {
    Retention.excess(
      of: partitions, tables: TableDeclaration.builtIn, disk: disk ?? roomy,
      policy: RetentionPolicy(maximumBytes: maximumBytes, minimumFreeBytes: 1_000), now: now
    ).map { "\($0.table)/\($0.id)" }
  }

  @Test func whatIsOlderThanItsTableKeepsGoes() {
    let partitions = [
      partition(.callLog, hoursAgo: 73), partition(.callLog, hoursAgo: 72),
      partition(.callLog, hoursAgo: 1), partition(.applicationSecond, hoursAgo: 25),
      partition(.applicationMinute, hoursAgo: 25),
    ]
    #expect(dropped(partitions) == ["l7_flow_log/73", "application.1s/25"])
  }

  /// Logs go first, then seconds, then minutes, then the store's own; the newest never.
  @Test func tooMuchGoesOldestFirstAndLogsFirst() {
    let partitions = [
      partition(.lossLedger, hoursAgo: 9), partition(.lossLedger, hoursAgo: 0),
      partition(.applicationMinute, hoursAgo: 8), partition(.applicationMinute, hoursAgo: 0),
      partition(.applicationSecond, hoursAgo: 7), partition(.applicationSecond, hoursAgo: 0),
      partition(.callLog, hoursAgo: 1), partition(.callLog, hoursAgo: 2),
      partition(.callLog, hoursAgo: 0),
    ]
    #expect(dropped(partitions, maximumBytes: 900) == [])
    #expect(dropped(partitions, maximumBytes: 899) == ["l7_flow_log/2"])
    let all = [
      "l7_flow_log/2", "l7_flow_log/1", "application.1s/7", "application.1m/8", "loss_ledger/9",
    ]
    #expect(dropped(partitions, maximumBytes: 500) == Array(all.prefix(4)))
    #expect(dropped(partitions, maximumBytes: 0) == all)
  }

  @Test func fullDiskCountsAsTooMuch() {
    let partitions = (0..<5).map { partition(.callLog, hoursAgo: $0, bytes: 400) }
    let disk = DiskSpace(total: 10_000, free: 300)
    #expect(dropped(partitions, disk: disk) == ["l7_flow_log/4", "l7_flow_log/3"])
    // What went for its age has made room.
    let old = partition(.callLog, hoursAgo: 80, bytes: 500)
    #expect(dropped([old] + partitions, disk: disk) == ["l7_flow_log/80", "l7_flow_log/4"])
  }

  @Test func tablesThatNobodyDeclaresStay() {
    let foreign = StoredPartition(
      database: "other", table: "l7_flow_log", id: "1", rows: 1, bytes: 1 << 40, earliest: 0,
      latest: 0)
    #expect(dropped([foreign], maximumBytes: 0) == [])
  }

  @Test func oldPartitionsLeaveTheStore() async throws {
    var table = counters
    table.retentionHours = 100_000
    try await withEngine { [table] engine in
      try await engine.migrate([table])
      for hour in 0..<4 {
        try await engine.insert(
          counterRows(1_000, from: hour * 1_000, time: 1_790_000_000 + UInt32(hour) * 3_600),
          token: "\(hour)")
      }
      var partitions = try await engine.partitions()
      #expect(partitions.map(\.rows) == [1_000, 1_000, 1_000, 1_000])
      #expect(partitions.map(\.latest) == (0..<4).map { 1_790_000_000 + $0 * 3_600 })
      let bytes = partitions.reduce(0) { $0 + $1.bytes }
      let policy = RetentionPolicy(maximumBytes: bytes / 2 + 100, minimumFreeBytes: 0)
      let now = Timestamp(seconds: 1_790_000_000 + 4 * 3_600)
      let gone = try await engine.enforceRetention(policy, on: [table], now: now)
      #expect(gone.map(\.id) == partitions.prefix(2).map(\.id))
      partitions = try await engine.partitions()
      #expect(partitions.map(\.earliest) == [1_790_007_200, 1_790_010_800])
      #expect(try await engine.counted()[0] == .uint(2_000))
      let disk = try await engine.disk()
      #expect(disk.free > 0 && disk.free < disk.total)
    }
  }
}

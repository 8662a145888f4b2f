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
    _ partitions: [StoredPartition], disk: DiskSpace? = nil, maximumBytes: Int? = nil,
    floorHours: Int64 = 0, at time: Timestamp? = nil
  ) -> [String] {
    plan(
      partitions, disk: disk, maximumBytes: maximumBytes, floorHours: floorHours, at: time
    ).drops.map { "\($0.table)/\($0.id)" }
  }

  private func plan(
    _ partitions: [StoredPartition], disk: DiskSpace? = nil, maximumBytes: Int? = nil,
    floorHours: Int64 = 0, at time: Timestamp? = nil
  ) -> RetentionPlan {
    let policy = RetentionPolicy(
      maximumBytes: maximumBytes, minimumFreeBytes: 1_000, floorSeconds: floorHours * 3_600)
    return Retention.plan(
      for: partitions, tables: TableDeclaration.builtIn, disk: disk ?? roomy, policy: policy,
      now: time ?? now)
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

  /// Somebody else's files fill the disk: all of history would go and make room for a moment.
  @Test func aFullDiskDoesNotCostTheLastDay() {
    let partitions = [0, 1, 23, 25, 26].map { partition(.callLog, hoursAgo: $0, bytes: 400) }
    let disk = DiskSpace(total: 10_000, free: 0)
    #expect(
      dropped(partitions, disk: disk, floorHours: 24) == ["l7_flow_log/26", "l7_flow_log/25"])
    #expect(plan(partitions, disk: disk, floorHours: 24).shortage == 200)
    #expect(plan(partitions, disk: disk).shortage == 0)
  }

  /// Rows that were stored just now are young, whatever a clock says.
  @Test(arguments: [1, 10, 36_500] as [Int64])
  func aClockThatIsAheadTakesNothing(days: Int64) {
    let partitions = (0..<70).map { partition(.callLog, hoursAgo: $0) }
    #expect(dropped(partitions, at: now + days * 86_400 * 1_000_000_000) == [])
    let old = partition(.callLog, hoursAgo: 74)
    #expect(
      dropped(partitions + [old], at: now + days * 86_400 * 1_000_000_000) == ["l7_flow_log/74"])
  }

  /// An hour of logs may be more than everything is allowed to be.
  @Test func aPartitionThatIsTooLargeLosesItsOlderRows() {
    let partitions = [
      partition(.callLog, hoursAgo: 0, bytes: 3_000),
      partition(.lossLedger, hoursAgo: 0, bytes: 10),
    ]
    let trims = plan(partitions, maximumBytes: 2_000).trims
    // 1,010 too much and a tenth of the limit, of 3,000 in half an hour less its last minute.
    #expect(trims.map(\.partition) == [partitions[0]])
    #expect(trims.map { $0.before - partitions[0].earliest } == [702])
    // The last minute stays even then.
    #expect(
      plan(partitions, maximumBytes: 0).trims.map { $0.partition.latest - $0.before } == [60, 60])
    #expect(plan(partitions, maximumBytes: 3_010).trims == [])
  }

  struct Reading: CustomTestStringConvertible {
    var name: String
    /// Clock and uptime of each round, in seconds, and how far behind the clock is what is believed.
    var rounds: [(wall: Int64, uptime: Int64, behind: Int64)]
    var newestRow: Int64? = 990
    var testDescription: String { name }
  }

  @Test(arguments: [
    Reading(name: "a good clock", rounds: [(1_000, 0, 0), (1_060, 60, 0), (9_000, 8_000, 0)]),
    Reading(name: "put back", rounds: [(1_000, 0, 0), (400, 60, 0), (460, 120, 0)]),
    Reading(
      name: "put ahead and right again",
      rounds: [(1_000, 0, 0), (901_060, 60, 900_000), (901_120, 120, 900_000), (1_180, 180, 0)]),
    Reading(
      name: "put ahead for good",
      rounds: [(1_000, 0, 0), (901_060, 60, 900_000), (904_660, 3_660, 0), (904_720, 3_720, 0)]),
    Reading(
      name: "ahead at the start",
      rounds: [
        (900_990, 0, 900_000 - 86_400), (901_050, 60, 900_000 - 86_400), (904_590, 3_600, 0),
      ]),
    Reading(name: "an empty store", rounds: [(900_000, 0, 0)], newestRow: nil),
  ])
  func aLeapOfTheClockIsBelievedAfterAnHour(reading: Reading) {
    var clock = RetentionClock()
    for round in reading.rounds {
      let believed = clock.now(
        wall: round.wall, uptime: round.uptime, newestRow: reading.newestRow)
      #expect(round.wall - believed.seconds == round.behind, "at \(round.uptime)")
    }
  }

  @Test func trimmedRowsLeaveTheStore() async throws {
    let table = counters
    try await withEngine { engine in
      try await engine.migrate([table])
      for minute in 0..<30 {
        try await engine.insert(
          counterRows(1_000, from: minute * 1_000, time: 1_789_999_200 + UInt32(minute) * 60),
          token: "\(minute)")
      }
      let stored = try await engine.partitions()
      #expect(stored.count == 1)
      let policy = RetentionPolicy(maximumBytes: stored[0].bytes / 2, minimumFreeBytes: 0)
      let now = Timestamp(seconds: 1_789_999_200 + 1_800)
      let plan = try await engine.enforceRetention(policy, on: [table], now: now)
      #expect(plan.drops == [] && plan.trims.count == 1)
      let left = try await engine.partitions()
      #expect(left[0].bytes <= stored[0].bytes / 2)
      #expect(left[0].rows >= 10_000)
      #expect(left[0].latest == stored[0].latest)
      #expect(try await engine.enforceRetention(policy, on: [table], now: now).trims == [])
    }
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
      #expect(gone.drops.map(\.id) == partitions.prefix(2).map(\.id))
      partitions = try await engine.partitions()
      #expect(partitions.map(\.earliest) == [1_790_007_200, 1_790_010_800])
      #expect(try await engine.counted()[0] == .uint(2_000))
      let disk = try await engine.disk()
      #expect(disk.free > 0 && disk.free < disk.total)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// How much may be kept, besides each table's own limit of age.
package struct RetentionPolicy: Hashable, Sendable {
  /// Bytes that all tables together may take; nil for no limit.
  package var maximumBytes: Int?
  /// Bytes of the disk that must stay free.
  package var minimumFreeBytes: Int
  /// Seconds of history that stay however full the disk is: what fills it may be somebody else's,
  /// and no history that is dropped makes room for long then.
  package var floorSeconds: Int64

  package init(
    maximumBytes: Int? = nil, minimumFreeBytes: Int = 1 << 30, floorSeconds: Int64 = 86_400
  ) {
    self.maximumBytes = maximumBytes
    self.minimumFreeBytes = minimumFreeBytes
    self.floorSeconds = floorSeconds
  }
}

/// What to let go of, in order.
package struct RetentionPlan: Hashable, Sendable {
  /// The rows of a partition that are older than a second.
  package struct Trim: Hashable, Sendable {
    package var partition: StoredPartition
    package var before: Int64
  }

  package var drops: [StoredPartition] = []
  package var trims: [Trim] = []
  /// Bytes of the disk that stay missing to what must be free.
  package var shortage = 0
}

/// Decides what to drop. Pure.
package enum Retention {
  /// Rows of a partition that is being written which stay, in seconds.
  private static let newestSeconds: Int64 = 60
  /// How far the clock may lead the newest row and still be believed, in seconds.
  private static let clockLead: Int64 = 3_600

  /// What to drop now.
  ///
  /// First the partitions whose last row is older than its table keeps rows: older than `now`, or
  /// than an hour after the newest row where that is earlier, so that no clock that is set far ahead
  /// takes what was just stored. Then, as long as the store is too large or the disk too full, the
  /// oldest: of logs before metrics, of these the shorter interval's first, and of the store's own
  /// records last. The newest partition of a table, the one that is being written, loses
  /// its older rows when a limit of size leaves no other way; for a full disk it stays, and so does
  /// what is younger than the policy's floor.
  package static func plan(
    for partitions: [StoredPartition], tables: [TableDeclaration], disk: DiskSpace,
    policy: RetentionPolicy, now: Timestamp
  ) -> RetentionPlan {
    var declarations: [String: TableDeclaration] = [:]
    for table in tables { declarations[table.qualifiedName] = table }
    // A table that nobody declares is not ours to drop from.
    let own = partitions.filter { declarations[$0.qualifiedName] != nil }
    let newest = own.map(\.latest).max() ?? now.seconds
    let now = min(now.seconds, newest + clockLead)
    var plan = RetentionPlan()
    var kept: [StoredPartition] = []
    for partition in own {
      let hours = Int64(declarations[partition.qualifiedName]?.retentionHours ?? 0)
      if partition.latest < now - hours * 3_600 {
        plan.drops.append(partition)
      } else {
        kept.append(partition)
      }
    }
    let freed = plan.drops.reduce(0) { $0 + $1.bytes }
    let ordered = kept.sorted { rank($0, declarations) < rank($1, declarations) }
    let current = newestPartitions(kept)
    var tooLarge = policy.maximumBytes.map { kept.reduce(0) { $0 + $1.bytes } - $0 } ?? 0
    var tooFull = policy.minimumFreeBytes - disk.free - freed
    for partition in ordered where partition.latest < current[partition.qualifiedName] ?? .max {
      let isBelowFloor = partition.latest >= now - policy.floorSeconds
      guard tooLarge > 0 || (tooFull > 0 && !isBelowFloor) else { continue }
      plan.drops.append(partition)
      tooLarge -= partition.bytes
      tooFull -= partition.bytes
    }
    plan.shortage = max(0, tooFull)
    trim(ordered.filter { !plan.drops.contains($0) }, by: tooLarge, of: policy, into: &plan)
    return plan
  }

  /// Takes the older part of what is being written, largest share of a table first come.
  private static func trim(
    _ partitions: [StoredPartition], by excess: Int, of policy: RetentionPolicy,
    into plan: inout RetentionPlan
  ) {
    guard excess > 0, let maximum = policy.maximumBytes else { return }
    // A tenth more, so that the next rows do not cost another round.
    var missing = excess + maximum / 10
    for partition in partitions where missing > 0 && partition.bytes > 0 {
      let span = partition.latest - partition.earliest - newestSeconds
      guard span > 0 else { continue }
      let share = min(1, Double(missing) / Double(partition.bytes))
      let before = partition.earliest + max(1, Int64((Double(span) * share).rounded(.up)))
      plan.trims.append(RetentionPlan.Trim(partition: partition, before: before))
      missing -= Int(Double(partition.bytes) * share)
    }
  }

  private static func newestPartitions(_ partitions: [StoredPartition]) -> [String: Int64] {
    var newest: [String: Int64] = [:]
    for partition in partitions {
      newest[partition.qualifiedName] = max(
        newest[partition.qualifiedName] ?? .min, partition.latest)
    }
    return newest
  }

  /// What goes first: logs, seconds, minutes, hours, days, the store's own records; of each the oldest.
  private static func rank(
    _ partition: StoredPartition, _ declarations: [String: TableDeclaration]
  ) -> (UInt32, Int64, String) {
    let interval = declarations[partition.qualifiedName]?.interval
    let kind =
      partition.database == "metaflow_system"
      ? UInt32.max : interval ?? UInt32.max
    return (kind, partition.earliest, partition.qualifiedName)
  }
}

extension StoredPartition {
  /// `database.table`.
  package var qualifiedName: String { database + "." + table }
}

extension StorageBackend {
  /// Drops what is too old or too much, and says what that was.
  ///
  /// Call it every few minutes. A partition that cannot be dropped ends the round; what was
  /// dropped before stays dropped, and the next round goes on.
  package func enforceRetention(
    _ policy: RetentionPolicy, on tables: [TableDeclaration], now: Timestamp
  ) async throws(StorageError) -> RetentionPlan {
    let plan = Retention.plan(
      for: try await partitions(), tables: tables, disk: try await disk(), policy: policy, now: now)
    for partition in plan.drops { try await drop(partition) }
    for trim in plan.trims { try await self.trim(trim.partition, before: trim.before) }
    return plan
  }
}

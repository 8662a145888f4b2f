// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// How much may be kept, besides each table's own limit of age.
package struct RetentionPolicy: Hashable, Sendable {
  /// Bytes that all tables together may take; nil for no limit.
  package var maximumBytes: Int?
  /// Bytes of the disk that must stay free.
  package var minimumFreeBytes: Int

  package init(maximumBytes: Int? = nil, minimumFreeBytes: Int = 1 << 30) {
    self.maximumBytes = maximumBytes
    self.minimumFreeBytes = minimumFreeBytes
  }
}

/// Decides what to drop. Pure.
package enum Retention {
  /// The partitions to drop, in order.
  ///
  /// First those whose last row is older than its table keeps rows. Then, as long as the store is
  /// too large or the disk too full, the oldest: of logs before metrics by the second, those
  /// before metrics by the minute, and of the store's own records last. The newest partition of a
  /// table, the one that is being written, is never dropped for its size.
  package static func excess(
    of partitions: [StoredPartition], tables: [TableDeclaration], disk: DiskSpace,
    policy: RetentionPolicy, now: Timestamp
  ) -> [StoredPartition] {
    var declarations: [String: TableDeclaration] = [:]
    for table in tables { declarations[table.qualifiedName] = table }
    var dropped: [StoredPartition] = []
    var kept: [StoredPartition] = []
    for partition in partitions {
      // A table that nobody declares is not ours to drop from.
      guard let table = declarations[partition.qualifiedName] else { continue }
      if partition.latest < now.seconds - Int64(table.retentionHours) * 3_600 {
        dropped.append(partition)
      } else {
        kept.append(partition)
      }
    }
    let freed = dropped.reduce(0) { $0 + $1.bytes }
    let total = kept.reduce(0) { $0 + $1.bytes }
    let tooLarge = policy.maximumBytes.map { total - $0 } ?? 0
    let tooFull = policy.minimumFreeBytes - disk.free - freed
    var missing = max(tooLarge, tooFull)
    for partition in droppable(kept, declarations) where missing > 0 {
      dropped.append(partition)
      missing -= partition.bytes
    }
    return dropped
  }

  /// All but the newest partition of each table, the ones to drop first in front.
  private static func droppable(
    _ partitions: [StoredPartition], _ declarations: [String: TableDeclaration]
  ) -> [StoredPartition] {
    var newest: [String: Int64] = [:]
    for partition in partitions {
      newest[partition.qualifiedName] = max(
        newest[partition.qualifiedName] ?? .min, partition.latest)
    }
    func rank(_ partition: StoredPartition) -> Int {
      guard partition.database != "metaflow_system",
        let interval = declarations[partition.qualifiedName]?.interval
      else { return 3 }
      return interval == 0 ? 0 : interval == 1 ? 1 : 2
    }
    return
      partitions
      .filter { $0.latest < newest[$0.qualifiedName]! }
      .sorted {
        (rank($0), $0.earliest, $0.qualifiedName) < (rank($1), $1.earliest, $1.qualifiedName)
      }
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
  ) async throws(StorageError) -> [StoredPartition] {
    let excess = Retention.excess(
      of: try await partitions(), tables: tables, disk: try await disk(), policy: policy, now: now)
    for partition in excess { try await drop(partition) }
    return excess
  }
}

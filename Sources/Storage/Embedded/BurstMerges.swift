// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Merges what a burst left behind as soon as it is over.
///
/// A burst of less than fifty inserts stays in as many parts, which the engine would merge when small
/// ones behind them make fifty: rows by the hundred thousand, at a time when little happens.
struct BurstMerges: Sendable {
  /// An insert of as many rows belongs to a burst.
  static let rows = 2_000
  /// As many such parts are worth a merge, ...
  static let parts = 8
  /// ... in a partition of at most so many bytes, which is rewritten whole, ...
  static let partitionBytes = 8 << 20
  /// ... once in so long.
  static let pause = Duration.seconds(120)

  /// Tables whose last inserts were a burst's, and when a table was merged last.
  private var afterBurst: Set<String> = []
  private var merged: [String: ContinuousClock.Instant] = [:]

  /// Takes note of an insert; true when a burst is over with it.
  mutating func isOver(
    after rows: Int, into table: String, now: ContinuousClock.Instant = .now
  ) -> Bool {
    guard rows < Self.rows else {
      afterBurst.insert(table)
      return false
    }
    guard afterBurst.contains(table) else { return false }
    if let last = merged[table], now - last < Self.pause { return false }
    afterBurst.remove(table)
    merged[table] = now
    return true
  }
}

extension EngineConnection {
  /// Makes one part of the partition that was written last, if a burst left it in many.
  func mergeBurst(in table: TableDeclaration) async throws(StorageError) {
    let parts =
      "FROM system.parts WHERE active AND database = \(literal(table.database)) "
      + "AND table = \(literal(table.name))"
    let answer = try await query(
      """
      SELECT partition_id \(parts) AND partition_id =
        (SELECT argMax(partition_id, modification_time) \(parts))
      GROUP BY partition_id
      HAVING countIf(rows >= \(BurstMerges.rows)) >= \(BurstMerges.parts)
        AND sum(bytes_on_disk) <= \(BurstMerges.partitionBytes)
      """, limits: QueryLimits())
    guard case .string(let partition)? = answer.table.rows.first?.first else { return }
    try await execute(
      "OPTIMIZE TABLE \(table.quotedName) PARTITION ID \(literal(partition))", seconds: 120)
  }
}

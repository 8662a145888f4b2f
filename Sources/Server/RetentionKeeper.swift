// SPDX-License-Identifier: Apache-2.0

import Catalog
import Ingest
import Logging
import ServiceLifecycle
import Storage
import Telemetry

/// Drops what is too old or too much, once a minute, and once an hour the numbers that only it had.
struct RetentionKeeper: Service {
  let storage: any StorageBackend
  let policy: RetentionPolicy
  let hours: RetentionHours
  let tags: TagTables
  let logger: Logger

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      var clock = RetentionClock()
      let start = ContinuousClock.now
      var wasShort = false
      var minute = 0
      while !Task.isCancelled {
        let uptime = (ContinuousClock.now - start).components.seconds
        await keep(&clock, uptime: uptime, &wasShort)
        minute += 1
        if minute % 60 == 0 { await retireNumbers() }
        try await Task.sleep(for: .seconds(60))
      }
    }
  }

  private func keep(_ clock: inout RetentionClock, uptime: Int64, _ wasShort: inout Bool) async {
    do throws(StorageError) {
      let newest = try await storage.partitions().map(\.latest).max()
      let wasHeld = clock.isHeld
      let wall = wallClock() / 1_000_000_000
      let now = clock.now(wall: wall, uptime: uptime, newestRow: newest)
      if clock.isHeld, !wasHeld {
        logger.warning(
          """
          The clock is far ahead of what is stored. Nothing is dropped by it for an hour: if it is \
          wrong, set it right; if the server was away, nothing needs to be done.
          """,
          metadata: [
            "clock": "\(internetTime(wall * 1_000_000_000))",
            "believed": "\(internetTime(now.nanoseconds))",
          ])
      }
      tell(
        try await storage.enforceRetention(
          policy, on: hours.applied(to: TableDeclaration.aging), now: now),
        &wasShort)
    } catch {
      logger.warning("retention could not be enforced; next try in a minute: \(error)")
    }
  }

  private func retireNumbers() async {
    do throws(TagError) {
      let gone = try await tags.retire(now: wallClock() / 1_000_000_000)
      guard !gone.isEmpty else { return }
      logger.info(
        "numbers that no row has any more are free again",
        metadata: [
          "tag_sets": "\(gone.tagSets.count)", "resources": "\(gone.resources.count)",
        ])
    } catch {
      logger.warning("numbers could not be retired; next try in an hour: \(error)")
    }
  }

  private func tell(_ plan: RetentionPlan, _ wasShort: inout Bool) {
    for gone in plan.drops {
      logger.notice(
        "dropped \(gone.rows) rows of \(gone.qualifiedName) to keep within the retention")
    }
    for trim in plan.trims {
      logger.notice(
        """
        dropped the rows of \(trim.partition.qualifiedName) before \
        \(internetTime(trim.before * 1_000_000_000)) to keep within retention.max_size
        """)
    }
    if plan.shortage > 0, !wasShort {
      logger.error(
        """
        The disk is fuller than retention.min_free allows, and history younger than \
        retention.min_history is not dropped for it: make room, or lower min_free.
        """,
        metadata: ["missing_bytes": "\(plan.shortage)"])
    }
    wasShort = plan.shortage > 0
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes loss entries into the columns of `metaflow_system.loss_ledger`.
struct LossRows: Sendable {
  var rows = TableRows(.lossLedger)

  mutating func append(_ entry: LossEntry, agent: UInt16) {
    rows.put("time", entry.time.storedSeconds)
    rows.put("agent_id", agent)
    rows.put("team_id", Team.first)
    rows.put("stage", entry.stage.name)
    rows.put("reason", entry.reason.rawValue == 0 ? "" : entry.reason.name)
    rows.put("received", entry.received)
    rows.put("passed", entry.passed)
    rows.put("dropped", entry.dropped)
    rows.endRow()
  }

  /// Appends what one of the server's own stages did with a chunk.
  mutating func append(_ tally: Tally, stage: Stage, time: Timestamp) {
    append(
      LossEntry(time: time, stage: stage, received: tally.received, passed: tally.passed),
      agent: 0)
    for drop in tally.dropped {
      append(
        LossEntry(time: time, stage: stage, reason: drop.reason, dropped: drop.count), agent: 0)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry

/// Writes loss entries into the columns of `metaflow_system.loss_ledger`.
struct LossRows: Sendable {
  var batch = ColumnBatch(.lossLedger)
  private let time, agent, stage, reason, received, passed, dropped: Int

  init() {
    time = batch.column("time")
    agent = batch.column("agent_id")
    stage = batch.column("stage")
    reason = batch.column("reason")
    received = batch.column("received")
    passed = batch.column("passed")
    dropped = batch.column("dropped")
  }

  mutating func append(_ entry: LossEntry, agent number: UInt16) {
    batch.append(entry.time.storedSeconds, to: time)
    batch.append(number, to: agent)
    batch.append(entry.stage.name, to: stage)
    batch.append(entry.reason.rawValue == 0 ? "" : entry.reason.name, to: reason)
    batch.append(entry.received, to: received)
    batch.append(entry.passed, to: passed)
    batch.append(entry.dropped, to: dropped)
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

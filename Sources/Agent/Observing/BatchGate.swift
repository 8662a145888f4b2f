// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Where an observing loop gives its batches away: samples them under load, counts their losses, and
/// keeps what must not be lost when the queue is full.
struct BatchGate {
  /// Of how many records one is kept when sampling.
  private static let sampleOf = 8
  /// Entries of each kind that wait for a queue with room.
  private static let leftOverLimit = 4_096

  private let queue: BatchQueue
  private let ledger: Ledger
  private let gauges: AgentGauges
  /// Goes with the first batch that finds room.
  private var host: HostReport?
  /// What a full queue left behind, for the next batch.
  private var leftOver = RecordBatch()
  private var sampleCounter = 0

  init(queue: BatchQueue, ledger: Ledger, gauges: AgentGauges, host: HostReport?) {
    self.queue = queue
    self.ledger = ledger
    self.gauges = gauges
    self.host = host
  }

  /// Counts losses and lets them travel with the next batch.
  mutating func note(_ entries: [LossEntry]) {
    ledger.add(entries)
    leftOver.losses += entries
  }

  /// Gives `batch` away, or of a full queue the part that must not be lost to the next one.
  mutating func push(_ batch: inout RecordBatch, level: LoadGuard.Level, now: Timestamp) {
    if level >= .sampling { sample(&batch, now) }
    ledger.add(batch.losses)
    batch.host = host
    batch.losses += leftOver.losses
    batch.processes += leftOver.processes
    batch.endedProcesses += leftOver.endedProcesses
    leftOver = RecordBatch()
    if queue.push(batch, time: now) {
      host = nil
    } else {
      keep(batch, now)
    }
    gauges.update { $0.queuedBatches = queue.count }
  }

  private mutating func keep(_ batch: RecordBatch, _ now: Timestamp) {
    leftOver = batch.essence(limit: Self.leftOverLimit, now: now)
    leftOver.host = nil
    let records =
      batch.calls.count + batch.metrics.count + batch.flows.count + batch.networkMetrics.count
    note(Self.lost(UInt64(records), .batchFull, now))
  }

  /// What the uplink's ledger says of records that never reached it.
  private static func lost(
    _ count: UInt64, _ reason: LossReason, _ now: Timestamp
  ) -> [LossEntry] {
    var tally = Tally()
    tally.received = count
    tally.drop(reason, count: count)
    return tally.entries(stage: .uplink, time: Timestamp(seconds: now.seconds))
  }

  /// Keeps one call or flow record in ``sampleOf``; the texts of the others travel on, unreferenced.
  private mutating func sample(_ batch: inout RecordBatch, _ now: Timestamp) {
    let before = batch.calls.count + batch.flows.count
    var counter = sampleCounter
    batch.calls.removeAll { _ in
      counter += 1
      return counter % Self.sampleOf != 0
    }
    batch.flows.removeAll { _ in
      counter += 1
      return counter % Self.sampleOf != 0
    }
    sampleCounter = counter % Self.sampleOf
    let left = batch.calls.count + batch.flows.count
    batch.losses += Self.lost(UInt64(before - left), .shedLoad, now)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension [LossEntry] {
  /// Adds entries up by stage and reason, at the time of the last of them, when there are more than
  /// `limit`: what was lost when is told less exactly then, how much is told as it is.
  mutating func fold(beyond limit: Int) {
    guard count > limit else { return }
    var folded: [LossEntry] = []
    for entry in self {
      guard
        let index = folded.firstIndex(where: {
          $0.stage == entry.stage && $0.reason == entry.reason
        })
      else {
        folded.append(entry)
        continue
      }
      if entry.time.nanoseconds > folded[index].time.nanoseconds { folded[index].time = entry.time }
      folded[index].received &+= entry.received
      folded[index].passed &+= entry.passed
      folded[index].dropped &+= entry.dropped
    }
    self = folded
  }
}

extension RecordBatch {
  /// What must not be lost with a batch's records: the ledger, and who is who. Of the descriptions the
  /// newest `limit` are kept, and those that go are counted.
  func essence(limit: Int, now: Timestamp) -> RecordBatch {
    var kept = RecordBatch()
    kept.host = host
    kept.losses = losses
    kept.processes = Array(processes.suffix(limit))
    kept.endedProcesses = Array(endedProcesses.suffix(limit))
    let lost =
      processes.count - kept.processes.count + endedProcesses.count - kept.endedProcesses.count
    if lost > 0 {
      let time = Timestamp(seconds: now.seconds)
      // They were counted as passed on when they were made.
      kept.losses.append(
        LossEntry(time: time, stage: .processes, received: UInt64(lost), passed: 0))
      kept.losses.append(
        LossEntry(time: time, stage: .processes, reason: .batchFull, dropped: UInt64(lost)))
    }
    kept.losses.fold(beyond: limit)
    return kept
  }
}

// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import Telemetry

/// What every stage of this agent received, passed and dropped since the start.
package final class Ledger: Sendable {
  private struct Key: Hashable {
    var stage: Stage
    var reason: LossReason
  }

  private struct Passage {
    var received: UInt64 = 0
    var passed: UInt64 = 0
  }

  private struct Totals {
    var passages: [Stage: Passage] = [:]
    var dropped: [Key: UInt64] = [:]
  }

  private let totals = Mutex(Totals())

  package init() {}

  package func add(_ losses: [LossEntry]) {
    guard !losses.isEmpty else { return }
    totals.withLock { totals in
      for loss in losses {
        totals.passages[loss.stage, default: Passage()].received &+= loss.received
        totals.passages[loss.stage, default: Passage()].passed &+= loss.passed
        if loss.dropped > 0 {
          totals.dropped[Key(stage: loss.stage, reason: loss.reason), default: 0] &+= loss.dropped
        }
      }
    }
  }

  /// Prometheus text (exposition format 0.0.4). Every stage up to the uplink is there from the
  /// start, so that a rate never begins with a hole.
  package var text: String {
    let (passages, dropped) = totals.withLock { ($0.passages, $0.dropped) }
    let first: [Stage] = [.probes, .ring, .conversations, .calls, .rollup, .uplink]
    let stages =
      first
      + passages.keys.filter { !first.contains($0) }
      .sorted { $0.rawValue < $1.rawValue }
    var text = "# TYPE metaflow_stage_received_total counter\n"
    for stage in stages {
      text += "metaflow_stage_received_total{stage=\"\(stage.name)\"} "
      text += "\(passages[stage]?.received ?? 0)\n"
    }
    text += "# TYPE metaflow_stage_passed_total counter\n"
    for stage in stages {
      text += "metaflow_stage_passed_total{stage=\"\(stage.name)\"} "
      text += "\(passages[stage]?.passed ?? 0)\n"
    }
    text += "# TYPE metaflow_stage_dropped_total counter\n"
    let order = dropped.sorted {
      ($0.key.stage.rawValue, $0.key.reason.rawValue)
        < ($1.key.stage.rawValue, $1.key.reason.rawValue)
    }
    for (key, count) in order {
      text += "metaflow_stage_dropped_total{stage=\"\(key.stage.name)\","
      text += "reason=\"\(key.reason.name)\"} \(count)\n"
    }
    return text
  }
}

extension Tally {
  /// The entries of this tally; none when it is empty.
  func entries(stage: Stage, time: Timestamp) -> [LossEntry] {
    var entries: [LossEntry] = []
    if received > 0 || passed > 0 {
      entries.append(LossEntry(time: time, stage: stage, received: received, passed: passed))
    }
    for drop in dropped {
      entries.append(LossEntry(time: time, stage: stage, reason: drop.reason, dropped: drop.count))
    }
    return entries
  }
}

// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import Telemetry

/// What every stage of this agent received, passed and dropped since the start.
package final class Ledger: Sendable {
  private let totals = Mutex<[Stage: Tally]>([:])

  package init() {}

  package func add(_ losses: [LossEntry]) {
    guard !losses.isEmpty else { return }
    totals.withLock { totals in
      for loss in losses {
        totals[loss.stage, default: Tally()].received &+= loss.received
        totals[loss.stage, default: Tally()].passed &+= loss.passed
        totals[loss.stage, default: Tally()].drop(loss.reason, count: loss.dropped)
      }
    }
  }

  /// The stages of the pipeline, in its order and there from the start, so that a rate never begins
  /// with a hole; then all others that counted something.
  package var tallies: [(stage: Stage, tally: Tally)] {
    let totals = totals.withLock { $0 }
    let first: [Stage] = [.probes, .ring, .conversations, .calls, .rollup, .uplink]
    let others = totals.keys.filter { !first.contains($0) }.sorted { $0.rawValue < $1.rawValue }
    return (first + others).map { ($0, totals[$0] ?? Tally()) }
  }
}

extension Ledger {
  /// What was counted so far, a stage or a reason a line.
  var text: String {
    var text = ""
    for (stage, tally) in tallies {
      text += "\(stage.name) received \(tally.received) passed \(tally.passed)\n"
      for drop in tally.dropped {
        text += "\(stage.name) dropped \(drop.count) \(drop.reason.name)\n"
      }
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

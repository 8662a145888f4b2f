// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What the stages of a ``FlowPipeline`` did with what they were given. Every tally balances after
/// every call.
package struct FlowTallies: Hashable, Sendable {
  /// Data events, and gaps in a stream that a parser would have had to read, one each.
  package var conversations = Tally()
  /// Bytes of streams that a parser would have had to read and that were not copied: all that come in
  /// are lost.
  package var bytes = Tally()
  /// Calls: requests, and responses without one.
  package var calls = Tally()
  /// Calls counted in a second's row, and again in a minute's.
  package var rollup = Tally()

  /// Flow records of connections that do not leave the host.
  package var flows = Tally()

  package init() {}

  /// Appends the entries of these tallies to `losses`: nothing for a stage that was given nothing.
  package func append(to losses: inout [LossEntry], time: Timestamp) {
    for (stage, tally) in [
      (Stage.conversations, conversations), (.bytes, bytes), (.calls, calls), (.rollup, rollup),
      (.flows, flows),
    ] {
      tally.append(to: &losses, stage: stage, time: time)
    }
  }
}

extension Tally {
  /// Appends the entries of what `stage` did: nothing when it was given nothing.
  func append(to losses: inout [LossEntry], stage: Stage, time: Timestamp) {
    guard received > 0 else { return }
    losses.append(LossEntry(time: time, stage: stage, received: received, passed: passed))
    for drop in dropped {
      losses.append(LossEntry(time: time, stage: stage, reason: drop.reason, dropped: drop.count))
    }
  }

  mutating func pass(_ count: UInt64 = 1) {
    received &+= count
    passed &+= count
  }

  /// Counts something that came in and went no further.
  mutating func lose(_ reason: LossReason, count: UInt64 = 1) {
    received &+= count
    drop(reason, count: count)
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What the stages of a ``PacketPipeline`` did with what they were given. Every tally balances after
/// every call.
package struct PacketTallies: Hashable, Sendable {
  /// Captured frames.
  package var frames = Tally()
  /// TCP segments with payload. Repeated bytes that bring nothing count as passed.
  package var segments = Tally()
  /// Segments and datagrams with payload that were offered to a protocol, and gaps that a parser would
  /// have had to read, one each.
  package var conversations = Tally()
  /// Calls: requests, and responses without one.
  package var calls = Tally()
  /// Calls, and flows' figures, counted in a second's row, and again in a minute's.
  package var rollup = Tally()
  /// Flow reports, and packets that found no room for their flow.
  package var flows = Tally()

  package init() {}

  /// Appends the entries of these tallies to `losses`: nothing for a stage that was given nothing.
  package func append(to losses: inout [LossEntry], time: Timestamp) {
    for (stage, tally) in [
      (Stage.frames, frames), (.segments, segments), (.conversations, conversations),
      (.calls, calls), (.rollup, rollup), (.flows, flows),
    ] {
      tally.append(to: &losses, stage: stage, time: time)
    }
  }
}

extension Tally {
  mutating func add(_ other: Tally) {
    received &+= other.received
    passed &+= other.passed
    for entry in other.dropped { drop(entry.reason, count: entry.count) }
  }
}

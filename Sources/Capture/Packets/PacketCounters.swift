// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What became of the frames since the session began.
///
/// When nothing is under way, `seen == received + dropped + malformed`, and
/// `received == passed + limited`.
package struct PacketCounters: Hashable, Sendable {
  /// Frames that the kernel's filter let through.
  package var seen: UInt64 = 0
  /// Of these, frames that found no room in a ring.
  package var dropped: UInt64 = 0
  /// Frames read from the rings.
  package var received: UInt64 = 0
  /// Frames of ``received`` that were handed on.
  package var passed: UInt64 = 0
  /// Frames of ``received`` beyond the rate limit.
  package var limited: UInt64 = 0
  /// Frames that contradict the ring's layout.
  package var malformed: UInt64 = 0

  package init() {}

  /// What was done between `earlier` and now, as the stage `packets`. Frames count as received when
  /// they are off the ring, so that every interval balances.
  package func tally(since earlier: PacketCounters) -> Tally {
    var tally = Tally()
    tally.passed = passed &- earlier.passed
    tally.drop(.ringFull, count: dropped &- earlier.dropped)
    tally.drop(.packetRate, count: limited &- earlier.limited)
    tally.drop(.malformedEvent, count: malformed &- earlier.malformed)
    tally.received = tally.passed &+ tally.droppedTotal
    return tally
  }
}

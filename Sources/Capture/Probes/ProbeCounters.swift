// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What the probes did since they were loaded, in the kernel and while reading the ring.
///
/// Every event is accounted for: once the ring is drained,
/// `seen == received + malformed + ringFull + lookupFailed`.
package struct ProbeCounters: Hashable, Sendable {
  /// Events that passed the filters and were not muted, counted in the kernel.
  package var seen: UInt64 = 0
  /// Calls on muted sockets, which are no events.
  package var muted: UInt64 = 0
  /// Events lost because the ring was full.
  package var ringFull: UInt64 = 0
  /// Events lost because what describes them could not be found.
  package var lookupFailed: UInt64 = 0
  /// Entries that a kernel map had no room for; not by itself a lost event.
  package var mapFull: UInt64 = 0
  /// Events without the payload they should have had; not lost.
  package var payloadUnreadable: UInt64 = 0
  /// Times that a probe was not run, because it was running on the CPU already.
  package var missed: UInt64 = 0
  /// Events handed to the consumer.
  package var received: UInt64 = 0
  /// Ring records that could not be understood.
  package var malformed: UInt64 = 0

  package init() {}

  /// The same as a stage's tally: received is what the kernel saw, passed what was handed on.
  package var tally: Tally {
    var tally = Tally()
    tally.received = seen &+ missed
    tally.drop(.probeMissed, count: missed)
    tally.passed = received
    tally.drop(.ringFull, count: ringFull)
    tally.drop(.lookupFailed, count: lookupFailed)
    tally.drop(.malformedEvent, count: malformed)
    return tally
  }
}

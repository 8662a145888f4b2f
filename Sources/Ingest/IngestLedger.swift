// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import Telemetry

/// What ingest did since the start of the program, for `/metrics`.
package struct IngestStatistics: Hashable, Sendable {
  /// Records, by what became of them between the wire and the store.
  package var ingest = Tally()
  /// Records, by what the store did with them.
  package var store = Tally()
  /// Batches that were taken, that came again, and that were refused.
  package var batches: UInt64 = 0
  package var repeatedBatches: UInt64 = 0
  package var malformedFrames: UInt64 = 0
  /// Bodies of sources that were taken, with their records, and that were refused.
  package var bodies: UInt64 = 0
  package var bodyRecords: UInt64 = 0
  package var refusedBodies: UInt64 = 0
  /// Records of bodies that were taken without them.
  package var leftOutRecords: UInt64 = 0
  /// Connections now, and those that were refused because there were too many.
  package var connections = 0
  package var refusedConnections: UInt64 = 0
  /// Connections that were closed because their identity is another agent's too, and because a
  /// frame of theirs did not come to its end while others waited.
  package var sharedIdentities: UInt64 = 0
  package var slowFrames: UInt64 = 0
  /// Segments stored, attempts that failed, and segments that were set aside.
  package var segments: UInt64 = 0
  package var storeFailures: UInt64 = 0
  package var segmentsSetAside: UInt64 = 0
  /// Why nothing is stored at the moment; nil when the last attempt succeeded.
  package var storeFault: String?
  /// How long segments waited because the host was busy.
  package var millisecondsGivenWay: UInt64 = 0
  /// Bytes of the journal that wait to be written, and for the store.
  package var queuedBytes = 0
  package var sealedBytes = 0

  package init() {}
}

/// Counts what ingest does, from any thread.
package final class IngestLedger: Sendable {
  private struct State {
    var statistics = IngestStatistics()
    /// Dropped before the journal, not yet in the stored ledger.
    var refused = Tally()
  }

  private let state = Mutex(State())

  package init() {}

  package var statistics: IngestStatistics { state.withLock { $0.statistics } }

  package func count(_ change: (inout IngestStatistics) -> Void) {
    state.withLock { change(&$0.statistics) }
  }

  /// Counts a frame that was refused, with the records it said it had.
  package func refuse(_ reason: LossReason, records: UInt64) {
    state.withLock { state in
      state.statistics.malformedFrames += 1
      state.refused.received += records
      state.refused.drop(reason, count: records)
    }
  }

  /// Counts records of a body that was taken without them.
  func leaveOut(_ reason: LossReason, records: UInt64) {
    guard records > 0 else { return }
    state.withLock { state in
      state.refused.received += records
      state.refused.drop(reason, count: records)
    }
  }

  /// The refusals since the last call, for the stored ledger.
  func takeRefused() -> Tally {
    state.withLock { state in
      defer { state.refused = Tally() }
      state.statistics.ingest.add(state.refused)
      return state.refused
    }
  }
}

extension Tally {
  /// Counts what `other` counted as well.
  package mutating func add(_ other: Tally) {
    received &+= other.received
    passed &+= other.passed
    for drop in other.dropped { self.drop(drop.reason, count: drop.count) }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Wire

/// How the journal trades latency, safety and room.
package struct JournalLimits: Hashable, Sendable {
  /// Whether a batch is on the disk, rather than with the kernel, before it is acknowledged. Without
  /// it a dying machine (not a dying server) loses the last batches.
  package var isSynchronous = true
  /// Batches that come within this many milliseconds share one wait for the disk.
  package var groupMilliseconds = 20
  /// A segment is handed to the store when its first batch is this old, ... An insert costs the store
  /// the same for one row as for a thousand, so this is what a quiet host pays for; and how late a
  /// row shows.
  package var segmentMilliseconds = 2_000
  /// ... or it holds this many bytes, ...
  package var segmentBytes = 16 << 20
  /// ... or records.
  package var segmentRecords = 50_000
  /// Bytes of batches that wait to be written. Beyond it agents are not read from.
  package var queueBytes = 32 << 20
  /// Bytes of segments that wait for the store. Beyond it agents are not read from.
  package var storedBytes = 4 << 30
  /// Milliseconds between two attempts when the disk refuses.
  package var retryMilliseconds = 250

  /// Bytes of one body.
  package static let bodyBytes = WireLimits.frameBytes

  package init() {}
}

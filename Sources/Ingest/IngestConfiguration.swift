// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// How telemetry is taken in.
package struct IngestConfiguration: Hashable, Sendable {
  /// Where agents connect to.
  package var host = "127.0.0.1"
  /// 0 for any free port.
  package var port = 20_033
  /// The journal's directory.
  package var journalDirectory: String
  package var journal = JournalLimits()
  /// Below 1,024; tells the rows of several servers apart.
  package var serverID: UInt16 = 0
  package var maximumConnections = 1_024
  /// Bytes that all connections together may hold of large frames that are not whole yet.
  package var frameBytes = 128 << 20
  /// Milliseconds that such a frame may take to come while others wait for its room.
  package var frameMilliseconds: Int64 = 2_000
  /// Seconds for a connection's hello, and of silence after it (an agent pings before that).
  package var helloSeconds: Int64 = 10
  package var idleSeconds: Int64 = 300
  /// Longest wait between two attempts to reach the store.
  package var storeRetrySeconds = 15.0
  /// How long each table keeps its rows: what is older is dropped as it comes.
  package var retention = RetentionHours()
  /// How often the store is asked for rows that it has something against before it is asked for
  /// halves of them, and the disk for a segment before the next one has its turn.
  package var storeRefusals = 8
  /// Records that are stored together at most: what a hostile segment may make us hold at once.
  package var chunkRecords = 131_072
  /// Whether the store rests while others want the host's processors.
  package var givesWay = false
  /// Least seconds between two checkpoints of the store. Until the next one, what is stored is kept
  /// in the journal too, and stored once more after a power cut.
  package var checkpointSeconds = 1.0
  /// How long a stop waits for the store to take what is in the journal; the rest waits for the
  /// next start.
  package var drainSeconds = 5.0

  package init(journalDirectory: String) {
    self.journalDirectory = journalDirectory
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Logging
package import Telemetry

/// Where bodies come in: agents' frames here, HTTP in the server (``Ingest/take(_:_:as:from:)``). What a
/// body means is its ``IngestFormat``'s to say.
///
/// A listener takes what it is sent, bounds it, and submits it to the journal; it acknowledges to its
/// sender only what the journal completed. It never talks to the store.
package protocol IngestListener: Sendable {
  /// Short name for logs and counters.
  var name: String { get }

  /// Begins to listen. Returns when senders can connect.
  ///
  /// - Throws: ``IngestError`` when it cannot, with what to do about it.
  func start(_ intake: Intake) async throws(IngestError)

  /// Takes nothing more and drops its connections; what was submitted stays submitted.
  func stop() async
}

/// What a listener works with.
package struct Intake: Sendable {
  package let journal: Journal
  package let catalog: Catalog
  package let ledger: IngestLedger
  package let logger: Logger
  package let presence: PresenceBoard
  package let watchers: ClusterWatchers
  package let resources: ResourceBook
  package let now: @Sendable () -> Timestamp
}

/// Why ingest cannot start.
package enum IngestError: Error, Hashable, CustomStringConvertible {
  case cannotListen(address: String, reason: String)
  case journal(JournalError)
  case catalog(CatalogError)

  package var description: String {
    switch self {
    case .cannotListen(let address, let reason):
      "cannot listen on \(address): \(reason); give another --ingest HOST:PORT"
    case .journal(let error): "\(error)"
    case .catalog(let error): "\(error)"
    }
  }
}

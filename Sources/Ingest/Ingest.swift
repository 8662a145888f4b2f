// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Dispatch
package import Logging
package import Storage
import Synchronization
package import Telemetry
import Wire

/// Takes in what agents and sources send, and brings it to the store: from agents exactly once, from
/// sources, which do not count what they send, at least once.
///
///     listeners -> journal (acknowledged here) -> catalog -> column batches -> store
package final class Ingest: Sendable {
  package let journal: Journal
  package let ledger = IngestLedger()
  private let board: PresenceBoard
  private let configuration: IngestConfiguration
  let catalog: Catalog
  private let storage: any StorageBackend
  private let logger: Logger
  private let now: @Sendable () -> Timestamp
  private let agents: AgentFrames
  let reader = SharedReader()
  /// Who watches which cluster, and what watchers have told.
  package let watchers = ClusterWatchers()
  package let resources = ResourceBook(isWritten: true)

  /// Opens the journal and takes over what a server before left in it.
  package init(
    _ configuration: IngestConfiguration, catalog: Catalog, storage: any StorageBackend,
    logger: Logger, now: @escaping @Sendable () -> Timestamp
  ) throws(IngestError) {
    self.configuration = configuration
    self.catalog = catalog
    self.storage = storage
    self.logger = logger
    self.now = now
    board = PresenceBoard(now: now)
    agents = AgentFrames(configuration)
    do throws(JournalError) {
      journal = try Journal(
        path: configuration.journalDirectory, limits: configuration.journal, logger: logger)
    } catch {
      throw .journal(error)
    }
    do throws(CatalogError) {
      let unread = try resources.restore(from: catalog) { try? ResourceReport(encoded: $0) }
      guard unread > 0 else { return }
      logger.warning(
        "Some resources in the catalog cannot be read; a watcher tells them again.",
        metadata: ["resources": "\(unread)"])
    } catch {
      throw .catalog(error)
    }
  }

  /// Runs until the task is cancelled. Then listeners stop, and the store gets ``
  /// IngestConfiguration/drainSeconds`` to take what is in the journal.
  ///
  /// - Parameter ready: called once, when agents can connect.
  package func run(ready: @Sendable () -> Void = {}) async throws(IngestError) {
    let intake = Intake(
      journal: journal, catalog: catalog, ledger: ledger, logger: logger, presence: board,
      watchers: watchers, resources: resources, now: now)
    let storing = Task {
      [journal, catalog, resources, storage, ledger, logger, configuration, now] in
      var storer = SegmentStorer(
        journal: journal, catalog: catalog, resources: resources, storage: storage,
        ledger: ledger, logger: logger, configuration: configuration, now: now)
      await storer.run()
    }
    var failure: IngestError?
    do throws(IngestError) {
      try await agents.start(intake)
      ready()
      await Self.waitForCancellation()
    } catch {
      failure = error
    }
    await agents.stop()
    journal.stop()
    let deadline = Task { [seconds = configuration.drainSeconds] in
      try await Task.sleep(for: .seconds(seconds))
      storing.cancel()
    }
    await storing.value
    deadline.cancel()
    if let failure { throw failure }
  }

  /// Every agent that was here since the start, by its number.
  package var presence: [UInt16: AgentPresence] { board.presence }

  /// Counters since the start.
  package var statistics: IngestStatistics {
    var statistics = ledger.statistics
    (statistics.queuedBytes, statistics.sealedBytes) = journal.backlog
    return statistics
  }

  /// The port that agents connect to, once ``run(ready:)`` listens; nil before.
  package var port: Int? { agents.port }

  /// The numbers of the agents that are connected now, ascending.
  package var connectedAgents: [UInt16] { agents.connectedAgents.sorted() }

  private static func waitForCancellation() async {
    let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
    await withTaskCancellationHandler {
      for await _ in stream {}
    } onCancel: {
      continuation.finish()
    }
  }
}

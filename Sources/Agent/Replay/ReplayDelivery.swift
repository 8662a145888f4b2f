// SPDX-License-Identifier: Apache-2.0

import Capture
package import ConfigurationFile
package import Logging
import NIOCore
import NIOPosix
import Protocols
package import Replay
import Telemetry
import Wire

/// Sends the spool of a replay to a server, as an agent sends its own.
///
/// Every batch has its number, which the server remembers: what is sent again after an interruption
/// is stored once.
package struct ReplayDelivery: Sendable {
  /// Without a connection, or without an acknowledgement, for this long, the delivery gives up.
  private static let patience = Duration.seconds(20)
  private static let lookEvery = Duration.milliseconds(50)

  private let server: NetworkAddress
  private let directory: String
  private let logger: Logger

  /// What became of the records.
  package struct Outcome: Hashable, Sendable {
    package var batches = 0
    /// Records in batches that the server refused.
    package var refused: UInt64 = 0
  }

  package init(server: NetworkAddress, directory: String, logger: Logger) {
    self.server = server
    self.directory = directory
    self.logger = logger
  }

  /// Sends until everything is acknowledged.
  ///
  /// - Parameters:
  ///   - isStopped: says whether the user wants to stop.
  ///   - progress: told how many batches are delivered, and how many there are.
  /// - Throws: when the server does not take it or the user stops; the spool then keeps what is
  ///   left.
  package func run(
    isStopped: @escaping @Sendable () -> Bool, progress: (Int, Int) -> Void
  ) async throws(ReplayError) -> Outcome {
    let host = HostReader.report()
    let spool: Spool
    do throws(SpoolError) {
      spool = try ReplaySpool.open(directory)
    } catch {
      throw ReplayError(.output, error.description)
    }
    let total = spool.count
    let gauges = AgentGauges()
    let identity = spool.identity
    let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: gauges)
    let hello = Hello(
      identity: identity, bootID: host.bootID,
      // By this the server knows that nobody is missed when the connection ends.
      hostname: host.hostname + " (replay)",
      agentVersion: Agent.version,
      protocols: builtInProtocols.spoken.map {
        AnnouncedProtocol(number: $0.number, name: $0.name)
      })
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let uplink = Uplink(
      server: server, hello: hello, outbox: outbox, group: group, logger: logger)
    let sending = Task { await uplink.run() }
    let failure = await wait(gauges, total: total, isStopped, progress)
    sending.cancel()
    await sending.value
    try? await group.shutdownGracefully()
    if let failure { throw failure }
    return Outcome(batches: total, refused: await outbox.account.droppedTotal)
  }

  /// Nil once everything is acknowledged; else why it will not be.
  private func wait(
    _ gauges: AgentGauges, total: Int, _ isStopped: @Sendable () -> Bool,
    _ progress: (Int, Int) -> Void
  ) async -> ReplayError? {
    var left = total
    var lastMove = ContinuousClock.now
    while left > 0 {
      try? await Task.sleep(for: Self.lookEvery)
      let now = gauges.current
      if now.spoolBatches < left {
        left = now.spoolBatches
        lastMove = .now
      }
      progress(total - left, total)
      if isStopped() {
        return ReplayError(.interrupted, "stopped; \(total - left) of \(total) batches were sent.")
      }
      if ContinuousClock.now - lastMove > Self.patience {
        return ReplayError(
          .server,
          now.isConnected
            ? "the server at \(server) has acknowledged nothing for 20 s; \(total - left) of "
              + "\(total) batches were sent."
            : "no connection to the server at \(server) for 20 s; \(total - left) of \(total) "
              + "batches were sent.")
      }
    }
    return nil
  }
}

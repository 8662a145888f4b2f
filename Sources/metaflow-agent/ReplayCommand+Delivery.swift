// SPDX-License-Identifier: Apache-2.0

import Agent
import ConfigurationFile
import Glibc
import Logging
import Replay
import Telemetry

/// `metaflow-agent replay --server`.
extension ReplayCommand {
  /// Sends the files' records, or what is left of an earlier delivery.
  func deliver(to server: NetworkAddress, until signals: StopSignals) async throws {
    var faults: ReplaySummary?
    let folder: String
    if let resume {
      guard ReplaySpool.isThere(resume) else {
        throw ReplayError(.input, "\(resume) holds nothing that could be sent.")
      }
      folder = resume
    } else {
      folder = try ReplaySpool.make()
      do {
        faults = try collect(in: folder, until: signals)
      } catch {
        ReplaySpool.remove(folder)
        throw error
      }
    }
    try await send(folder, to: server, until: signals)
    if let faults { try check(faults) }
  }

  /// Reads the files into a spool.
  private func collect(in folder: String, until signals: StopSignals) throws -> ReplaySummary {
    let prepared = try replay(until: signals.isStopped)
    let plugins = prepared.1
    var replay = prepared.0
    replay.packetsPerBatch = 8_192
    replay.isPrompt = false
    let now = ReplaySpool.now()
    if times == .now, let end = replay.latestTime() { replay.shift = now - end }
    var sink = try SpoolSink(
      directory: folder, RecordSelection(records) ?? .all, now: now, isStopped: signals.isStopped)
    var progress = ReplayProgress(to: STDERR_FILENO)
    let begun = ContinuousClock.now
    let summary = try replay.run(into: &sink, progress: &progress)
    conclude(summary, replay, plugins, since: begun)
    if let warning = sink.warning { say("metaflow-agent: warning: \(warning)") }
    return summary
  }

  private func send(
    _ folder: String, to server: NetworkAddress, until signals: StopSignals
  ) async throws {
    var logger = Logger(label: "metaflow-agent") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .warning
    var progress = ReplayProgress(to: STDERR_FILENO)
    let delivery = ReplayDelivery(server: server, directory: folder, logger: logger)
    do {
      let outcome = try await delivery.run(isStopped: signals.isStopped) { done, total in
        progress.say("sending: \(done) of \(total) batches")
      }
      progress.end()
      ReplaySpool.remove(folder)
      say("sent      \(outcome.batches) batches to \(server)")
      guard outcome.refused == 0 else {
        throw ReplayError(.server, "the server refused \(grouped(outcome.refused)) records.")
      }
    } catch let error as ReplayError where error.kind != .server || ReplaySpool.isThere(folder) {
      progress.end()
      throw ReplayError(
        error.kind,
        error.description
          + " The rest is kept; go on with: metaflow-agent replay --server \(server) --resume "
          + folder)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Protocols
import Telemetry

/// Tells the server twice a minute who of this host is seen, who is not, and why.
struct CoverageWatch {
  /// Until the first report, and between two.
  private static let (first, pause) = (Duration.seconds(5), Duration.seconds(30))

  let configuration: AgentConfiguration
  let gauges: AgentGauges
  let outbox: Outbox

  /// Until the task is cancelled.
  func run() async {
    var book = CoverageBook()
    let reader = ProcessReader()
    var wait = Self.first
    while true {
      do { try await Task.sleep(for: wait) } catch { return }
      wait = Self.pause
      let notes = gauges.coverage.take()
      book.add(notes.entries, leftOut: notes.leftOut)
      let host = CoverageBook.Host(
        describe: { reader.report(of: $0) }, usesRing: { reader.usesRing($0) },
        isLockedDown: ProcessReader.isLockedDown)
      let rows = Self.hostRows(
        notes.hooks, configuration, gauges.current, isLockedDown: host.isLockedDown)
      await outbox.tell(
        book.report(rows, libraries: notes.libraries, host, now: Timestamp.timeOfDay()))
    }
  }

  /// What is so of the whole host.
  ///
  /// - Parameter hooks: nil where there are no probes.
  static func hostRows(
    _ hooks: [HookReport]?, _ configuration: AgentConfiguration, _ gauges: AgentGauges.Values,
    isLockedDown: Bool
  ) -> [CoverageReport.Row] {
    var rows: [CoverageReport.Row] = []
    for hook in hooks ?? [] {
      let subject = "\(hook.name): \(hook.shows)"
      switch hook.state {
      case .absent: rows.append(.init(gap: .hookAbsent, subject: subject))
      case .refused: rows.append(.init(gap: .hookRefused, subject: subject))
      case .on, .notNeeded: continue
      }
    }
    if hooks == nil { rows.append(.init(gap: .withoutProbes)) }
    if isLockedDown { rows.append(.init(gap: .lockedDown)) }
    if !configuration.protocols.isEmpty {
      let names = configuration.protocols.joined(separator: ", ")
      rows.append(.init(gap: .notLookedFor, subject: "all but \(names)"))
    }
    if !configuration.readsTLS {
      rows.append(.init(gap: .switchedOff, subject: "capture.tls: plain text of TLS"))
    }
    if !configuration.packets.isEnabled {
      rows.append(.init(gap: .switchedOff, subject: "capture.packets: flows and their figures"))
    }
    switch gauges.shedding {
    case .normal: break
    case .lean: rows.append(.init(gap: .sheddingLoad, subject: "less of each message is read"))
    case .sampling: rows.append(.init(gap: .sheddingLoad, subject: "one call record in eight"))
    case .paused: rows.append(.init(gap: .sheddingLoad, subject: "nothing is read"))
    }
    if gauges.processID != 0 {
      let own = ProcessKey(pid: gauges.processID, startedAfterBoot: 0)
      rows.append(.init(process: own, name: "metaflow-agent", gap: .ignored))
    }
    return rows
  }
}

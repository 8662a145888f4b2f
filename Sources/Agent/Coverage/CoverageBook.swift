// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry

/// What is known of who is seen: the notes of the agent's life, as long as their processes live.
struct CoverageBook {
  /// What the book asks the host.
  struct Host {
    /// Who a process is; nil when it is gone.
    var describe: (ProcessKey) -> ProcessReport?
    /// Whether it moves bytes by io_uring.
    var usesRing: (UInt32) -> Bool
    var isLockedDown = false
  }

  /// Kinds of conversations that are remembered.
  static let limit = 8_192

  private var counts: [ProcessCoverage.Entry: UInt64] = [:]
  private var leftOut: UInt64 = 0

  mutating func add(_ entries: [ProcessCoverage.Entry], leftOut more: UInt64) {
    leftOut += more
    for entry in entries {
      var key = entry
      key.conversations = 0
      if counts[key] == nil, counts.count >= Self.limit {
        leftOut += entry.conversations
      } else {
        counts[key, default: 0] += entry.conversations
      }
    }
  }

  /// Everything that is known, what is not seen first. What processes left behind that are gone is told
  /// once more, without their names, and forgotten.
  ///
  /// - Parameter hostRows: what is so of the whole host.
  mutating func report(
    _ hostRows: [CoverageReport.Row], libraries: [LibraryUse], _ host: Host, now: Timestamp
  ) -> CoverageReport {
    var rows: [CoverageReport.Row: UInt64] = [:]
    for (process, entries) in Dictionary(grouping: counts.keys, by: \.process) {
      guard let who = host.describe(process) else {
        for entry in entries {
          let count = counts.removeValue(forKey: entry) ?? 0
          guard entry.gap != .none else { continue }
          rows[row(entry, .unknown, "(ended)", []), default: 0] += count
        }
        continue
      }
      let own = libraries.filter { $0.processes.contains(Int32(bitPattern: process.pid)) }
      let plainPorts = Set(entries.filter(\.isPlain).map(\.port))
      for entry in entries where entry.gap != .cipherText || !plainPorts.contains(entry.port) {
        rows[row(entry, process, who.name, own), default: 0] += counts[entry] ?? 0
      }
      if host.usesRing(process.pid) {
        rows[CoverageReport.Row(process: process, name: who.name, gap: .ringInUse)] = 0
      }
    }
    var all = hostRows
    for (row, count) in rows {
      var row = row
      row.count = count
      all.append(row)
    }
    all.sort(by: Self.isBefore)
    let left = leftOut + UInt64(max(0, all.count - CoverageReport.mostRows))
    return CoverageReport(
      time: now, rows: Array(all.prefix(CoverageReport.mostRows)), leftOut: left)
  }

  /// - Parameter libraries: Those that the process has.
  private func row(
    _ entry: ProcessCoverage.Entry, _ process: ProcessKey, _ name: String,
    _ libraries: [LibraryUse]
  ) -> CoverageReport.Row {
    var row = CoverageReport.Row(
      process: process, name: name, gap: entry.gap,
      applicationProtocol: entry.applicationProtocol, port: entry.port)
    switch entry.gap {
    case .none: row.subject = entry.isPlain ? "plain text of TLS" : ""
    case .cipherText: Self.blame(libraries, for: &row)
    default: row.subject = ProcessCoverage.text(ofShape: entry.opening)
    }
    return row
  }

  /// Which library it is that keeps the plain text.
  private static func blame(_ libraries: [LibraryUse], for row: inout CoverageReport.Row) {
    for use in libraries {
      row.subject = use.library.path
      switch use.library.state {
      case .refused:
        row.gap = .libraryRefused
        return
      case .unreadable(let reason):
        row.gap = .libraryUnreadable
        row.subject += ": " + reason
        return
      case .on, .gone: continue
      }
    }
  }

  private static func isBefore(_ a: CoverageReport.Row, _ b: CoverageReport.Row) -> Bool {
    if (a.gap == .none) != (b.gap == .none) { return b.gap == .none }
    if a.count != b.count { return a.count > b.count }
    if a.name != b.name { return a.name < b.name }
    if a.process.pid != b.process.pid { return a.process.pid < b.process.pid }
    return (a.gap.rawValue, a.port, a.subject) < (b.gap.rawValue, b.port, b.subject)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Capture
import Telemetry

/// Who the processes are that calls speak of, read while they live.
///
/// A short-lived client is gone before the record of its call is made, so a process is asked for when it
/// begins, or when its first bytes are seen, and its report is kept until a record mentions it. One that
/// is mentioned before its report is there is told by the name of its thread, and again once it is.
///
/// One that was gone before it could be read is what its parent is: a child runs its parent's program
/// until it executes another, which would have been told.
struct ProcessBook {
  /// Reports and names held.
  static let limit = 8_192
  /// Processes told in one batch: what a frame takes, with as many that were carried over.
  static let perBatch = 8_192

  private let lookup: ProcessLookup
  private var reports = RecentTable<ProcessKey, ProcessReport>(limit: Self.limit)
  private var names = RecentTable<ProcessKey, ThreadName>(limit: Self.limit)
  /// Who forked those that have executed nothing since.
  private var parents = RecentTable<ProcessKey, ProcessKey>(limit: Self.limit)
  /// Processes that records have mentioned, and whether all of them was told.
  private var told = RecentTable<ProcessKey, Bool>(limit: 4 * Self.limit)
  private var untold: [ProcessKey] = []
  private var ended: [ProcessKey] = []
  private var found: [ProcessLookup.Found] = []
  /// What became of descriptions since ``takeTally()``.
  private var tally = Tally()

  /// - Parameter read: gives the report of a process; nil when it is gone.
  init(
    read: @escaping @Sendable (ProcessKey) -> ProcessReport? = { [reader = ProcessReader()] key in
      reader.report(of: key)
    }
  ) {
    lookup = ProcessLookup(read)
  }

  /// The process moved bytes.
  mutating func saw(_ process: ProcessKey, threadName: ThreadName) {
    guard process.pid != 0, names[process] == nil else { return }
    names[process] = threadName
    if reports[process] == nil { want(process) }
  }

  /// The process was forked, or, without a parent, runs another program now.
  mutating func started(_ process: ProcessKey, parent: ProcessKey? = nil) {
    reports[process] = nil
    parents[process] = parent
    if let parent, reports[parent] == nil { want(parent) }
    if told[process] != nil { told[process] = false }
    want(process)
  }

  mutating func ended(_ process: ProcessKey) {
    // Beyond that a name is kept until newer ones take its place.
    if ended.count < Self.limit { ended.append(process) }
  }

  private mutating func want(_ process: ProcessKey) {
    guard !lookup.want(process) else { return }
    tally.received += 1
    tally.drop(.processUnread)
  }

  /// Takes in what was read meanwhile.
  mutating func takeReports() {
    lookup.take(into: &found)
    for one in found {
      // Of one that is dead and not waited for yet, /proc has the thread's name and no more.
      let whole = one.report.flatMap { $0.executable.isEmpty && $0.commandLine.isEmpty ? nil : $0 }
      guard let report = whole ?? inherited(by: one.key) ?? one.report, reports[one.key] != report
      else { continue }
      reports[one.key] = report
      guard told[one.key] != nil else { continue }
      told[one.key] = false
      untold.append(one.key)
    }
    found.removeAll(keepingCapacity: true)
  }

  /// The reports of processes that records mention for the first time, and of those told before that
  /// are known better now.
  mutating func describe(_ mentioned: [ProcessKey], now: Timestamp) -> [ProcessReport] {
    takeReports()
    untold.append(contentsOf: mentioned)
    var described: [ProcessReport] = []
    let count = min(untold.count, Self.perBatch)
    for key in untold.prefix(count) {
      if let report = reports[key] {
        guard told[key] != true else { continue }
        told[key] = true
        described.append(report)
      } else {
        if told[key] == nil {
          described.append(bare(key, now: now))
          if names[key] == nil { want(key) }
        }
        told[key] = false
      }
    }
    untold.removeFirst(count)
    tally.received += UInt64(described.count)
    tally.passed += UInt64(described.count)
    return described
  }

  /// Forgets the processes that ended before the batch that was just made.
  mutating func forgetEnded() {
    for key in ended {
      reports[key] = nil
      names[key] = nil
      parents[key] = nil
      told[key] = nil
    }
    ended.removeAll(keepingCapacity: true)
  }

  mutating func takeTally() -> Tally {
    defer { tally = Tally() }
    return tally
  }

  /// Whether everything that was asked for was read.
  var isIdle: Bool { lookup.isIdle }

  func end() { lookup.end() }

  /// What a process was when it was forked; nil when that is not known either.
  private func inherited(by key: ProcessKey) -> ProcessReport? {
    guard let parent = parents[key], var report = reports[parent] else { return nil }
    let later = Int64(clamping: key.startedAfterBoot) - Int64(clamping: parent.startedAfterBoot)
    report.key = key
    report.parentPID = parent.pid
    report.startTime = report.startTime + later * 1_000_000
    if let name = names[key] { report.kernelName = name.description }
    return report
  }

  /// All that is known of a process that was not read yet, or gone before it could be.
  private func bare(_ key: ProcessKey, now: Timestamp) -> ProcessReport {
    let name = names[key]?.description ?? ""
    return ProcessReport(
      key: key, parentPID: 0, startTime: now, name: name, kernelName: name, commandLine: "",
      executable: "", userID: 0, networkNamespace: 0, containerID: "")
  }
}

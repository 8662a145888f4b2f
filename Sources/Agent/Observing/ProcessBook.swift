// SPDX-License-Identifier: Apache-2.0

import Capture
import Telemetry

/// Who the processes are that calls speak of, read while they live.
///
/// A short-lived client is gone before the record of its call is made, so a process is read when it
/// begins, or when its first bytes are seen, and kept until a record mentions it.
struct ProcessBook {
  /// Reports held, and processes that wait to be read, at most.
  static let limit = 8_192
  /// Processes read between two drains of the ring, so that a fork storm does not stall it.
  static let readsPerRound = 64

  private let reader = ProcessReader()
  private var reports: [ProcessKey: ProcessReport] = [:]
  private var names: [ProcessKey: ThreadName] = [:]
  private var told: Set<ProcessKey> = []
  private var waiting: [ProcessKey] = []
  private var ended: [ProcessKey] = []
  private var changed: [ProcessKey] = []

  /// The process moved bytes.
  mutating func saw(_ process: ProcessKey, threadName: ThreadName) {
    guard process.pid != 0, names[process] == nil, names.count < Self.limit else { return }
    names[process] = threadName
    if reports[process] == nil { want(process) }
  }

  /// The process began, or runs another program now.
  mutating func started(_ process: ProcessKey) {
    reports[process] = nil
    if told.contains(process) { changed.append(process) }
    want(process)
  }

  mutating func ended(_ process: ProcessKey) {
    if ended.count < Self.limit { ended.append(process) }
  }

  private mutating func want(_ process: ProcessKey) {
    if waiting.count < Self.limit { waiting.append(process) }
  }

  /// Reads some of the processes that wait.
  mutating func readWaiting() {
    guard !waiting.isEmpty else { return }
    for key in waiting.prefix(Self.readsPerRound) where reports[key] == nil {
      if reports.count >= Self.limit { reports.removeAll(keepingCapacity: true) }
      reports[key] = reader.report(of: key)
    }
    waiting.removeFirst(min(Self.readsPerRound, waiting.count))
  }

  /// The reports of processes that records mention for the first time, and of those told before
  /// that have become other programs.
  mutating func describe(_ mentioned: [ProcessKey], now: Timestamp) -> [ProcessReport] {
    var described: [ProcessReport] = []
    for key in mentioned + changed {
      let report = reports[key] ?? reader.report(of: key) ?? bare(key, now: now)
      reports[key] = report
      if told.count < 4 * Self.limit { told.insert(key) }
      described.append(report)
    }
    changed.removeAll(keepingCapacity: true)
    return described
  }

  /// Forgets the processes that ended before the batch that was just made.
  mutating func forgetEnded() {
    for key in ended {
      reports[key] = nil
      names[key] = nil
      told.remove(key)
    }
    ended.removeAll(keepingCapacity: true)
  }

  /// All that is left of a process that was gone before it could be read.
  private func bare(_ key: ProcessKey, now: Timestamp) -> ProcessReport {
    let name = names[key]?.description ?? ""
    return ProcessReport(
      key: key, parentPID: 0, startTime: now, name: name, kernelName: name, commandLine: "",
      executable: "", userID: 0, networkNamespace: 0, containerID: "")
  }
}

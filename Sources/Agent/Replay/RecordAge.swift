// SPDX-License-Identifier: Apache-2.0

import Replay
import Telemetry

/// Counts the records whose time a server with the default retention will not keep; see
/// ``LossReason/timeOutOfRange``.
struct RecordAge {
  /// Records of one kind, and those of them that are too old or too far ahead.
  private struct Count {
    var all: UInt64 = 0
    var outside: UInt64 = 0
  }

  private struct Window {
    var earliest: Int64
    var latest: Int64

    init(_ table: TableDeclaration, now: Timestamp) {
      let hour: Int64 = 3_600_000_000_000
      earliest = max(0, now.nanoseconds - Int64(table.retentionHours) * hour)
      latest = now.nanoseconds &+ hour
    }

    func contains(_ time: Timestamp) -> Bool {
      time.nanoseconds >= earliest && time.nanoseconds <= latest
    }
  }

  private let callWindow: Window
  private let secondWindow: Window
  private let minuteWindow: Window
  private var calls = Count()
  private var flows = Count()
  private var metrics = Count()

  init(now: Timestamp) {
    callWindow = Window(.callLog, now: now)
    secondWindow = Window(.applicationMapSecond, now: now)
    minuteWindow = Window(.applicationMapMinute, now: now)
  }

  mutating func count(_ batch: borrowing RecordBatch) {
    for index in batch.calls.indices {
      let (start, end) = (batch.calls[index].start, batch.calls[index].end)
      calls.all += 1
      if !callWindow.contains(start) || !callWindow.contains(end) { calls.outside += 1 }
    }
    for index in batch.flows.indices {
      flows.all += 1
      if !callWindow.contains(batch.flows[index].end) { flows.outside += 1 }
    }
    for index in batch.metrics.indices {
      count(batch.metrics[index].time, interval: batch.metrics[index].interval)
    }
    for index in batch.networkMetrics.indices {
      count(batch.networkMetrics[index].time, interval: batch.networkMetrics[index].interval)
    }
  }

  private mutating func count(_ time: Timestamp, interval: UInt32) {
    metrics.all += 1
    let window = interval == 60 ? minuteWindow : secondWindow
    if !window.contains(time) { metrics.outside += 1 }
  }

  var warning: String? {
    let parts = [(calls, "calls"), (flows, "flow reports"), (metrics, "metric rows")]
      .filter { $0.0.outside > 0 }
      .map { "\(grouped($0.0.outside)) of \(grouped($0.0.all)) \($0.1)" }
    guard !parts.isEmpty else { return nil }
    let hours = TableDeclaration.callLog.retentionHours
    return "\(parts.joined(separator: ", ")) are older than a server keeps by default (\(hours) h; "
      + "\(TableDeclaration.applicationMapSecond.retentionHours) h for metrics by the second), or "
      + "more than an hour ahead: it will drop them and count them as time_out_of_range. "
      + "With --times now the capture ends now."
  }
}

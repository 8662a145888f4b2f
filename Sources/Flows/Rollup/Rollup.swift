// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Rolls calls up to one row per key and second, and those to one per key and minute.
///
/// A call counts in the second in which it ended, or was given up. A second stays open for
/// ``FlowLimits/rollupGrace``; a call that comes later still counts in the oldest open second, so
/// that every call counts once and what was emitted is never amended. Minutes are sums of their
/// seconds. A key that finds no room counts in a row of less detail, the last of them that of all others,
/// so that sums are exact whatever comes; the tally says, as `rollupTableFull` beside what was counted,
/// how often that was so.
///
/// When the clock was set back, what is open is over: seconds that come again have rows again.
struct Rollup {
  /// Seconds that can be open at a time; a call from further ahead counts in the last of them.
  private static let window = 8

  private var seconds = Array(repeating: RollupTable(), count: Rollup.window)
  private var minute = RollupTable()
  /// The minute that `minute` is of, in seconds since the epoch.
  private var minuteStart: Int64 = 0
  /// All seconds up to this one are closed; nil before the first call.
  private var closed: Int64?
  /// The rows of an interval that is closed, and which of them is to be emitted next.
  private var leaving = RollupTable()
  private var leavingRow = 0
  private var leavingTime: Int64 = 0
  private var leavingInterval: UInt32 = 1
  /// Stands in for a table that is being closed.
  private let spare = RollupTable()
  private let limits: FlowLimits

  init(limits: FlowLimits) {
    self.limits = limits
  }

  mutating func giveBack(everything: Bool) {
    for table in seconds.indices { seconds[table].giveBack(everything: everything) }
    minute.giveBack(everything: everything)
    leaving.giveBack(everything: everything)
  }

  var footprint: Int {
    seconds.reduce(minute.footprint + leaving.footprint) { $0 + $1.footprint }
  }

  /// Counts a call, whose texts lie in the bytes of `text` from `origin` on. The record is not changed: by
  /// value it would be copied.
  mutating func add(
    _ record: inout CallRecord, textsAt origin: Int, of text: [UInt8], at time: Timestamp,
    tally: inout Tally
  ) {
    let name = record.texts.endpoint
    let (start, length) = (origin + Int(name.offset), Int(name.length))
    let endpoint =
      start + length <= text.count
      ? text.span.clipped(from: start, to: start + length) : Span<UInt8>()
    let key = record.rollupKey
    let table = table(of: time.seconds)
    if seconds[table].countAgain(&record, key, endpoint: endpoint) { return }
    let hash = key.hash(endpoint: endpoint, limits.hashSeed)
    if seconds[table].count(&record, key, endpoint: endpoint, hash: hash) { return }
    var metric = CallMetric(of: &record)
    let hasServer = seconds[table].add(
      &metric, endpoint: endpoint, hash: hash, limit: limits.rollupRowsPerSecond,
      seed: limits.hashSeed)
    if !hasServer { tally.lose(.rollupTableFull) }
  }

  private mutating func table(of second: Int64) -> Int {
    if closed == nil { closed = second - 4 }
    let first = (closed ?? 0) + 1
    let open = min(max(second, first), first + Int64(Self.window) - 1)
    return Self.table(of: open)
  }

  private static func table(of second: Int64) -> Int {
    let remainder = Int(second % Int64(window))
    return remainder < 0 ? remainder + window : remainder
  }

  /// Emits the seconds that are over at `now`, and the minute when its last second is. False when the
  /// batch has no room for all of their rows: take it, and call again.
  @discardableResult
  mutating func close(
    now: Timestamp, into batch: inout RecordBatch, tally: inout Tally
  ) -> Bool {
    guard emit(into: &batch, tally: &tally) else { return false }
    let through = (now + -limits.rollupGrace).seconds - 1
    guard let last = closed else {
      closed = through
      return true
    }
    if through < last {
      guard finish(into: &batch, tally: &tally) else { return false }
      closed = through
      return true
    }
    guard through > last else { return true }
    guard closeSeconds(through: through, into: &batch, tally: &tally) else { return false }
    guard through >= minuteStart + 59 else { return true }
    return closeMinute(into: &batch, tally: &tally)
  }

  /// Emits what the open seconds have so far, where a batch has the rows of its own calls. What it has no
  /// room for comes with the next one.
  mutating func handOn(into batch: inout RecordBatch, tally: inout Tally) {
    guard limits.rollsUpByBatch, emit(into: &batch, tally: &tally), let closed else { return }
    for second in (closed + 1)...(closed + Int64(Self.window)) {
      guard release(second, into: &batch, tally: &tally) else { return }
    }
  }

  /// Emits everything, over or not: nothing will follow. False as ``close(now:into:tally:)``.
  @discardableResult
  mutating func finish(into batch: inout RecordBatch, tally: inout Tally) -> Bool {
    guard emit(into: &batch, tally: &tally) else { return false }
    if let last = closed, !seconds.allSatisfy(\.isEmpty) {
      let end = last + Int64(Self.window)
      guard closeSeconds(through: end, into: &batch, tally: &tally) else { return false }
    }
    return closeMinute(into: &batch, tally: &tally)
  }

  private mutating func closeSeconds(
    through: Int64, into batch: inout RecordBatch, tally: inout Tally
  ) -> Bool {
    let last = closed ?? through
    for second in (last + 1)...min(through, last + Int64(Self.window)) {
      guard closeSecond(second, into: &batch, tally: &tally) else { return false }
    }
    closed = through
    return true
  }

  private mutating func closeSecond(
    _ second: Int64, into batch: inout RecordBatch, tally: inout Tally
  ) -> Bool {
    guard !seconds[Self.table(of: second)].isEmpty else { return true }
    let start = Timestamp(seconds: second).minuteStart
    if !limits.rollsUpByBatch && start != minuteStart {
      guard closeMinute(into: &batch, tally: &tally) else { return false }
      minuteStart = start
    }
    closed = second
    return release(second, into: &batch, tally: &tally)
  }

  /// Emits what a second has, and adds it to its minute. Nothing must be leaving.
  private mutating func release(
    _ second: Int64, into batch: inout RecordBatch, tally: inout Tally
  ) -> Bool {
    let table = Self.table(of: second)
    guard !seconds[table].isEmpty else { return true }
    var closing = spare
    swap(&closing, &leaving)
    swap(&closing, &seconds[table])
    (leavingTime, leavingInterval) = (second, 1)
    for row in closing.rows.indices where !limits.rollsUpByBatch {
      var figures = closing.rows[row]
      let hasServer = minute.add(
        &figures, endpoint: closing.endpoint(of: row), hash: closing.hash(of: row),
        limit: limits.rollupRowsPerMinute, seed: limits.hashSeed)
      if !hasServer { tally.lose(.rollupTableFull) }
    }
    swap(&closing, &leaving)
    return emit(into: &batch, tally: &tally)
  }

  private mutating func closeMinute(
    into batch: inout RecordBatch, tally: inout Tally
  ) -> Bool {
    guard !minute.isEmpty else { return true }
    swap(&leaving, &minute)
    (leavingTime, leavingInterval) = (minuteStart, 60)
    return emit(into: &batch, tally: &tally)
  }

  /// Emits what is left of the interval that was closed last; false when the batch is full before all
  /// of it is out.
  private mutating func emit(into batch: inout RecordBatch, tally: inout Tally) -> Bool {
    var row = leavingRow
    while row < leaving.rows.count {
      let endpoint = leaving.endpoint(of: row)
      var metric = leaving.rows[row]
      guard batch.metrics.count < limits.batchMetrics,
        batch.text.count + endpoint.count <= limits.batchTextBytes
      else { break }
      metric.time = Timestamp(seconds: leavingTime)
      metric.interval = leavingInterval
      metric.endpoint = Text(
        offset: endpoint.isEmpty ? 0 : UInt32(batch.text.count), length: UInt32(endpoint.count))
      batch.text.append(copying: endpoint)
      batch.metrics.append(metric)
      tally.pass(metric.requests)
      row += 1
    }
    let isOut = row == leaving.rows.count
    leavingRow = isOut ? 0 : row
    if isOut {
      leaving.removeAll()
      // It is needed again in a minute.
      if leavingInterval == 60 { leaving.giveBack(everything: leaving.footprint > 1 << 20) }
    }
    return isOut
  }
}

extension Timestamp {
  /// Seconds since the epoch of the minute that this lies in.
  fileprivate var minuteStart: Int64 {
    let second = seconds
    let remainder = second % 60
    return second - (remainder < 0 ? remainder + 60 : remainder)
  }
}

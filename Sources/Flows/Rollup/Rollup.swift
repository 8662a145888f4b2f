// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Rolls calls up to one row per key and second, and those to one per key and minute.
///
/// A call counts in the second in which it ended, or was given up. A second stays open for
/// ``FlowLimits/rollupGrace``; a call that comes later still counts in the oldest open second, so
/// that every call counts once and what was emitted is never amended. Minutes are sums of their
/// seconds.
struct Rollup {
  /// Seconds that can be open at a time; a call from further ahead counts in the last of them.
  private static let window = 8

  private var seconds: [RollupTable]
  private var minute: RollupTable
  /// The minute that `minute` is of, in seconds since the epoch.
  private var minuteStart: Int64 = 0
  /// All seconds up to this one are closed; nil before the first call.
  private var closed: Int64?
  /// Stands in for a table that is being closed.
  private let spare = RollupTable(limit: 0)
  private let limits: FlowLimits

  init(limits: FlowLimits) {
    self.limits = limits
    minute = RollupTable(limit: limits.rollupRowsPerMinute)
    seconds = Array(
      repeating: RollupTable(limit: limits.rollupRowsPerSecond), count: Self.window)
  }

  /// Counts `metric`, the figures of one call (not changed, but too large to hand over by value),
  /// whose endpoint lies in the bytes of `text` from `origin` on.
  mutating func add(
    _ metric: inout CallMetric, endpoint name: Text, from origin: Int, of text: [UInt8],
    at time: Timestamp, tally: inout Tally
  ) {
    let (start, length) = (origin + Int(name.offset), Int(name.length))
    let endpoint =
      start + length <= text.count
      ? text.span.clipped(from: start, to: start + length) : Span<UInt8>()
    var keyHash = Hash(seed: limits.hashSeed)
    metric.combineKey(into: &keyHash)
    var hash = keyHash
    hash.combine(endpoint)
    let table = table(of: time.seconds)
    let isCounted = seconds[table].add(
      &metric, endpoint: endpoint, hash: hash.value, keyHash: keyHash)
    if !isCounted { tally.lose(.rollupTableFull) }
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

  /// Emits the seconds that are over at `now`, and the minute when its last second is.
  mutating func close(
    now: Timestamp, into batch: inout RecordBatch, tally: inout Tally
  ) {
    let through = (now + -limits.rollupGrace).seconds - 1
    guard let last = closed else {
      closed = through
      return
    }
    guard through > last else { return }
    for second in (last + 1)...min(through, last + Int64(Self.window)) {
      closeSecond(second, into: &batch, tally: &tally)
    }
    closed = through
    if through >= minuteStart + 59 { closeMinute(into: &batch, tally: &tally) }
  }

  /// Emits everything, over or not: nothing will follow.
  mutating func finish(into batch: inout RecordBatch, tally: inout Tally) {
    guard let last = closed else { return }
    for second in (last + 1)...(last + Int64(Self.window)) {
      closeSecond(second, into: &batch, tally: &tally)
    }
    closed = last + Int64(Self.window)
    closeMinute(into: &batch, tally: &tally)
  }

  private mutating func closeSecond(
    _ second: Int64, into batch: inout RecordBatch, tally: inout Tally
  ) {
    let table = Self.table(of: second)
    guard !seconds[table].isEmpty else { return }
    let start = Timestamp(seconds: second).minuteStart
    if start != minuteStart {
      closeMinute(into: &batch, tally: &tally)
      minuteStart = start
    }
    var closing = spare
    swap(&closing, &seconds[table])
    for row in closing.rows.indices {
      var figures = closing.rows[row]
      var keyHash = Hash(seed: limits.hashSeed)
      figures.combineKey(into: &keyHash)
      let isCounted = minute.add(
        &figures, endpoint: closing.endpoint(of: row), hash: closing.hash(of: row),
        keyHash: keyHash)
      if !isCounted { tally.lose(.rollupTableFull, count: figures.requests) }
    }
    emit(closing, time: second, interval: 1, into: &batch, tally: &tally)
    closing.removeAll()
    swap(&closing, &seconds[table])
  }

  private mutating func closeMinute(into batch: inout RecordBatch, tally: inout Tally) {
    emit(minute, time: minuteStart, interval: 60, into: &batch, tally: &tally)
    minute.removeAll()
  }

  private func emit(
    _ table: borrowing RollupTable, time: Int64, interval: UInt32, into batch: inout RecordBatch,
    tally: inout Tally
  ) {
    for row in table.rows.indices {
      let endpoint = table.endpoint(of: row)
      var metric = table.rows[row]
      guard batch.metrics.count < limits.batchMetrics,
        batch.text.count + endpoint.count <= limits.batchTextBytes
      else {
        tally.lose(.batchFull, count: metric.requests)
        continue
      }
      metric.time = Timestamp(seconds: time)
      metric.interval = interval
      metric.endpoint = Text(
        offset: endpoint.isEmpty ? 0 : UInt32(batch.text.count), length: UInt32(endpoint.count))
      batch.text.append(copying: endpoint)
      batch.metrics.append(metric)
      tally.pass(metric.requests)
    }
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

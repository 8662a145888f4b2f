// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry

/// Writes one kind of record into the tables that it has rows in. A new kind is one line in
/// ``RowBuilder/writers``.
protocol RowWriter: Sendable {
  /// The rows so far, in the order in which tables are stored.
  var tables: [TableRows] { get }

  /// The tables that have one row for each record; in others stand what is derived.
  var recordTables: [TableDeclaration] { get }

  /// Empties the rows but keeps their room.
  mutating func removeAll()

  /// Appends the rows of a batch's records of this kind, and counts what became of each. Those whose
  /// time no table would keep are dropped: they would each open a partition of their own.
  mutating func append(
    _ batch: borrowing RecordBatch, _ context: inout RowContext, state: inout CatalogState
  )
}

/// What all writers have in common while one batch is written.
struct RowContext: Sendable {
  /// The agent that sent the batch; 0 for a source.
  var agent: UInt16
  var now: Timestamp
  var retention: RetentionHours
  var sockets: SocketOwners
  var spans = SpanMemory()
  var spanOwners = SpanOwners()
  var tagger = EndTagger()
  var numbers: RowNumbers
  var tally: Tally
  /// The tag sets that the rows have.
  var used = UsedTagSets()

  /// Adds what watchers of resources say of the ends in the row's second, and notes whom the row is about.
  @inline(__always)
  mutating func complete(
    _ ends: inout TaggedEnds, _ seen: borrowing some Sighting, at second: UInt32,
    _ state: inout CatalogState
  ) {
    tagger.complete(
      client: &ends.client, seen.client.address, server: &ends.server, seen.server.address,
      port: seen.server.port, seen.transport, at: second, &state)
    used.insert(ends.client)
    used.insert(ends.server)
  }
}

extension CallLogRows: RowWriter {
  // The index first: what it names and is not there yet costs a look, the other way round a trace
  // would lack calls.
  var tables: [TableRows] { [index.rows, rows] }
  var recordTables: [TableDeclaration] { [.callLog] }

  mutating func removeAll() {
    rows.removeAll()
    index.rows.removeAll()
  }

  mutating func append(
    _ batch: borrowing RecordBatch, _ context: inout RowContext, state: inout CatalogState
  ) {
    let text = batch.text.span
    let window = TimeWindow(.callLog, now: context.now, context.retention)
    for index in batch.calls.indices {
      let call = batch.calls[index]
      guard window.contains(call.end), window.contains(call.start) else {
        context.tally.drop(.timeOutOfRange)
        continue
      }
      guard !context.spans.isRepeated(call, text) else {
        context.tally.drop(.repeatedSpan)
        continue
      }
      var ends = context.ends(of: call, state: state)
      if call.signalSource == .openTelemetry {
        ends = context.spanOwners.ends(of: call, text, else: ends)
      }
      context.complete(&ends, call, at: call.end.storedSeconds, &state)
      append(call, text, ends, agent: context.agent, numbers: &context.numbers)
      context.tally.passed &+= 1
    }
  }
}

extension FlowLogRows: RowWriter {
  var tables: [TableRows] { [rows] }
  var recordTables: [TableDeclaration] { [.flowLog] }

  mutating func removeAll() { rows.removeAll() }

  mutating func append(
    _ batch: borrowing RecordBatch, _ context: inout RowContext, state: inout CatalogState
  ) {
    let text = batch.text.span
    let window = TimeWindow(.flowLog, now: context.now, context.retention)
    for index in batch.flows.indices {
      let flow = batch.flows[index]
      guard window.contains(flow.end), window.contains(flow.start) else {
        context.tally.drop(.timeOutOfRange)
        continue
      }
      var ends = context.ends(of: flow, state: state)
      context.complete(&ends, flow, at: flow.end.storedSeconds, &state)
      append(flow, text, ends, agent: context.agent, numbers: &context.numbers)
      context.tally.passed &+= 1
    }
  }
}

extension MetricRows: RowWriter {
  mutating func append(
    _ batch: borrowing RecordBatch, _ context: inout RowContext, state: inout CatalogState
  ) {
    let text = batch.text.span
    let window = (
      second: TimeWindow(second.pairs.batch.table, now: context.now, context.retention),
      minute: TimeWindow(minute.pairs.batch.table, now: context.now, context.retention)
    )
    for metric in Metric.all(in: batch) {
      let isKept =
        switch metric.interval {
        case 1: window.second.contains(metric.time)
        case 60: window.minute.contains(metric.time)
        default: false
        }
      guard isKept else {
        context.tally.drop(.timeOutOfRange)
        continue
      }
      var ends = metric.ends(context, state: state)
      context.complete(&ends, metric, at: metric.time.storedSeconds, &state)
      append(metric, text, ends, agent: context.agent)
      context.tally.passed &+= 1
    }
  }
}

/// The times that a table keeps: its retention back, and an hour ahead for clocks that are wrong.
struct TimeWindow: Hashable, Sendable {
  private let earliest: Int64
  private let latest: Int64

  init(_ table: TableDeclaration, now: Timestamp, _ retention: RetentionHours) {
    let second = 1_000_000_000 as Int64
    earliest = max(0, now.nanoseconds - Int64(retention[table]) * 3_600 * second)
    latest = now.nanoseconds &+ 3_600 * second
  }

  func contains(_ time: Timestamp) -> Bool {
    time.nanoseconds >= earliest && time.nanoseconds <= latest
  }
}

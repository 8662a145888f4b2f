// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Storage
package import Telemetry
import Wire

/// Turns record batches into rows: asks the catalog who the ends are, and lets each kind of record fill
/// the columns of its tables. Pure but for the catalog state that it is handed.
package struct RowBuilder: Sendable {
  /// Every kind of record. A new one is one line here.
  private static let kinds: [any RowWriter] = [
    CallLogRows(),
    MetricRows<CallMetric>(
      second: .init(services: .applicationSecond, pairs: .applicationMapSecond),
      minute: .init(services: .applicationMinute, pairs: .applicationMapMinute)),
    FlowLogRows(),
    MetricRows<NetworkMetric>(
      second: .init(services: .networkSecond, pairs: .networkMapSecond),
      minute: .init(services: .networkMinute, pairs: .networkMapMinute)),
  ]
  private static let recordTables = Set(
    kinds.flatMap(\.recordTables).map(\.qualifiedName))

  private var writers = RowBuilder.kinds
  private var losses = LossRows()
  private var context: RowContext
  /// Of which the context's sockets know.
  private var retirements: UInt64 = 0

  package init(server: UInt16 = 0, retention: RetentionHours = RetentionHours()) {
    context = RowContext(
      agent: 0, now: Timestamp(nanoseconds: 0), retention: retention, sockets: SocketOwners(),
      numbers: RowNumbers(server: server, counter: 0), tally: Tally())
  }

  /// What became of the records since the last ``removeAll(recordsBefore:)``.
  package var tally: Tally { context.tally }

  /// Empties every table's rows but keeps their room.
  package mutating func removeAll(recordsBefore: UInt64) {
    for index in writers.indices { writers[index].removeAll() }
    losses.rows.removeAll()
    context.numbers.counter = recordsBefore
    context.tally = Tally()
  }

  /// The rows of every table that has some, but for the ledger, in which stands what became of them.
  package var batches: [ColumnBatch] {
    writers.flatMap(\.tables).map(\.batch).filter { !$0.isEmpty }
  }

  /// The rows of the ledger; nil when there are none.
  package var ledger: ColumnBatch? { losses.rows.batch.isEmpty ? nil : losses.rows.batch }

  /// Whether a table has one row for each record of its kind. In others stand what is derived.
  package static func holdsRecords(_ table: TableDeclaration) -> Bool {
    recordTables.contains(table.qualifiedName)
  }

  /// Takes in what `batch` says of hosts and processes, and who answers where. To be called for all
  /// batches that are stored together before ``append(_:agent:now:state:)`` for the first: the
  /// client's row then finds the server that is named in a later batch.
  package mutating func learn(
    _ batch: borrowing RecordBatch, agent: UInt16, now: Timestamp, state: inout CatalogState
  ) {
    if state.retirements != retirements {
      retirements = state.retirements
      context.sockets.keep { state.isLive($0) }
      context.spanOwners.keep { state.isLive($0) }
      context.tagger.forget(state)
    }
    state.noteAgent(agent)
    if let host = batch.host { state.learn(host, agent: agent) }
    for process in batch.processes { state.learn(process, agent: agent) }
    let window = TimeWindow(.callLog, now: now, context.retention)
    for index in batch.calls.indices {
      let call = batch.calls[index]
      guard window.contains(call.end) else { continue }
      context.sockets.observe(call, agent: agent, state: state)
      context.spanOwners.observe(call, batch.text.span, agent: agent, state: state)
      guard call.observationPoint == .serverProcess else { continue }
      state.observe(
        server: call.server, transport: call.transport, networkNamespace: call.networkNamespace,
        agent: agent, second: call.end.storedSeconds)
    }
    for metric in batch.metrics {
      guard metric.observationPoint == .serverProcess, window.contains(metric.time) else {
        continue
      }
      state.observe(
        server: metric.server, transport: metric.transport,
        networkNamespace: state.networkNamespace(of: metric.server.process, agent: agent),
        agent: agent, second: metric.time.storedSeconds)
    }
    for process in batch.endedProcesses {
      state.end(process, agent: agent, second: now.storedSeconds)
    }
  }

  /// Lends what watchers of resources told, for rows to be tagged by, or takes it back.
  package mutating func exchange(_ who: inout Whereabouts) {
    swap(&who, &context.tagger.who)
  }

  /// Appends the rows of one batch, and counts what became of its records.
  package mutating func append(
    _ batch: borrowing RecordBatch, agent: UInt16, now: Timestamp, state: inout CatalogState
  ) {
    context.tally.received &+= UInt64(batch.recordCount)
    context.agent = agent
    context.now = now
    context.tagger.begin(agent: agent, state)
    for index in writers.indices { writers[index].append(batch, &context, state: &state) }
    let window = TimeWindow(.lossLedger, now: now, context.retention)
    for loss in batch.losses where window.contains(loss.time) {
      losses.append(loss, agent: agent)
    }
  }

  /// The tag sets that rows were given since this was asked last.
  package mutating func takeUsed() -> UsedTagSets {
    defer { context.used = UsedTagSets() }
    return context.used
  }

  /// Appends the server's own account to the ledger.
  package mutating func append(_ tally: Tally, stage: Stage, time: Timestamp) {
    guard tally.received > 0 || tally.droppedTotal > 0 else { return }
    losses.append(tally, stage: stage, time: time)
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Storage
package import Telemetry
import Wire

/// Turns record batches into rows: asks the catalog who the ends are, and fills the columns of every
/// table. Pure but for the catalog state that it is handed.
package struct RowBuilder: Sendable {
  private var calls = CallLogRows()
  private var flows = FlowLogRows()
  private var applications = MetricRows<CallMetric>(
    second: .init(services: .applicationSecond, pairs: .applicationMapSecond),
    minute: .init(services: .applicationMinute, pairs: .applicationMapMinute))
  private var networks = MetricRows<NetworkMetric>(
    second: .init(services: .networkSecond, pairs: .networkMapSecond),
    minute: .init(services: .networkMinute, pairs: .networkMapMinute))
  private var sockets = SocketOwners()
  private var losses = LossRows()
  private var numbers: RowNumbers
  /// What became of the records since the last ``removeAll(recordsBefore:)``.
  package private(set) var tally = Tally()

  package init(server: UInt16 = 0) {
    numbers = RowNumbers(server: server, counter: 0)
  }

  /// Empties every table's rows but keeps their room.
  package mutating func removeAll(recordsBefore: UInt64) {
    calls.rows.removeAll()
    flows.rows.removeAll()
    applications.removeAll()
    networks.removeAll()
    losses.rows.removeAll()
    numbers.counter = recordsBefore
    tally = Tally()
  }

  /// The rows of every table that has some, but for the ledger, in which stands what became of them.
  package var batches: [ColumnBatch] {
    ([calls.rows] + applications.rows + [flows.rows] + networks.rows)
      .map(\.batch).filter { !$0.isEmpty }
  }

  /// The rows of the ledger; nil when there are none.
  package var ledger: ColumnBatch? { losses.rows.batch.isEmpty ? nil : losses.rows.batch }

  /// Whether a table has one row for each record of its kind. In others stand what is derived.
  package static func holdsRecords(_ table: TableDeclaration) -> Bool {
    let tables: [TableDeclaration] = [
      .callLog, .flowLog, .applicationMapSecond, .applicationMapMinute, .networkMapSecond,
      .networkMapMinute,
    ]
    return tables.contains { $0.qualifiedName == table.qualifiedName }
  }

  /// Takes in what `batch` says of hosts and processes, and who answers where. To be called for all
  /// batches that are stored together before ``append(_:agent:now:state:)`` for the first: the
  /// client's row then finds the server that is named in a later batch.
  package mutating func learn(
    _ batch: borrowing RecordBatch, agent: UInt16, now: Timestamp, state: inout CatalogState
  ) {
    if let host = batch.host { state.learn(host, agent: agent) }
    for process in batch.processes { state.learn(process, agent: agent) }
    let window = TimeWindow(.callLog, now: now)
    for index in batch.calls.indices {
      let call = batch.calls[index]
      guard window.contains(call.end) else { continue }
      sockets.observe(call, agent: agent, state: state)
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

  /// Appends the rows of one batch. Rows whose time no table would keep are dropped and counted:
  /// they would each open a partition of their own.
  package mutating func append(
    _ batch: borrowing RecordBatch, agent: UInt16, now: Timestamp, state: borrowing CatalogState
  ) {
    let text = batch.text.span
    tally.received &+= UInt64(batch.recordCount)
    let window = TimeWindow(.callLog, now: now)
    for index in batch.calls.indices {
      let call = batch.calls[index]
      guard window.contains(call.end), window.contains(call.start) else {
        tally.drop(.timeOutOfRange)
        continue
      }
      let ends = ends(of: call, agent: agent, state: state)
      calls.append(call, text, ends, agent: agent, numbers: &numbers)
      tally.passed &+= 1
    }
    for index in batch.metrics.indices {
      let metric = batch.metrics[index]
      guard applications.keeps(metric, now: now) else {
        tally.drop(.timeOutOfRange)
        continue
      }
      let ends = ends(of: metric, agent: agent, state: state)
      applications.append(metric, text, ends, agent: agent)
      tally.passed &+= 1
    }
    appendPackets(batch, text, agent: agent, now: now, state: state)
    let lossWindow = TimeWindow(.lossLedger, now: now)
    for loss in batch.losses where lossWindow.contains(loss.time) {
      losses.append(loss, agent: agent)
    }
  }

  private mutating func appendPackets(
    _ batch: borrowing RecordBatch, _ text: Span<UInt8>, agent: UInt16, now: Timestamp,
    state: borrowing CatalogState
  ) {
    let window = TimeWindow(.flowLog, now: now)
    for index in batch.flows.indices {
      let flow = batch.flows[index]
      guard window.contains(flow.end), window.contains(flow.start) else {
        tally.drop(.timeOutOfRange)
        continue
      }
      let ends = ends(of: flow, agent: agent, state: state)
      flows.append(flow, text, ends, agent: agent, numbers: &numbers)
      tally.passed &+= 1
    }
    for index in batch.networkMetrics.indices {
      let metric = batch.networkMetrics[index]
      guard networks.keeps(metric, now: now) else {
        tally.drop(.timeOutOfRange)
        continue
      }
      let ends = ends(of: metric, agent: agent, state: state)
      networks.append(metric, text, ends, agent: agent)
      tally.passed &+= 1
    }
  }

  /// Appends the server's own account to the ledger.
  package mutating func append(_ tally: Tally, stage: Stage, time: Timestamp) {
    guard tally.received > 0 || tally.droppedTotal > 0 else { return }
    losses.append(tally, stage: stage, time: time)
  }
}

/// Who the ends are.
extension RowBuilder {
  /// A client that the record does not name is the one whose own record named it, so that it is not
  /// told a second time under its host's name.
  private func ends(
    of call: CallRecord, agent: UInt16, state: borrowing CatalogState
  ) -> TaggedEnds {
    let second = call.end.storedSeconds
    let owner =
      isNamedElsewhere(call.client, call)
      ? sockets.tags(
        address: call.client.address, port: call.client.port, transport: call.transport,
        agent: agent, second: second) : nil
    let client = owner ?? state.resolve(client: call.client, agent: agent)
    guard isNamedElsewhere(call.server, call) else {
      return TaggedEnds(
        client: client,
        server: state.resolve(
          server: call.server, transport: call.transport,
          networkNamespace: call.networkNamespace, agent: agent))
    }
    return TaggedEnds(
      client: client,
      server: resolve(
        server: call.server, transport: call.transport, networkNamespace: call.networkNamespace,
        agent: agent, second: second, state: state))
  }

  /// Whether only other records can know the process at `end`. The same loopback address is another
  /// socket in another container, and a record made at a process knows those of its own.
  private func isNamedElsewhere(_ end: CallEnd, _ seen: some Sighting) -> Bool {
    end.process == .unknown && !(end.address.isLoopback && seen.signalSource != .packet)
  }

  private func ends(
    of metric: CallMetric, agent: UInt16, state: borrowing CatalogState
  ) -> TaggedEnds {
    // A metric does not carry its namespace; the process that was observed is in it.
    let observed =
      metric.observationPoint == .serverProcess ? metric.server.process : metric.client.process
    let owner =
      isNamedElsewhere(metric.client, metric)
      ? sockets.tags(
        address: metric.client.address, calling: metric.server, transport: metric.transport,
        agent: agent, second: metric.time.storedSeconds) : nil
    return TaggedEnds(
      client: owner ?? state.resolve(client: metric.client, agent: agent),
      server: state.resolve(
        server: metric.server, transport: metric.transport,
        networkNamespace: state.networkNamespace(of: observed, agent: agent), agent: agent))
  }

  private func ends(
    of flow: FlowRecord, agent: UInt16, state: borrowing CatalogState
  ) -> TaggedEnds {
    let second = flow.end.storedSeconds
    let client = CallEnd(address: flow.client.address, port: flow.client.port)
    let owner = sockets.tags(
      address: client.address, port: client.port, transport: flow.transport, agent: agent,
      second: second)
    return TaggedEnds(
      client: owner ?? state.resolve(client: client, agent: agent),
      server: resolve(
        server: CallEnd(address: flow.server.address, port: flow.server.port),
        transport: flow.transport, networkNamespace: flow.networkNamespace, agent: agent,
        second: second, state: state))
  }

  private func ends(
    of metric: NetworkMetric, agent: UInt16, state: borrowing CatalogState
  ) -> TaggedEnds {
    let second = metric.time.storedSeconds
    let owner = sockets.tags(
      address: metric.client.address, calling: metric.server, transport: metric.transport,
      agent: agent, second: second)
    return TaggedEnds(
      client: owner ?? state.resolve(client: metric.client, agent: agent),
      server: resolve(
        server: metric.server, transport: metric.transport, networkNamespace: 0, agent: agent,
        second: second, state: state))
  }

  /// The end that answered packets: the process this agent saw there, or what the catalog knows.
  private func resolve(
    server: CallEnd, transport: TransportProtocol, networkNamespace: UInt32, agent: UInt16,
    second: UInt32, state: borrowing CatalogState
  ) -> EndTags {
    let owner = sockets.tags(
      address: server.address, port: server.port, transport: transport, agent: agent,
      second: second)
    if let owner { return owner }
    return state.resolve(
      server: server, transport: transport, networkNamespace: networkNamespace, agent: agent)
  }
}

/// The times that a table keeps: its retention back, and an hour ahead for clocks that are wrong.
struct TimeWindow: Hashable, Sendable {
  private let earliest: Int64
  private let latest: Int64

  init(_ table: TableDeclaration, now: Timestamp) {
    let second = 1_000_000_000 as Int64
    earliest = max(0, now.nanoseconds - Int64(table.retentionHours) * 3_600 * second)
    latest = now.nanoseconds &+ 3_600 * second
  }

  func contains(_ time: Timestamp) -> Bool {
    time.nanoseconds >= earliest && time.nanoseconds <= latest
  }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry

/// A kind of metric that is stored.
protocol StoredMetric: Sighting, Metered, Sendable {
  /// The start of the interval, and its seconds.
  var time: Timestamp { get }
  var interval: UInt32 { get }

  /// Writes the columns that only this kind has in both tables.
  func putKey(in rows: inout TableRows, _ text: Span<UInt8>)

  /// Writes those that it has in the two-sided table only.
  func putPairKey(in rows: inout TableRows)

  /// Makes the server the one who sent.
  mutating func turnAround()

  /// Those of a batch.
  static func all(in batch: borrowing RecordBatch) -> [Self]

  /// Who the ends are.
  func ends(_ context: RowContext, state: borrowing CatalogState) -> TaggedEnds
}

/// Writes one kind of metric into the tables of its interval.
struct MetricRows<Metric: StoredMetric>: Sendable {
  private(set) var second: IntervalRows<Metric>
  private(set) var minute: IntervalRows<Metric>

  init(second: IntervalRows<Metric>, minute: IntervalRows<Metric>) {
    self.second = second
    self.minute = minute
  }

  var tables: [TableRows] { [second.services, minute.services, second.pairs, minute.pairs] }
  var recordTables: [TableDeclaration] {
    [second.pairs.batch.table, minute.pairs.batch.table]
  }

  mutating func removeAll() {
    second.removeAll()
    minute.removeAll()
  }

  /// Appends the rows of a metric that is kept.
  mutating func append(
    _ metric: borrowing Metric, _ text: Span<UInt8>, _ ends: TaggedEnds, agent: UInt16
  ) {
    if metric.interval == 60 {
      minute.append(metric, text, ends, agent: agent)
    } else {
      second.append(metric, text, ends, agent: agent)
    }
  }
}

/// Writes metrics into the two tables of one interval: the one-sided, which has a row for each side
/// that the observer speaks for, and the two-sided.
struct IntervalRows<Metric: StoredMetric>: Sendable {
  private(set) var services: TableRows
  private(set) var pairs: TableRows

  init(services: TableDeclaration, pairs: TableDeclaration) {
    self.services = TableRows(services)
    self.pairs = TableRows(pairs)
  }

  mutating func removeAll() {
    services.removeAll()
    pairs.removeAll()
  }

  mutating func append(
    _ metric: borrowing Metric, _ text: Span<UInt8>, _ ends: TaggedEnds, agent: UInt16
  ) {
    Self.put(metric, text, agent: agent, in: &pairs)
    pairs.putPair(metric, ends)
    metric.putPairKey(in: &pairs)
    pairs.endRow()
    for owner in RowOwner.owners(at: metric.observationPoint) {
      var seen = copy metric
      if owner.isServer { seen.turnAround() }
      Self.put(seen, text, agent: agent, in: &services)
      services.putOwner(owner, of: metric, ends)
      services.endRow()
    }
  }

  @inline(__always)
  private static func put(
    _ metric: borrowing Metric, _ text: Span<UInt8>, agent: UInt16, in rows: inout TableRows
  ) {
    rows.putSighting(metric, second: metric.time.storedSeconds, agent: agent)
    metric.putKey(in: &rows, text)
    rows.putFigures(of: metric)
  }
}

extension CallMetric: StoredMetric {
  func putKey(in rows: inout TableRows, _ text: Span<UInt8>) {
    rows.put("l7_protocol", applicationProtocol.rawValue)
    rows.put("endpoint", endpoint.bytes(in: text))
    rows.putEmpty("app_service")
    rows.putEmpty("app_instance")
  }

  func putPairKey(in rows: inout TableRows) {}

  /// Calls are the same from either side.
  mutating func turnAround() {}

  static func all(in batch: borrowing RecordBatch) -> [CallMetric] { batch.metrics }

  func ends(_ context: RowContext, state: borrowing CatalogState) -> TaggedEnds {
    context.ends(of: self, state: state)
  }
}

extension NetworkMetric: StoredMetric {
  func putKey(in rows: inout TableRows, _ text: Span<UInt8>) {}

  func putPairKey(in rows: inout TableRows) {
    rows.put("tunnel_type", tunnelType.rawValue)
  }

  mutating func turnAround() {
    swap(&figures.sent, &figures.received)
    swap(&figures.sentRetransmissions, &figures.receivedRetransmissions)
    swap(&figures.sentZeroWindows, &figures.receivedZeroWindows)
    swap(&figures.sentOutOfOrder, &figures.receivedOutOfOrder)
  }

  static func all(in batch: borrowing RecordBatch) -> [NetworkMetric] { batch.networkMetrics }

  func ends(_ context: RowContext, state: borrowing CatalogState) -> TaggedEnds {
    context.ends(of: self, state: state)
  }
}

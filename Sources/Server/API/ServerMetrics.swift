// SPDX-License-Identifier: Apache-2.0

import Ingest
import Storage
import Telemetry

/// The server's counters in the Prometheus text format.
struct ServerMetrics {
  let storage: any StorageBackend
  let ingest: Ingest

  func text() async -> String {
    let statistics = ingest.statistics
    var text = MetricText()
    text.stages([(.ingest, statistics.ingest), (.store, statistics.store)])
    text.counter("metaflow_ingest_batches_total", "Batches stored.", statistics.batches)
    text.counter(
      "metaflow_ingest_repeated_batches_total", "Batches that came again.",
      statistics.repeatedBatches)
    text.counter(
      "metaflow_ingest_frames_refused_total{reason=\"malformed_frame\"}", "Frames refused.",
      statistics.malformedFrames)
    text.counter(
      "metaflow_ingest_connections_refused_total", "Connections over the limit.",
      statistics.refusedConnections)
    text.counter(
      "metaflow_ingest_shared_identities_total",
      "Connections closed because another agent has their identity.", statistics.sharedIdentities)
    text.counter(
      "metaflow_ingest_slow_frames_total",
      "Connections closed because a frame kept others waiting.",
      statistics.slowFrames)
    text.counter(
      "metaflow_store_failures_total", "Attempts to store that failed.", statistics.storeFailures)
    text.gauge(
      "metaflow_ingest_connections", "Connections now.", UInt64(max(0, statistics.connections)))
    text.gauge(
      "metaflow_journal_bytes", "Acknowledged bytes that wait for the store.",
      UInt64(max(0, statistics.queuedBytes + statistics.sealedBytes)))
    if let partitions = try? await storage.partitions() { Self.write(partitions, to: &text) }
    return text.text
  }

  private static func write(_ partitions: [StoredPartition], to text: inout MetricText) {
    let tables = Dictionary(grouping: partitions) { "\($0.database).\($0.table)" }
      .sorted { $0.key < $1.key }
    text.gauges(
      "metaflow_table_bytes", "Bytes of a table on disk.", label: "table",
      tables.map { ($0.key, $0.value.reduce(0) { $0 + UInt64($1.bytes) }) })
    text.gauges(
      "metaflow_table_rows", "Rows of a table.", label: "table",
      tables.map { ($0.key, $0.value.reduce(0) { $0 + UInt64($1.rows) }) })
  }
}

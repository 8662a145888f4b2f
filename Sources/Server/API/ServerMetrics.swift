// SPDX-License-Identifier: Apache-2.0

import Catalog
import Ingest
import Storage
import Telemetry

/// The server's counters in the Prometheus text format.
struct ServerMetrics {
  let storage: any StorageBackend
  let catalog: Catalog
  let ingest: Ingest
  let restarts: @Sendable () async -> Int
  let connections: OpenConnections
  let gate: QueryGate
  let bodies: BodyGate

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
    text.gauge(
      "metaflow_ingest_bodies", "Bodies of sources that are being taken.", UInt64(bodies.count))
    text.counter(
      "metaflow_ingest_bodies_total", "Bodies of sources that were taken.", statistics.bodies)
    text.counter(
      "metaflow_ingest_body_records_total", "Records in them.", statistics.bodyRecords)
    text.counter(
      "metaflow_ingest_body_records_left_out_total", "Records that were left out of them.",
      statistics.leftOutRecords)
    text.counter(
      "metaflow_ingest_bodies_refused_total", "Bodies of sources that were refused.",
      statistics.refusedBodies)
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
    text.counter(
      "metaflow_store_given_way_milliseconds_total",
      "How long rows waited because others wanted the host's processors.",
      statistics.millisecondsGivenWay)
    text.gauge(
      "metaflow_ingest_connections", "Connections now.", UInt64(max(0, statistics.connections)))
    text.gauge(
      "metaflow_journal_bytes", "Acknowledged bytes that wait for the store.",
      UInt64(max(0, statistics.queuedBytes + statistics.sealedBytes)))
    text.gauge(
      "metaflow_api_connections", "Connections of the API.", UInt64(connections.counts.served))
    text.counter(
      "metaflow_api_connections_refused_total", "Connections of the API over the limit.",
      connections.counts.refused)
    text.gauge("metaflow_queries", "Queries that run.", UInt64(gate.counts.running))
    text.counter(
      "metaflow_queries_refused_total", "Queries over the limit.", gate.counts.refused)
    await writeFaults(statistics, to: &text)
    let rewrites = await storage.rewrites()
    text.gauges(
      "metaflow_table_rewrite_rows", "Rows of a table that is brought into another order.",
      label: "table", rewrites.map { ($0.table, UInt64($0.rows)) })
    text.gauges(
      "metaflow_table_rewritten_rows", "Those of them that are there already.", label: "table",
      rewrites.map { ($0.table, UInt64($0.done)) })
    if let partitions = try? await storage.partitions() { Self.write(partitions, to: &text) }
    return text.text
  }

  /// What keeps the server from its work now, and what it could not do since the start.
  private func writeFaults(_ statistics: IngestStatistics, to text: inout MetricText) async {
    text.gauge(
      "metaflow_store_fault", "1 while the store takes no rows.",
      statistics.storeFault == nil ? 0 : 1)
    text.gauge(
      "metaflow_journal_fault", "1 while the journal cannot be written.",
      ingest.journal.fault == nil ? 0 : 1)
    text.counter(
      "metaflow_segments_set_aside_total", "Segments of the journal that the store refused.",
      statistics.segmentsSetAside)
    text.counter(
      "metaflow_engine_restarts_total", "Times the engine had to be started again.",
      UInt64(max(0, await restarts())))
    let refusals = catalog.refusals
    for (name, what, count) in [
      ("tag_sets", "tag sets", refusals.tagSets),
      ("resources", "resources", refusals.resources), ("services", "services", refusals.services),
      ("processes", "processes", refusals.processes),
      ("command_lines", "command lines", refusals.commandLines),
      ("runs", "runs of processes", refusals.runs), ("addresses", "addresses", refusals.addresses),
      ("listeners", "listeners", refusals.listeners),
    ] {
      text.counter(
        "metaflow_catalog_refused_\(name)_total", "No room in the catalog: \(what).", count)
    }
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

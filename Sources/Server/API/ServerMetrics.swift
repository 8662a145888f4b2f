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
      "metaflow_store_failures_total", "Attempts to store that failed.", statistics.storeFailures)
    text.gauge("metaflow_ingest_connections", "Connections now.", statistics.connections)
    text.gauge(
      "metaflow_journal_bytes", "Acknowledged bytes that wait for the store.",
      statistics.queuedBytes + statistics.sealedBytes)
    if let partitions = try? await storage.partitions() { text.tables(partitions) }
    return text.text
  }
}

/// Collects Prometheus text (exposition format 0.0.4).
struct MetricText {
  private(set) var text = ""

  /// `name` may carry labels.
  mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
    head(name, help, "counter")
    text += "\(name) \(value)\n"
  }

  mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    head(name, help, "gauge")
    text += "\(name) \(value)\n"
  }

  mutating func stages(_ tallies: [(stage: Stage, tally: Tally)]) {
    head("metaflow_stage_received_total", "What came into a stage of the pipeline.", "counter")
    for (stage, tally) in tallies {
      text += "metaflow_stage_received_total{stage=\"\(stage.name)\"} \(tally.received)\n"
    }
    head("metaflow_stage_passed_total", "What left it.", "counter")
    for (stage, tally) in tallies {
      text += "metaflow_stage_passed_total{stage=\"\(stage.name)\"} \(tally.passed)\n"
    }
    head("metaflow_stage_dropped_total", "What it dropped, by reason.", "counter")
    for (stage, tally) in tallies {
      for drop in tally.dropped {
        text += "metaflow_stage_dropped_total{stage=\"\(stage.name)\","
        text += "reason=\"\(drop.reason.name)\"} \(drop.count)\n"
      }
    }
  }

  mutating func tables(_ partitions: [StoredPartition]) {
    let byTable = Dictionary(grouping: partitions) { "\($0.database).\($0.table)" }
    head("metaflow_table_bytes", "Bytes of a table on disk.", "gauge")
    for (table, parts) in byTable.sorted(by: { $0.key < $1.key }) {
      text += "metaflow_table_bytes{table=\"\(table)\"} \(parts.reduce(0) { $0 + $1.bytes })\n"
    }
    head("metaflow_table_rows", "Rows of a table.", "gauge")
    for (table, parts) in byTable.sorted(by: { $0.key < $1.key }) {
      text += "metaflow_table_rows{table=\"\(table)\"} \(parts.reduce(0) { $0 + $1.rows })\n"
    }
  }

  private mutating func head(_ name: String, _ help: String, _ kind: String) {
    let bare = name.prefix { $0 != "{" }
    text += "# HELP \(bare) \(help)\n# TYPE \(bare) \(kind)\n"
  }
}

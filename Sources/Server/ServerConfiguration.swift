// SPDX-License-Identifier: Apache-2.0

package import ConfigurationFile

/// Every setting of the server. `config/server.yaml` documents each with its default.
package struct ServerConfiguration: Hashable, Sendable {
  /// Everything that is stored lies below.
  package var dataDirectory = "data"
  package var http = NetworkAddress(host: "127.0.0.1", port: 20_416)
  package var ingest = NetworkAddress(host: "127.0.0.1", port: 20_033)
  package var logLevel = "info"
  /// A `clickhouse` program to run in place of the pinned engine; empty for the pinned one.
  package var enginePath = ""
  /// Bytes the engine may use in all.
  package var engineMemory = 2 << 30
  /// Bytes of telemetry kept at most; 0 for no bound but the disk.
  package var retentionBytes = 0
  /// Bytes of the disk that stay free.
  package var retentionFreeBytes = 1 << 30
  /// Hours of history that are not dropped for a full disk.
  package var retentionHistoryHours = 24

  package init() {}

  /// Reads a file; keys that it leaves out have their defaults.
  package init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    let address = "an address such as 127.0.0.1:20416"
    let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    dataDirectory = try reader.string("data_dir", default: dataDirectory)
    http = try reader.read("http", default: http, expected: address) { NetworkAddress($0) }
    ingest = try reader.read("ingest", default: ingest, expected: address) { NetworkAddress($0) }
    logLevel = try reader.read(
      "log_level", default: logLevel, expected: "one of " + levels.joined(separator: ", ")
    ) { levels.contains($0) ? $0 : nil }
    enginePath = try reader.string("engine.clickhouse", default: enginePath)
    engineMemory = try reader.bytes("engine.memory", default: engineMemory)
    retentionBytes = try reader.bytes("retention.max_size", default: retentionBytes)
    retentionFreeBytes = try reader.bytes("retention.min_free", default: retentionFreeBytes)
    retentionHistoryHours = try reader.integer(
      "retention.min_history", default: retentionHistoryHours, in: 0...87_600)
    try reader.finish()
  }
}

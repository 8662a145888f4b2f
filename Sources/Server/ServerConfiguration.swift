// SPDX-License-Identifier: Apache-2.0

package import ConfigurationFile
package import Telemetry

/// Every setting of the server. `config/server.yaml` documents each with its default.
package struct ServerConfiguration: Hashable, Sendable {
  /// Everything that is stored lies below.
  package var dataDirectory = "data"
  package var http = NetworkAddress(host: "127.0.0.1", port: 20_416)
  /// Names besides those of loopback by which the API may be called.
  package var allowedHosts: [String] = []
  package var ingest = NetworkAddress(host: "127.0.0.1", port: 20_033)
  /// Where applications tell their spans; nil for nowhere but on the API's port.
  package var otlp: NetworkAddress? = ServerConfiguration.usualOTLP
  /// The same over gRPC; nil for nowhere.
  package var otlpGRPC: NetworkAddress? = ServerConfiguration.usualOTLPGRPC
  /// How much the API does at once.
  package var limits = ServerLimits()
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
  /// How long each table keeps its rows.
  package var retention = RetentionHours()

  package init() {}

  /// The ports that OpenTelemetry's exporters look for.
  package static let usualOTLP = NetworkAddress(host: "127.0.0.1", port: 4_318)
  package static let usualOTLPGRPC = NetworkAddress(host: "127.0.0.1", port: 4_317)

  /// An address, or `none`; nil when it is neither.
  package static func otlp(_ text: String) -> NetworkAddress?? {
    text == "none" ? .some(nil) : NetworkAddress(text).map { .some($0) }
  }

  /// Reads a file; keys that it leaves out have their defaults.
  package init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    let address = "an address such as 127.0.0.1:20416"
    let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    dataDirectory = try reader.string("data_dir", default: dataDirectory)
    http = try reader.read("http", default: http, expected: address) { NetworkAddress($0) }
    allowedHosts = try reader.list("allowed_hosts", default: allowedHosts)
    for host in allowedHosts { try Self.checkName(host, of: "allowed_hosts") }
    ingest = try reader.read("ingest", default: ingest, expected: address) { NetworkAddress($0) }
    otlp = try reader.read(
      "otlp", default: otlp, expected: "an address such as 127.0.0.1:4318, or none"
    ) { Self.otlp($0) }
    otlpGRPC = try reader.read(
      "otlp_grpc", default: otlpGRPC, expected: "an address such as 127.0.0.1:4317, or none"
    ) { Self.otlp($0) }
    limits.connections = try reader.integer(
      "limits.connections", default: limits.connections, in: 1...10_000)
    limits.queries = try reader.integer("limits.queries", default: limits.queries, in: 1...32)
    limits.answerBytes = try reader.bytes(
      "limits.answers", default: limits.answerBytes, atLeast: 16 << 20)
    limits.idleSeconds = try reader.integer(
      "limits.idle", default: limits.idleSeconds, in: 1...3_600)
    logLevel = try reader.read(
      "log_level", default: logLevel, expected: "one of " + levels.joined(separator: ", ")
    ) { levels.contains($0) ? $0 : nil }
    enginePath = try reader.string("engine.clickhouse", default: enginePath)
    engineMemory = try reader.bytes("engine.memory", default: engineMemory, atLeast: 512 << 20)
    retentionBytes = try reader.bytes("retention.max_size", default: retentionBytes)
    retentionFreeBytes = try reader.bytes("retention.min_free", default: retentionFreeBytes)
    retentionHistoryHours = try reader.integer(
      "retention.min_history", default: retentionHistoryHours, in: 0...87_600)
    for table in TableDeclaration.builtIn {
      let hours = try reader.integer(
        "retention_hours.\(Self.name(of: table))", default: Int(table.retentionHours),
        in: 1...87_600)
      if hours != table.retentionHours { retention[table] = UInt32(hours) }
    }
    // Where calls are found by what they carry, for as long as they are there.
    let callHours = retention[.callLog]
    if callHours != TableDeclaration.callLog.retentionHours { retention[.traceIndex] = callHours }
    try reader.finish()
  }

  /// What the file calls a table: `application_1m`.
  package static func name(of table: TableDeclaration) -> String {
    table.name.replacing(".", with: "_")
  }

  /// - Parameter option: What the name was given to.
  package static func checkName(_ host: String, of option: String) throws(ConfigurationError) {
    guard Authority.host(host) == nil else { return }
    throw ConfigurationError(
      "\(option) has '\(host)'; it must be a name such as metaflow.example or an address, without a "
        + "scheme, a port or a path")
  }
}

/// How much the API does at once. What is too much is answered with status 503 and the reason.
package struct ServerLimits: Hashable, Sendable {
  /// Connections that are open.
  package var connections = 256
  /// Queries that run.
  package var queries = 16
  /// Bytes of the store's answers in memory, of all queries together.
  package var answerBytes = 512 << 20
  /// Bodies of sources that are taken in.
  package var bodies = 8
  /// Seconds after which a connection that asks nothing, or takes nothing of its answer, is closed.
  package var idleSeconds = 60

  package init() {}
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import ConfigurationFile
import Hummingbird
import Ingest
package import Logging
import Protocols
import Query
import ServiceLifecycle
import Storage
import Telemetry
import UnixSignals

/// The whole server: engine, catalog, ingest, queries and the API, started in that order and
/// stopped in the other.
package struct Server: Sendable {
  private let configuration: ServerConfiguration
  private let logger: Logger

  package init(_ configuration: ServerConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// Runs until SIGINT or SIGTERM, then finishes what was acknowledged and stops the engine.
  ///
  /// - Throws: ``ServerError`` with a sentence for people when it cannot start.
  package func run() async throws {
    takeLowPriority()
    // Before the engine's second of starting: whoever has the wrong port should hear it at once.
    guard try checkPort(configuration.http, option: "--http") else {
      throw ServerError(open: configuration.http)
    }
    if try !checkPort(configuration.ingest, option: "--ingest") {
      logger.warning(
        "agents connect unencrypted and without credentials yet: let nobody else reach this port",
        metadata: ["ingest": "\(configuration.ingest)"])
    }
    let otlp = try place(
      configuration.otlp, usual: ServerConfiguration.usualOTLP, option: "--otlp")
    let grpc = try place(
      configuration.otlpGRPC, usual: ServerConfiguration.usualOTLPGRPC, option: "--otlp-grpc")
    let storage = try await startEngine()
    do {
      try await storage.migrate(TableDeclaration.stored)
      let catalog = try Catalog(path: configuration.dataDirectory + "/catalog.sqlite")
      try catalog.learn(Self.protocols)
      let tags = TagTables(catalog: catalog, storage: storage, logger: logger)
      try await tags.reconcile()
      try await serve(storage: storage, catalog: catalog, tags: tags, otlp: otlp, grpc: grpc)
    } catch {
      await storage.close()
      throw ServerError("\(error)")
    }
    await storage.close()
    logger.info("stopped")
  }

  /// Names that sources may use before an agent has announced them.
  static var protocols: [ProtocolEntry] {
    builtInProtocols.spoken.map { ProtocolEntry(number: $0.number.rawValue, name: $0.name) }
  }

  /// Where spans are taken besides the API's port. The usual address may be a Collector's already, which
  /// stays where it is; any other was asked for, and has to be free.
  private func place(
    _ address: NetworkAddress?, usual: NetworkAddress, option: String
  ) throws(ServerError) -> NetworkAddress? {
    guard let address else { return nil }
    do throws(ServerError) {
      guard try checkPort(address, option: option) else {
        throw ServerError(open: address, for: option)
      }
      return address
    } catch {
      guard error.isInUse, address == usual else { throw error }
      logger.warning(
        "another program has a port of OTLP: spans are taken on the others, and on the API's at /v1/traces",
        metadata: ["in_use": "\(address)", "api": "http://\(configuration.http)"])
      return nil
    }
  }

  private func startEngine() async throws -> EmbeddedEngine {
    do throws(StorageError) {
      var installation = try EngineInstallation.find()
      if !configuration.enginePath.isEmpty {
        installation.engine = .clickhouse(configuration.enginePath)
      }
      return try await EmbeddedEngine.start(
        directory: configuration.dataDirectory, installation: installation,
        settings: EngineSettings(memory: configuration.engineMemory), logger: logger)
    } catch {
      throw ServerError(error.description)
    }
  }

  private func serve(
    storage: EmbeddedEngine, catalog: Catalog, tags: TagTables, otlp: NetworkAddress?,
    grpc: NetworkAddress?
  ) async throws {
    var settings = IngestConfiguration(journalDirectory: configuration.dataDirectory + "/journal")
    settings.host = configuration.ingest.host
    settings.port = configuration.ingest.port
    settings.givesWay = true
    settings.retention = configuration.retention
    let ingest = try Ingest(
      settings, catalog: catalog, storage: storage, logger: logger,
      now: { Timestamp(nanoseconds: wallClock()) })
    let api = API(
      storage: storage, catalog: catalog, ingest: ingest, limits: configuration.limits,
      ingestAddress: configuration.ingest, kept: configuration.retention,
      restarts: { await storage.restarts })
    let policy = RetentionPolicy(
      maximumBytes: configuration.retentionBytes > 0 ? configuration.retentionBytes : nil,
      minimumFreeBytes: configuration.retentionFreeBytes,
      floorSeconds: Int64(configuration.retentionHistoryHours) * 3_600)
    var services: [any Service] = [
      IngestService(ingest: ingest),
      RetentionKeeper(
        storage: storage, policy: policy, hours: configuration.retention, tags: tags,
        logger: logger),
      RewriteKeeper(storage: storage, logger: logger),
      api.application(
        at: configuration.http, allowedHosts: configuration.allowedHosts, logger: logger),
    ]
    if let otlp {
      services.append(
        api.spanListener(at: otlp, allowedHosts: configuration.allowedHosts, logger: logger))
    }
    if let grpc {
      services.append(
        GRPCTraces(
          address: grpc, desk: api.spans, connections: configuration.limits.connections))
    }
    logger.info(
      "listening",
      metadata: [
        "api": "http://\(configuration.http)", "agents": "\(configuration.ingest)",
        "otlp_grpc": "\(grpc.map { "\($0)" } ?? "none")",
        "otlp": "\(otlp.map { "http://\($0)" } ?? "none")",
        "data": "\(configuration.dataDirectory)",
      ])
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services, gracefulShutdownSignals: [.sigint, .sigterm], logger: logger))
    try await group.run()
  }
}

/// Ingest as one of the server's services: a graceful shutdown cancels it, and it drains.
private struct IngestService: Service {
  let ingest: Ingest

  func run() async throws {
    try await cancelWhenGracefulShutdown { try await ingest.run() }
  }
}

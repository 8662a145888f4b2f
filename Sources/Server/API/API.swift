// SPDX-License-Identifier: Apache-2.0

import Catalog
import ConfigurationFile
import Hummingbird
import Ingest
import Logging
import NIOCore
import Query
import Storage
import Telemetry

/// Every route of the server, in one place.
struct API {
  let storage: any StorageBackend
  let catalog: Catalog
  let ingest: Ingest
  let limits: ServerLimits
  /// Where agents reach the server.
  let ingestAddress: NetworkAddress
  /// How often the engine had to be started again.
  let restarts: @Sendable () async -> Int
  /// How long rows are kept.
  let kept: RetentionHours
  private let bodies: BodyGate
  /// Takes spans, also those of other listeners.
  let spans: SpanDesk

  init(
    storage: any StorageBackend, catalog: Catalog, ingest: Ingest, limits: ServerLimits,
    ingestAddress: NetworkAddress, kept: RetentionHours = RetentionHours(),
    restarts: @escaping @Sendable () async -> Int = { 0 }
  ) {
    self.storage = storage
    self.catalog = catalog
    self.ingest = ingest
    self.limits = limits
    self.ingestAddress = ingestAddress
    self.kept = kept
    self.restarts = restarts
    bodies = BodyGate(limit: limits.bodies)
    spans = SpanDesk(ingest: ingest, gate: bodies)
  }

  /// - Parameter onServerRunning: Called with the port once requests are taken.
  func application(
    at address: NetworkAddress, allowedHosts: [String], logger: Logger,
    onServerRunning: @escaping @Sendable (Int) -> Void = { _ in }
  ) -> some Hummingbird.ApplicationProtocol {
    var routes = APIRoutes()
    WebAssets().add(to: &routes)
    let connections = OpenConnections(limit: limits.connections)
    let gate = QueryGate(limit: limits.queries, bytes: limits.answerBytes)
    let runner = QueryRunner(
      service: QueryService(backend: storage, kept: kept), gate: gate, connections: connections)
    QueryRoutes(runner: runner, catalog: catalog).add(to: &routes)
    CallRoutes(runner: runner, catalog: catalog).add(to: &routes)
    HopRoutes(runner: runner, catalog: catalog).add(to: &routes)
    EndRoutes(runner: runner, catalog: catalog).add(to: &routes)
    TraceRoutes(runner: runner, catalog: catalog).add(to: &routes)
    TraceListRoutes(runner: runner, catalog: catalog).add(to: &routes)
    ExemplarRoutes(runner: runner, catalog: catalog).add(to: &routes)
    TraceMapRoutes(runner: runner, catalog: catalog).add(to: &routes)
    TempoRoutes(runner: runner, catalog: catalog).add(to: &routes)
    JaegerRoutes(runner: runner, catalog: catalog).add(to: &routes)
    FlowRoutes(runner: runner, catalog: catalog).add(to: &routes)
    FigureRoutes(runner: runner, catalog: catalog, kept: kept).add(to: &routes)
    CoverageRoutes(
      told: { [self] in coverage() },
      protocols: { [catalog] in
        Dictionary(
          catalog.snapshot.protocols().map { ($0.number, $0.name) }, uniquingKeysWith: { $1 })
      }
    ).add(to: &routes)
    ResourceRoutes(book: ingest.resources).add(to: &routes)
    SpanRoutes(desk: spans).add(to: &routes)
    IngestRoutes(ingest: ingest, catalog: catalog, gate: bodies).add(to: &routes)
    let metrics = ServerMetrics(
      storage: storage, catalog: catalog, ingest: ingest, restarts: restarts,
      connections: connections, gate: gate, bodies: bodies)
    StatusRoutes(
      ingest: ingestAddress,
      health: { [self] in await Health.look(storage: storage, catalog: catalog, ingest: ingest) },
      agents: { [self] in agents() }, metrics: { await metrics.text() }
    ).add(to: &routes)
    return listener(
      at: address, routes, connections, allowedHosts: allowedHosts, logger: logger,
      onServerRunning: onServerRunning)
  }

  /// The routes by which applications tell their spans, on the port that they look for.
  func spanListener(
    at address: NetworkAddress, allowedHosts: [String], logger: Logger,
    onServerRunning: @escaping @Sendable (Int) -> Void = { _ in }
  ) -> some Hummingbird.ApplicationProtocol {
    var routes = APIRoutes()
    SpanRoutes(desk: spans).add(to: &routes)
    return listener(
      at: address, routes, OpenConnections(limit: limits.connections), allowedHosts: allowedHosts,
      logger: logger, onServerRunning: onServerRunning)
  }

  private func listener(
    at address: NetworkAddress, _ routes: APIRoutes, _ connections: OpenConnections,
    allowedHosts: [String], logger: Logger, onServerRunning: @escaping @Sendable (Int) -> Void
  ) -> some Hummingbird.ApplicationProtocol {
    // Requests are the users' business; the library tells each at info otherwise.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    let patience = TimeAmount.seconds(Int64(limits.idleSeconds))
    return Application(
      responder: Gatekeeper(
        connections: connections, door: Door(listening: address, allowedHosts: allowedHosts),
        table: routes.table,
        responder: routes.router.buildResponder()),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [ConnectionHandler(connections, patience: patience)],
          idleTimeout: patience)),
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: "metaflow"),
      onServerRunning: { onServerRunning($0.localAddress?.port ?? 0) }, logger: quiet)
  }

  /// What the agents that are here see.
  private func coverage() -> [CoverageRoutes.Told] {
    let presence = ingest.presence
    return agents().compactMap { agent in
      guard agent.isConnected, let report = presence[agent.id]?.coverage else { return nil }
      return CoverageRoutes.Told(agent: agent.id, hostname: agent.hostname, report: report)
    }
  }

  private func agents() -> [AgentSummary] {
    let snapshot = catalog.snapshot
    let hosts = Dictionary(
      snapshot.hosts().map { ($0.agent, $0.report.hostname) }, uniquingKeysWith: { $1 })
    let presence = ingest.presence
    return snapshot.agents().map { agent in
      let seen = presence[agent.number]
      let hostname = hosts[agent.number] ?? agent.hostname
      return AgentSummary(
        id: agent.number, hostname: hostname, version: agent.version,
        isConnected: (seen?.connections ?? 0) > 0, isReplay: hostname.hasSuffix(" (replay)"),
        lastSeen: internetTime(seen?.lastSeen.nanoseconds ?? 0), restarts: seen?.restarts ?? 0,
        crashes: seen?.crashes ?? [])
    }
  }
}

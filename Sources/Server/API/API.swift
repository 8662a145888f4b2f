// SPDX-License-Identifier: Apache-2.0

import Catalog
import ConfigurationFile
import Hummingbird
import Ingest
import Logging
import Query
import Storage
import Telemetry

/// Every route of the server, in one place.
struct API {
  let storage: any StorageBackend
  let catalog: Catalog
  let ingest: Ingest

  func application(at address: NetworkAddress, logger: Logger) -> some Hummingbird
    .ApplicationProtocol
  {
    let router = Router()
    WebAssets().add(to: router)
    let service = QueryService(backend: storage)
    QueryRoutes(service: service, catalog: catalog).add(to: router)
    CallRoutes(service: service, catalog: catalog).add(to: router)
    HopRoutes(service: service, catalog: catalog).add(to: router)
    StatusRoutes(
      storage: storage, agents: { [self] in agents() },
      metrics: { [self] in await ServerMetrics(storage: storage, ingest: ingest).text() }
    ).add(to: router)
    // Requests are the users' business; the library tells each at info otherwise.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    return Application(
      router: router,
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: "metaflow"),
      logger: quiet)
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
        lastSeen: internetTime(seen?.lastSeen.nanoseconds ?? 0))
    }
  }
}

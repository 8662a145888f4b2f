// SPDX-License-Identifier: Apache-2.0

import Capture
import ConfigurationFile
import KubernetesClient
package import Logging
import NIOCore
import NIOPosix
import Plugins
import Protocols
import Telemetry
import Wire

/// The agent: probes and packets to pipelines to spool to server.
package struct Agent: Sendable {
  package static let version = "0.1.0"
  /// How long a stopping agent tries to deliver what it holds.
  private static let farewell = Duration.seconds(3)
  /// Batches between the capture thread and the uplink.
  private static let queuedBatches = 16

  private let configuration: AgentConfiguration
  private let logger: Logger
  /// nil without a supervisor.
  private let worker: Worker?
  private let crashes: CrashHistory

  package init(configuration: AgentConfiguration, logger: Logger, worker: Worker? = nil) {
    self.configuration = configuration
    self.logger = logger
    self.worker = worker
    crashes = CrashFolder(spoolDirectory: configuration.spoolDirectory).history
  }

  /// Runs until `stop` yields or ends, then delivers for a few seconds and leaves the rest in the
  /// spool.
  ///
  /// - Throws: ``SpoolError``, ``MetricsServer/BindError``, `ProbeError` or `ConfigurationError`,
  ///   each with one sentence for people. Nothing is left behind in the kernel.
  package func run(until stop: AsyncStream<Void>) async throws {
    let plugins = try configuration.plugins.load()
    let protocols = crashes.applied(to: plugins.applied(to: try configuration.enabledProtocols()))
    let access = try clusterAccess()
    let host = HostReader.report()
    let spool = try Spool(
      directory: configuration.spoolDirectory, machineID: host.machineID,
      limit: configuration.spoolBytes)
    let ledger = Ledger()
    let gauges = AgentGauges()
    let queue = BatchQueue(limit: Self.queuedBatches)
    let identity = spool.identity
    let outbox = Outbox(
      spool: spool, ledger: ledger, gauges: gauges, endpoints: configuration.endpoints)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      let port = try await MetricsServer.start(on: configuration.metrics, group: group) {
        var text = MetricText()
        text.stages(ledger.tallies)
        gauges.write(to: &text)
        crashes.write(to: &text)
        plugins.write(to: &text)
        return text.text
      }
      let scraped = NetworkAddress(host: configuration.metrics.host, port: port)
      let scrapedAddresses = (try? await NameLookup.addresses(of: scraped)) ?? []
      let ownPeers = OwnPeers(fixed: scrapedAddresses.compactMap { PacketOptions.Peer($0) })
      let observation = try await Observation(
        configuration, protocols: protocols, queue: queue, ledger: ledger, gauges: gauges,
        ownPeers: ownPeers, logger: logger)
      await outbox.begin(at: Timestamp.timeOfDay())
      worker?.page.setUp(true)
      logger.info("Watching \(host.hostname); /metrics on port \(port)")
      for plugin in plugins.plugins {
        logger.info("Plugin \(plugin.manifest.name) \(plugin.manifest.version) is loaded")
      }
      for left in crashes.suspended {
        logger.warning(
          """
          \(left.name) is not read, as it ended the agent \(CrashHistory.crashesToSuspend) times; to \
          read it again: metaflow-agent protocols --resume \(left.name)
          """)
      }
      let hello = Hello(
        identity: identity, bootID: host.bootID, hostname: host.hostname,
        agentVersion: Self.version,
        protocols: protocols.spoken.map {
          AnnouncedProtocol(number: $0.number, name: $0.name)
        }, capabilities: observation.capabilities, restarts: crashes.restarts,
        crashes: crashes.announced, cluster: access?.key ?? "")
      let cluster = access.map {
        ClusterWatch(
          $0, configuration.kubernetes, outbox: outbox, gauges: gauges, group: group, logger: logger
        )
      }
      let uplink = Uplink(
        server: configuration.server, hello: hello, outbox: outbox, group: group, logger: logger,
        ownPeers: ownPeers, cluster: cluster)
      await operate(
        observation, queue: queue, outbox: outbox, uplink: uplink, ledger: ledger, gauges: gauges,
        plugins: plugins, until: stop)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try? await group.shutdownGracefully()
  }

  private func clusterAccess() throws(ConfigurationError) -> ClusterAccess? {
    do throws(ClusterAccessError) {
      return try configuration.kubernetes.access(ProcessVariables.all)
    } catch {
      throw ConfigurationError("kubernetes.kubeconfig: \(error)")
    }
  }

  private func operate(
    _ observation: Observation, queue: BatchQueue, outbox: Outbox, uplink: Uplink, ledger: Ledger,
    gauges: AgentGauges, plugins: PluginSet, until stop: AsyncStream<Void>
  ) async {
    let sending = Task { await uplink.run() }
    let telling = Task { await ShedReport.run(gauges, configuration, logger) }
    let watching = Task { await PluginWatch.run(plugins, logger) }
    let covering = Task {
      await CoverageWatch(configuration: configuration, gauges: gauges, outbox: outbox).run()
    }
    defer {
      telling.cancel()
      watching.cancel()
      covering.cancel()
    }
    let pumping = Task {
      for await _ in queue.wakeups {
        await Self.pump(queue, into: outbox)
        worker?.page.tell(ledger.text)
        for trouble in gauges.takeTroubles() { logger.warning("Not all is seen: \(trouble)") }
      }
      await Self.pump(queue, into: outbox)
    }
    for await _ in stop { break }
    logger.info("Stopping")
    await observation.stop()
    queue.finish()
    await pumping.value
    await outbox.finish(now: Timestamp.timeOfDay())
    let farewell = Task {
      try? await Task.sleep(for: Self.farewell)
      await outbox.stopWaiting()
    }
    await outbox.waitUntilEmpty()
    farewell.cancel()
    let left = await outbox.count
    if left > 0 { logger.notice("\(left) batches stay in the spool for the next start") }
    sending.cancel()
    await sending.value
  }

  private static func pump(_ queue: BatchQueue, into outbox: Outbox) async {
    for item in queue.takeAll() { await outbox.submit(item.batch, now: item.time) }
  }
}

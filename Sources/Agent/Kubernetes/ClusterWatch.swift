// SPDX-License-Identifier: Apache-2.0

import Kubernetes
package import KubernetesClient
package import Logging
package import NIOPosix
import Telemetry

/// Watches the agent's cluster as long as the server wants this agent to, and puts what is seen into the
/// outbox. An agent that is not wanted has no connection and no state for it.
package actor ClusterWatch {
  /// Parts of reports in one batch: attributes, endpoints and the like.
  private static let partsPerBatch = 8_192

  private let access: ClusterAccess
  private let options: ClusterWatcher.Options
  private let outbox: Outbox
  private let gauges: AgentGauges
  private let group: MultiThreadedEventLoopGroup
  private let logger: Logger
  private var watching: Task<Void, Never>?

  package init(
    _ access: ClusterAccess, _ configuration: KubernetesConfiguration, outbox: Outbox,
    gauges: AgentGauges, group: MultiThreadedEventLoopGroup, logger: Logger
  ) {
    self.access = access
    var options = ClusterWatcher.Options()
    options.clusterName = configuration.clusterName
    if configuration.readsConfigMaps { options.kinds = KubernetesKind.allCases }
    self.options = options
    self.outbox = outbox
    self.gauges = gauges
    self.group = group
    self.logger = logger
  }

  /// Begins from the first list.
  func start() {
    guard watching == nil else { return }
    logger.info("The server has chosen this agent to watch the Kubernetes cluster")
    let (access, options, outbox) = (access, options, outbox)
    let (gauges, group, logger) = (gauges, group, logger)
    watching = Task {
      let watcher = ClusterWatcher(
        access, options: options, group: group, logger: logger,
        now: { Timestamp.timeOfDay() },
        observer: { status in
          gauges.update { if !Task.isCancelled { $0.cluster = status } }
        },
        sink: { await Self.put($0, into: outbox) })
      await watcher.run()
    }
  }

  /// Whoever watches next tells everything anew. What is under way is not waited for: a program that is
  /// asked who we are may take a minute. It tells nothing any more.
  func stop() {
    watching?.cancel()
    watching = nil
    gauges.update { $0.cluster = [] }
  }

  private static func put(_ changes: [ResourceChange], into outbox: Outbox) async {
    guard !Task.isCancelled else { return }
    let now = Timestamp.timeOfDay()
    var batch = RecordBatch()
    var parts = 0
    for change in changes {
      batch.resources.append(change)
      if case .seen(let report) = change {
        parts += report.attributes.count + report.endpoints.count + report.addresses.count
      }
      parts += 1
      guard parts >= partsPerBatch else { continue }
      await submit(&batch, to: outbox, now)
      parts = 0
    }
    await submit(&batch, to: outbox, now)
  }

  private static func submit(
    _ batch: inout RecordBatch, to outbox: Outbox, _ now: Timestamp
  ) async {
    guard !batch.resources.isEmpty else { return }
    batch.resourcesTold = now
    await outbox.submit(batch, now: now)
    batch.removeAll()
  }
}

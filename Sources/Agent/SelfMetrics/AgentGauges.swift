// SPDX-License-Identifier: Apache-2.0

import Capture
package import Flows
package import KubernetesClient
import Synchronization
package import Telemetry

/// What the agent is like right now, for `/metrics`. Written by the capture thread and the uplink.
package final class AgentGauges: Sendable {
  /// A request to all pipelines to give memory back.
  package struct Relief: Hashable, Sendable {
    /// Counts the requests.
    package var number: UInt64 = 0
    /// What each is to keep of its memory.
    package var share = 1.0
  }

  package struct Values: Hashable, Sendable {
    package var isConnected = false
    package var agentID: UInt16 = 0
    /// How often the agent took a new identity because another one had its.
    package var identityChanges: UInt64 = 0
    package var spoolBytes = 0
    package var spoolBatches = 0
    package var queuedBatches = 0
    /// The host's number of this process; 0 while it is not known.
    package var processID: UInt32 = 0
    package var residentBytes: UInt64 = 0
    /// Memory that is the agent's alone, which `limits.memory` bounds.
    package var privateBytes: UInt64 = 0
    package var relief = Relief()
    /// Seconds in which the agent could not look at its own use.
    package var unreadSamples: UInt64 = 0
    package var processorNanoseconds: UInt64 = 0
    package var shedding = LoadGuard.Level.normal
    package var conversations = 0
    /// Where connections were that nobody could read.
    package var unknownPorts: [UnknownPorts.Entry] = []
    /// Flows followed, by packet thread.
    package var flows: [Int: Int] = [:]
    /// Interfaces whose packets are captured.
    package var interfaces = 0
    /// How far the cluster is known; empty while this agent does not watch it.
    package var cluster: [ClusterWatcher.KindStatus] = []
  }

  /// What failed: as many kinds as there are calls.
  private struct Troubles {
    var counts: [String: UInt64] = [:]
    var known: Set<String> = []
    var fresh: [String] = []
  }

  private let values = Mutex(Values())
  private let troubles = Mutex(Troubles())
  let coverage = CoverageNotes()

  package init() {}

  package var current: Values { values.withLock { $0 } }

  package func update(_ change: (inout Values) -> Void) {
    values.withLock { change(&$0) }
  }

  /// Notes that a call to the kernel failed, which the agent does without.
  func note(_ error: SystemError) {
    troubles.withLock { troubles in
      troubles.counts["\(error.during)", default: 0] += 1
      if troubles.known.insert("\(error)").inserted { troubles.fresh.append("\(error)") }
    }
  }

  /// Failures that were not told yet, each once in the agent's life.
  func takeTroubles() -> [String] {
    troubles.withLock { troubles in
      defer { troubles.fresh = [] }
      return troubles.fresh
    }
  }

  package func write(to text: inout MetricText) {
    let now = current
    text.counters(
      "metaflow_agent_troubles_total", "Calls to the kernel that failed, by what was being done.",
      label: "during",
      troubles.withLock { $0.counts }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    text.gauge(
      "metaflow_agent_connected", "1 while the server takes batches.", now.isConnected ? 1 : 0)
    text.gauge("metaflow_agent_id", "The number the server gave.", UInt64(now.agentID))
    text.counter(
      "metaflow_agent_identity_changes_total",
      "Times that another agent had this one's identity, and it took a new one.",
      now.identityChanges)
    text.gauge(
      "metaflow_agent_process_id", "The worker's process, by the host's number.",
      UInt64(now.processID))
    text.gauge(
      "metaflow_agent_spool_bytes", "Bytes that wait on disk.", UInt64(max(0, now.spoolBytes)))
    text.gauge(
      "metaflow_agent_spool_batches", "Batches that wait on disk.",
      UInt64(max(0, now.spoolBatches)))
    text.gauge(
      "metaflow_agent_queued_batches", "Batches that wait in memory.",
      UInt64(max(0, now.queuedBatches)))
    text.gauge(
      "metaflow_agent_conversations", "Conversations followed.",
      UInt64(max(0, now.conversations)))
    text.counters(
      "metaflow_agent_unknown_connections_total",
      "Connections given up as of no known protocol, by their servers' ports: the busiest of them.",
      label: "port", now.unknownPorts.map { ("\($0.port)", $0.conversations) })
    text.gauge(
      "metaflow_agent_flows", "Flows followed.",
      UInt64(max(0, now.flows.values.reduce(0, +))))
    text.gauge(
      "metaflow_agent_interfaces", "Interfaces whose packets are captured.",
      UInt64(max(0, now.interfaces)))
    text.gauge(
      "metaflow_agent_shedding_level", "How much load is shed: 0 none.",
      UInt64(now.shedding.rawValue))
    text.gauge(
      "metaflow_agent_memory_bytes", "Memory of the agent's own, which limits.memory bounds.",
      now.privateBytes)
    text.counter(
      "metaflow_agent_memory_relief_total", "Times that pipelines were asked to give memory back.",
      now.relief.number)
    text.counter(
      "metaflow_agent_unread_samples_total",
      "Seconds in which the agent could not look at its own use.", now.unreadSamples)
    Self.write(now.cluster, to: &text)
    text.gauge("process_resident_memory_bytes", "Resident memory.", now.residentBytes)
    text.seconds(
      "process_cpu_seconds_total", "Processor time used.", nanoseconds: now.processorNanoseconds)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What the agent is like right now, for `/metrics`. Written by the capture thread and the uplink.
package final class AgentGauges: Sendable {
  package struct Values: Hashable, Sendable {
    package var isConnected = false
    package var agentID: UInt16 = 0
    package var spoolBytes = 0
    package var spoolBatches = 0
    package var queuedBatches = 0
    package var residentBytes: UInt64 = 0
    package var processorNanoseconds: UInt64 = 0
    package var shedding = LoadGuard.Level.normal
    package var conversations = 0
  }

  private let values = Mutex(Values())

  package init() {}

  package var current: Values { values.withLock { $0 } }

  package func update(_ change: (inout Values) -> Void) {
    values.withLock { change(&$0) }
  }

  /// Prometheus text.
  package var text: String {
    let now = current
    let cpu = now.processorNanoseconds
    let fraction = String(cpu % 1_000_000_000 / 1_000_000 + 1_000).dropFirst()
    return """
      # TYPE metaflow_agent_connected gauge
      metaflow_agent_connected \(now.isConnected ? 1 : 0)
      # TYPE metaflow_agent_id gauge
      metaflow_agent_id \(now.agentID)
      # TYPE metaflow_agent_spool_bytes gauge
      metaflow_agent_spool_bytes \(now.spoolBytes)
      # TYPE metaflow_agent_spool_batches gauge
      metaflow_agent_spool_batches \(now.spoolBatches)
      # TYPE metaflow_agent_queued_batches gauge
      metaflow_agent_queued_batches \(now.queuedBatches)
      # TYPE metaflow_agent_conversations gauge
      metaflow_agent_conversations \(now.conversations)
      # TYPE metaflow_agent_shedding_level gauge
      metaflow_agent_shedding_level \(now.shedding.rawValue)
      # TYPE process_resident_memory_bytes gauge
      process_resident_memory_bytes \(now.residentBytes)
      # TYPE process_cpu_seconds_total counter
      process_cpu_seconds_total \(cpu / 1_000_000_000).\(fraction)

      """
  }
}

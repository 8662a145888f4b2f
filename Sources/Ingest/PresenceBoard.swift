// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import Telemetry

/// Whether an agent is here, and when it last said something.
package struct AgentPresence: Hashable, Sendable {
  package var connections = 0
  package var lastSeen: Timestamp
}

/// Which agents are here, from any thread. An agent that reconnects may stand twice for a moment.
package final class PresenceBoard: Sendable {
  private let agents = Mutex<[UInt16: AgentPresence]>([:])
  private let now: @Sendable () -> Timestamp

  package init(now: @escaping @Sendable () -> Timestamp) {
    self.now = now
  }

  package var presence: [UInt16: AgentPresence] { agents.withLock { $0 } }

  func arrived(_ agent: UInt16) {
    change(agent) { $0.connections += 1 }
  }

  func spoke(_ agent: UInt16) {
    change(agent) { _ in }
  }

  func left(_ agent: UInt16) {
    change(agent) { $0.connections -= 1 }
  }

  private func change(_ agent: UInt16, _ body: (inout AgentPresence) -> Void) {
    let moment = now()
    agents.withLock { agents in
      var presence = agents[agent] ?? AgentPresence(lastSeen: moment)
      presence.lastSeen = moment
      body(&presence)
      agents[agent] = presence
    }
  }
}

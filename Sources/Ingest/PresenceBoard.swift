// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import Telemetry
import Wire

/// Whether an agent is here, and when it last said something.
package struct AgentPresence: Hashable, Sendable {
  package var connections = 0
  package var lastSeen: Timestamp
  /// Starts after a crash, and crashes by protocol, as its last hello told.
  package var restarts: UInt64 = 0
  package var crashes: [Crashes] = []
  /// What it sees of its host, as it last told; nil before it has.
  package var coverage: CoverageReport?

  /// How often the agent crashed while it parsed a protocol, and whether it reads it no more.
  package struct Crashes: Hashable, Sendable {
    package var name: String
    package var count: UInt64
    package var isSuspended: Bool
  }
}

/// Which agents are here, from any thread. An agent that reconnects may stand twice for a moment.
package final class PresenceBoard: Sendable {
  private let agents = Mutex<[UInt16: AgentPresence]>([:])
  private let now: @Sendable () -> Timestamp

  package init(now: @escaping @Sendable () -> Timestamp) {
    self.now = now
  }

  package var presence: [UInt16: AgentPresence] { agents.withLock { $0 } }

  func arrived(_ agent: UInt16, _ hello: Hello) {
    change(agent) { presence in
      presence.connections += 1
      presence.restarts = hello.restarts
      presence.crashes = hello.crashes.map {
        AgentPresence.Crashes(name: $0.name, count: $0.count, isSuspended: $0.isSuspended)
      }
    }
  }

  func spoke(_ agent: UInt16) {
    change(agent) { _ in }
  }

  func covers(_ agent: UInt16, _ coverage: CoverageReport) {
    change(agent) { $0.coverage = coverage }
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

// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Which agent watches which cluster: one of those that are here and could.
///
/// The one that came first keeps the task until it goes; then the next has it. Telling is the caller's,
/// as it is done outside of the lock and on the connection's own thread.
package final class ClusterWatchers: Sendable {
  /// An agent's connection; another one each time that it connects.
  package struct Candidate: Sendable {
    package var agent: UInt16
    /// Tells the agent to begin.
    package var choose: @Sendable () -> Void

    package init(agent: UInt16, choose: @escaping @Sendable () -> Void) {
      self.agent = agent
      self.choose = choose
    }
  }

  private struct State {
    /// By the order in which they came; the first one watches.
    var candidates: [String: [(serial: UInt64, candidate: Candidate)]] = [:]
    var serial: UInt64 = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// - Returns: what ``left(_:of:)`` wants.
  package func arrived(_ candidate: Candidate, of cluster: String) -> UInt64 {
    let (serial, isFirst) = state.withLock { state in
      state.serial += 1
      let isFirst = state.candidates[cluster, default: []].isEmpty
      state.candidates[cluster, default: []].append((state.serial, candidate))
      return (state.serial, isFirst)
    }
    if isFirst { candidate.choose() }
    return serial
  }

  package func left(_ serial: UInt64, of cluster: String) {
    let next = state.withLock { state -> Candidate? in
      guard let index = state.candidates[cluster]?.firstIndex(where: { $0.serial == serial })
      else { return nil }
      state.candidates[cluster]?.remove(at: index)
      let rest = state.candidates[cluster] ?? []
      if rest.isEmpty { state.candidates[cluster] = nil }
      return index == 0 ? rest.first?.candidate : nil
    }
    next?.choose()
  }

  /// The agents that watch a cluster, ascending.
  package var agents: [UInt16] {
    state.withLock { $0.candidates.values.compactMap { $0.first?.candidate.agent }.sorted() }
  }
}

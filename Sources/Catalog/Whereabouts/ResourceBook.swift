// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import Telemetry

/// The resources that watchers have told of, from any thread.
package final class ResourceBook: Sendable {
  /// Seconds for which what has ended is kept, and between two looks for what is older.
  private static let horizon: UInt32 = 7 * 86_400
  private static let sweep: UInt32 = 600

  private struct State {
    var who: Whereabouts
    /// Who last told of a scope.
    var tellers: [ResourceScope: Teller] = [:]
    var swept: UInt32 = 0
  }

  /// Who tells of a scope.
  package struct Teller: Hashable, Sendable {
    /// The agent's number.
    package var agent: UInt16
    package var lastTold: Timestamp
  }

  private let state: Mutex<State>

  package init(limits: WhereaboutsLimits = WhereaboutsLimits()) {
    state = Mutex(State(who: Whereabouts(limits: limits)))
  }

  /// Takes in what an agent's watcher told at `told`.
  package func learn(_ changes: [ResourceChange], told: Timestamp, agent: UInt16) {
    state.withLock { state in
      for change in changes {
        state.who.apply(change, at: told)
        let scope = change.scope
        guard scope != .everywhere else { continue }
        let last = state.tellers[scope]?.lastTold ?? told
        if told >= last, state.tellers.count < 65_536 || state.tellers[scope] != nil {
          state.tellers[scope] = Teller(agent: agent, lastTold: told)
        }
      }
      let second = told.wholeSecond
      guard second >= state.swept &+ Self.sweep, second > Self.horizon else { return }
      state.swept = second
      state.who.forget(before: second - Self.horizon)
    }
  }

  package var tally: WhereaboutsTally { state.withLock { $0.who.tally } }

  /// Works on what is known while nobody changes it.
  package func read<Result: Sendable>(
    _ body: (Whereabouts, [ResourceScope: Teller]) -> Result
  ) -> Result {
    state.withLock { body($0.who, $0.tellers) }
  }
}

extension ResourceChange {
  /// Where the resource has its name.
  var scope: ResourceScope {
    switch self {
    case .seen(let report): report.identity.scope
    case .gone(let identity, _): identity.scope
    case .complete(_, let scope, _): scope
    }
  }
}

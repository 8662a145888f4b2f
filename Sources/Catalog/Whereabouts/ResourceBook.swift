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

  /// What an agent told, to be learned by whoever comes next: who tells does not wait for rows.
  private struct Told {
    var changes: [ResourceChange]
    var at: Timestamp
    var agent: UInt16
  }

  /// Batches that may wait; beyond, who tells learns himself.
  private static let waiting = 256

  private let state: Mutex<State>
  private let told = Mutex<[Told]>([])

  /// - Parameter isWritten: whether ``Catalog`` is handed what changes.
  package init(limits: WhereaboutsLimits = WhereaboutsLimits(), isWritten: Bool = false) {
    state = Mutex(State(who: Whereabouts(limits: limits, isWritten: isWritten)))
  }

  /// Takes in what a program before was told and wrote down.
  ///
  /// - Parameter read: Reads a report; nil for one that cannot be read, which is left out.
  /// - Returns: How many were left out.
  package func restore(
    from catalog: Catalog, _ read: (Span<UInt8>) -> ResourceReport?
  ) throws(CatalogError) -> Int {
    try state.withLock { (state) throws(CatalogError) in
      var unread = 0
      try catalog.watchedResources { bytes, told, gone in
        guard let report = read(bytes.span) else {
          unread += 1
          return
        }
        state.who.restore(WrittenResource(report: report, told: told, gone: gone))
      }
      return unread
    }
  }

  /// Takes in what an agent's watcher told at `told`.
  package func learn(_ changes: [ResourceChange], told time: Timestamp, agent: UInt16) {
    let count = told.withLock { told in
      told.append(Told(changes: changes, at: time, agent: agent))
      return told.count
    }
    if count >= Self.waiting {
      state.withLock { learn(&$0) }
    } else {
      _ = state.withLockIfAvailable { learn(&$0) }
    }
  }

  private func learn(_ state: inout State) {
    let waiting = told.withLock { told in
      defer { told = [] }
      return told
    }
    for told in waiting {
      for change in told.changes {
        state.who.apply(change, at: told.at)
        let scope = change.scope
        guard scope != .everywhere else { continue }
        let last = state.tellers[scope]?.lastTold ?? told.at
        if told.at >= last, state.tellers.count < 65_536 || state.tellers[scope] != nil {
          state.tellers[scope] = Teller(agent: told.agent, lastTold: told.at)
        }
      }
      let second = told.at.wholeSecond
      guard second >= state.swept &+ Self.sweep, second > Self.horizon else { continue }
      state.swept = second
      state.who.forget(before: second - Self.horizon)
    }
  }

  package var tally: WhereaboutsTally { read { who, _ in who.tally } }

  /// Works on what is known while nobody changes it.
  package func read<Result: Sendable>(
    _ body: (Whereabouts, [ResourceScope: Teller]) -> Result
  ) -> Result {
    state.withLock { state in
      learn(&state)
      return body(state.who, state.tellers)
    }
  }

  /// Lends what is known to whoever makes rows, and who told it.
  package func lend(_ body: (inout Whereabouts, [ResourceScope: Teller]) -> Void) {
    state.withLock { state in
      learn(&state)
      body(&state.who, state.tellers)
    }
  }

  /// How many numbers of each space so many records may need besides those of their agents.
  package func needs(records: Int) -> Int {
    tally.resources == 0 ? 0 : 4_096 + 4 * records
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

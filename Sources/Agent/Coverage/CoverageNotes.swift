// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Synchronization

/// What the observing threads noted of who is seen and who is not, until it is told.
final class CoverageNotes: Sendable {
  struct State: Sendable {
    var entries: [ProcessCoverage.Entry] = []
    /// Conversations that found no room.
    var leftOut: UInt64 = 0
    /// nil before the probes were tried.
    var hooks: [HookReport]?
    var libraries: [LibraryUse] = []
  }

  /// Entries that wait to be told.
  private static let most = 8_192

  private let state = Mutex(State())

  func add(_ entries: [ProcessCoverage.Entry], leftOut: UInt64) {
    state.withLock { state in
      let room = max(0, Self.most - state.entries.count)
      state.entries += entries.prefix(room)
      state.leftOut += leftOut + UInt64(max(0, entries.count - room))
    }
  }

  func set(hooks: [HookReport], libraries: [LibraryUse]) {
    state.withLock {
      $0.hooks = hooks
      $0.libraries = libraries
    }
  }

  /// Everything; entries are told once.
  func take() -> State {
    state.withLock { state in
      defer { (state.entries, state.leftOut) = ([], 0) }
      return state
    }
  }
}

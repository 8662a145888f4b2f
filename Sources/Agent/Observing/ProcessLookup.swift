// SPDX-License-Identifier: Apache-2.0

import Capture
import Dispatch
import Synchronization
import Telemetry

/// Reads who processes are, on a thread of its own: /proc may take its time, the ring may not wait.
final class ProcessLookup: Sendable {
  /// Processes that wait to be read, and reports that wait to be taken.
  static let limit = 8_192

  struct Found: Sendable {
    var key: ProcessKey
    /// nil when it was gone.
    var report: ProcessReport?
  }

  private struct State {
    var wanted: [ProcessKey] = []
    var found: [Found] = []
    var isReading = false
    var isEnded = false
  }

  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "metaflow.processes")
  /// A thread begins at the level of the one that wants it, and the capture thread's is low at times:
  /// names must not come late because of that.
  private let priority = ThreadPriority.Level.own
  private let read: @Sendable (ProcessKey) -> ProcessReport?

  /// - Parameter read: gives the report of a process; nil when it is gone.
  init(_ read: @escaping @Sendable (ProcessKey) -> ProcessReport?) {
    self.read = read
  }

  /// Asks for a process; false when too many wait.
  func want(_ key: ProcessKey) -> Bool {
    let (isTaken, isFirst) = state.withLock { state in
      guard state.wanted.count < Self.limit, !state.isEnded else { return (false, false) }
      state.wanted.append(key)
      defer { state.isReading = true }
      return (true, !state.isReading)
    }
    if isFirst { queue.async { [self] in readAll() } }
    return isTaken
  }

  /// What was read since the last call.
  func take(into found: inout [Found]) {
    state.withLock { state in
      guard !state.found.isEmpty else { return }
      found.append(contentsOf: state.found)
      state.found.removeAll(keepingCapacity: true)
    }
  }

  /// Whether nothing waits to be read.
  var isIdle: Bool { state.withLock { !$0.isReading } }

  /// Reads nothing more.
  func end() {
    state.withLock { state in
      state.isEnded = true
      state.wanted = []
    }
  }

  private func readAll() {
    priority.take()
    while true {
      let wanted = state.withLock { state in
        defer { state.wanted.removeAll(keepingCapacity: true) }
        if state.wanted.isEmpty { state.isReading = false }
        return state.wanted
      }
      guard !wanted.isEmpty else { return }
      for key in wanted {
        let found = Found(key: key, report: read(key))
        state.withLock { state in
          // Nobody takes them any more, or not for long; who it concerns asks again.
          if state.found.count < Self.limit { state.found.append(found) }
        }
      }
    }
  }
}

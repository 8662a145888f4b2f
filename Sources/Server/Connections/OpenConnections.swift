// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The connections of the API that are open, and what each of them keeps running.
final class OpenConnections: Sendable {
  /// What becomes of a new connection.
  enum Admission: Sendable {
    case served
    /// There are too many: what it asks is answered with the reason, and it is closed.
    case toldSo
    /// There are too many even of those: it is closed unheard.
    case refused
  }

  private struct Connection {
    var isServed: Bool
    /// Whether the other side has gone away, or said all that it will.
    var isClosed = false
    var cancel: (@Sendable () -> Void)?
  }

  private struct State {
    var connections: [ObjectIdentifier: Connection] = [:]
    var served = 0
    var refused: UInt64 = 0
  }

  /// Connections served at once.
  let limit: Int
  /// Connections over the limit that are told so, at once.
  private static let told = 64
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  func open(_ id: ObjectIdentifier) -> Admission {
    state.withLock { state in
      let isServed = state.served < limit
      if !isServed { state.refused += 1 }
      guard isServed || state.connections.count < limit + Self.told else { return .refused }
      state.connections[id] = Connection(isServed: isServed)
      if isServed { state.served += 1 }
      return isServed ? .served : .toldSo
    }
  }

  /// The other side will send nothing more; whoever waits for an answer does not close his side.
  func finish(_ id: ObjectIdentifier) {
    let cancel = state.withLock { state in
      state.connections[id]?.isClosed = true
      return state.connections[id]?.cancel
    }
    cancel?()
  }

  func close(_ id: ObjectIdentifier) {
    let connection = state.withLock { state in
      let connection = state.connections.removeValue(forKey: id)
      if connection?.isServed == true { state.served -= 1 }
      return connection
    }
    connection?.cancel?()
  }

  func isServed(_ id: ObjectIdentifier) -> Bool {
    state.withLock { $0.connections[id]?.isServed ?? false }
  }

  /// Connections that are served now, and those that were not since the start.
  var counts: (served: Int, refused: UInt64) { state.withLock { ($0.served, $0.refused) } }

  /// Runs `body`, which is cancelled when the connection ends before it.
  func whileOpen<Value: Sendable>(
    _ id: ObjectIdentifier, _ body: @escaping @Sendable () async -> Value
  ) async -> Value {
    let task = Task { await body() }
    let isOver = state.withLock { state in
      state.connections[id]?.cancel = { task.cancel() }
      return state.connections[id]?.isClosed ?? true
    }
    if isOver { task.cancel() }
    defer { state.withLock { $0.connections[id]?.cancel = nil } }
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

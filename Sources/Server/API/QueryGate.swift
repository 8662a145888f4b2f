// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Query
import Storage
import Synchronization

/// How many queries run at once, and how much of their answers is in memory.
///
/// Nobody waits in line: who is told at once that there are too many can ask again, and knows why.
final class QueryGate: Sendable {
  /// Queries that run at once.
  let limit: Int
  private let budget: AnswerBudget
  private let state = Mutex((running: 0, refused: UInt64(0)))

  /// - Parameter bytes: What answers may take in all, as the store sends them and as rows.
  init(limit: Int, bytes: Int) {
    self.limit = limit
    budget = AnswerBudget(bytes: bytes)
  }

  /// Queries that run now, and those that were refused since the start.
  var counts: (running: Int, refused: UInt64) { state.withLock { ($0.running, $0.refused) } }

  /// Lets a query in, until its pass is given up.
  func enter() throws(Refusal) -> QueryPass {
    let isFree = state.withLock { state in
      if state.running >= limit {
        state.refused += 1
        return false
      }
      state.running += 1
      return true
    }
    guard isFree else {
      var refusal = Refusal(
        "\(limit) queries are running already, which is as many as limits.queries allows; ask again "
          + "in a moment.", code: "TOO_MANY_QUERIES", status: .serviceUnavailable)
      refusal.retryAfter = 1
      throw refusal
    }
    return QueryPass(gate: self, share: AnswerShare(of: budget))
  }

  fileprivate func leave() { state.withLock { $0.running -= 1 } }
}

/// One of the queries that run. Whoever holds it keeps its place, and the memory of its answer.
final class QueryPass: Sendable {
  let share: AnswerShare
  private let gate: QueryGate

  fileprivate init(gate: QueryGate, share: AnswerShare) {
    self.gate = gate
    self.share = share
  }

  deinit { gate.leave() }
}

/// Runs what asks the store: as one of the queries that may run, and for as long as somebody waits.
struct QueryRunner {
  let service: QueryService
  let gate: QueryGate
  let connections: OpenConnections

  /// - Parameter body: Is cancelled when the connection ends; its service counts what it answers.
  func answer(
    _ context: APIContext,
    _ body: @escaping @Sendable (QueryService) async throws(Refusal) -> JSONText
  ) async throws(Refusal) -> Response {
    try await answer(context) { service throws(Refusal) in
      AnswerBody(type: "application/json", bytes: try await body(service).line)
    }
  }

  /// Likewise, with an answer of any type.
  func answer(
    _ context: APIContext,
    _ body: @escaping @Sendable (QueryService) async throws(Refusal) -> AnswerBody
  ) async throws(Refusal) -> Response {
    let pass = try gate.enter()
    let service = service.sharing(pass.share)
    let result = await connections.whileOpen(context.connection) {
      await Result { () async throws(Refusal) in try await body(service) }
    }
    return try result.get().response(holding: pass)
  }
}

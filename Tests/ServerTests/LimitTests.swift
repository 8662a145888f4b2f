// SPDX-License-Identifier: Apache-2.0

import Storage
import TestSupport
import Testing

@testable import Server

/// How much is done at once, and what becomes of the one too many.
@Suite(.serialized) struct LimitTests {
  private static func limits(connections: Int = 256, queries: Int = 16) -> ServerLimits {
    var limits = ServerLimits()
    (limits.connections, limits.queries) = (connections, queries)
    return limits
  }

  private let statement = "SELECT Count(row) FROM l7_flow_log"

  @Test func theQueryTooManyIsToldSo() async throws {
    let store = PatientStore()
    try await RunningAPI.with(store, limits: Self.limits(queries: 2)) { api async throws in
      store.answers(false)
      let running = try (0..<2).map { _ in try RawConnection(port: api.port) }
      for connection in running { try connection.send(api.queryText(statement)) }
      _ = try await eventually("both run") { store.counts.waiting == 2 ? true : nil }
      let refused = try await api.query(statement)
      #expect(refused.status == 503)
      #expect(refused.json["OPT_STATUS"] as? String == "TOO_MANY_QUERIES")
      let hops = try await api.get("/v1/calls/5/hops")
      #expect(hops.status == 503)
      let agents = try await api.get("/v1/agents")
      #expect(agents.status == 200, "what asks the store nothing is served")
      store.answers(true)
      for connection in running { #expect(try await connection.answer().status == 200) }
      _ = try await eventually("there is room again") {
        try await api.query(statement).status == 200 ? true : nil
      }
      let metrics = try await api.get("/metrics").body
      #expect(metrics.contains("metaflow_queries_refused_total"))
    }
  }

  @Test func theConnectionTooManyIsToldSo() async throws {
    let store = PatientStore()
    try await RunningAPI.with(store, limits: Self.limits(connections: 3)) { api async throws in
      let open = try (0..<3).map { _ in try RawConnection(port: api.port) }
      // An answer each: then they are known to be open.
      for connection in open {
        try connection.send("GET /v1/agents HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try await connection.answer().status == 200)
      }
      let more = try RawConnection(port: api.port)
      try more.send("GET /v1/agents HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let refused = try await more.answer()
      #expect(refused.status == 503)
      #expect(refused.json["OPT_STATUS"] as? String == "TOO_MANY_CONNECTIONS")
      try await more.closed()
      try open[0].send("GET /v1/agents HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(try await open[0].answer().status == 200, "who came first is served on")
    }
  }

  /// A tab that is closed, or a script that is stopped, waits for nothing any more.
  @Test func aClosedConnectionCancelsItsQuery() async throws {
    let store = PatientStore()
    try await RunningAPI.with(store) { api async throws in
      store.answers(false)
      var connection: RawConnection? = try RawConnection(port: api.port)
      try connection?.send(api.queryText(statement))
      _ = try await eventually("it runs") { store.counts.waiting == 1 ? true : nil }
      connection = nil
      _ = try await eventually("it is cancelled") { store.counts.cancelled == 1 ? true : nil }
    }
  }

  @Test func anIdleConnectionIsClosed() async throws {
    var limits = ServerLimits()
    limits.idleSeconds = 1
    try await RunningAPI.with(PatientStore(), limits: limits) { api async throws in
      let silent = try RawConnection(port: api.port)
      try await silent.closed()
      let halfway = try RawConnection(port: api.port)
      try halfway.send("GET /v1/agents HTTP/1.1\r\nHost: loc")
      try await halfway.closed()
    }
  }

  /// Who has the rows should get them; that what is missing is not known is a fact beside them.
  @Test func anAnswerOutlivesTheFailureOfItsLosses() async throws {
    let store = PatientStore()
    store.failsForLosses()
    try await RunningAPI.with(store) { api async throws in
      let answer = try await api.query(statement)
      #expect(answer.status == 200)
      #expect((answer.json["losses_unknown"] as? String)?.contains("it rests") == true)
    }
  }

  @Test func sharesOfABudgetAreGivenBack() throws {
    let budget = AnswerBudget(bytes: 100)
    var first: AnswerShare? = AnswerShare(of: budget)
    try first?.take(60)
    let second = AnswerShare(of: budget)
    try second.take(40)
    #expect(throws: StorageError.self) { try second.take(1) }
    #expect(first != nil)
    first = nil
    try second.take(60)
  }
}

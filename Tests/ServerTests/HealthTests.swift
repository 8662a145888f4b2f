// SPDX-License-Identifier: Apache-2.0

import Storage
import TestSupport
import Testing

@testable import Ingest
@testable import Server

/// Whether the server is well, by what it does and not by whether it is there.
@Suite(.serialized) struct HealthTests {
  private func health(_ api: RunningAPI) async throws -> (Int, String?, [String]) {
    let answer = try await api.get("/v1/health")
    let faults = answer.json["faults"] as? [[String: Any]] ?? []
    return (
      answer.status, answer.json["status"] as? String, faults.compactMap { $0["part"] as? String }
    )
  }

  @Test func aServerThatDoesItsWorkIsWell() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      #expect(try await health(api) == (200, "ok", []))
    }
  }

  @Test func anEngineThatDoesNotAnswerIsAFault() async throws {
    let store = PatientStore()
    try await RunningAPI.with(store) { api async throws in
      store.fails(with: .unavailable("the engine is restarting"))
      #expect(try await health(api) == (503, "failing", ["engine"]))
      let answer = try await api.get("/v1/health")
      #expect(answer.json["OPT_STATUS"] as? String == "UNAVAILABLE")
      #expect((answer.json["DESCRIPTION"] as? String)?.contains("is restarting") == true)
      store.fails(with: nil)
      #expect(try await health(api) == (200, "ok", []))
    }
  }

  /// The engine answers, and yet no row is kept.
  @Test func aStoreThatTakesNoRowsIsAFault() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      api.ingest.ledger.count { $0.storeFault = "The disk of the store is full." }
      #expect(try await health(api) == (503, "failing", ["store"]))
      #expect(try await api.get("/metrics").body.contains("metaflow_store_fault 1\n"))
      api.ingest.ledger.count { statistics in
        statistics.storeFault = nil
        statistics.segmentsSetAside = 2
      }
      #expect(try await health(api) == (200, "degraded", ["store"]))
      #expect(try await api.get("/metrics").body.contains("metaflow_store_fault 0\n"))
    }
  }
}

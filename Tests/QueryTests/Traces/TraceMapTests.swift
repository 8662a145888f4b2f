// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Query

/// Many traces in one.
@Suite struct TraceMapTests {
  /// A client asks orders, which asks a store twice, one after the other.
  private func trace(at start: Int64, fails: Bool = false) throws -> Trace {
    var records = TraceRecords()
    let orders = TraceRecord.Party.process(20, thread: 1, "orders")
    let store = TraceRecord.Party.process(0, "store")
    let first = records.add(
      "c-p", call: 10, start...start + 1_000, from: .process(7), to: orders, resource: "/orders")
    records.add("s-p", call: 10, start + 10...start + 990, to: orders, chains: (1, 3))
    records.add(
      "c-p", call: 20, start + 100...start + 300, from: orders, to: store, chains: (1, 2))
    records.add(
      "c-p", call: 30, start + 400...start + 900, from: orders, to: store, chains: (2, 3))
    records.change { $0.text.status = fails ? "Server Error" : "Success" }
    return try #require(TraceAssembly.trace(records.all, of: first))
  }

  @Test func callsOfOneNameAreOneStep() throws {
    let traces = try [trace(at: 0), trace(at: 5_000, fails: true)]
    let map = TraceMap(traces)
    #expect(map.traces == 2 && map.steps.count == 2 && map.edges.count == 2)
    let store = try #require(map.edges.first { $0.to.service == "store" })
    #expect(store.from?.service == "orders" && store.confidence == 1)
    #expect(store.cost.calls == 4 && store.cost.traces == 2 && store.cost.failures == 1)
    #expect(store.cost.duration == 1_400 && store.cost.longest == 500)
    let root = try #require(map.edges.first { $0.from == nil })
    #expect(root.to.service == "orders" && root.confidence == nil && root.cost.calls == 2)
  }

  /// What the traces waited for is shared out whole, and the largest part stands first.
  @Test func theCriticalPathsAreSharedOut() throws {
    let map = TraceMap(try [trace(at: 0), trace(at: 5_000)])
    #expect(map.criticalTime == 2_000)
    #expect(map.steps.map(\.cost.criticalTime).reduce(0, +) == map.criticalTime)
    #expect(map.edges.map(\.cost.criticalTime) == [1_400, 600])
    #expect(map.steps.map(\.step.service) == ["store", "orders"])
  }

  @Test func ofNoTracesNothingIsTold() {
    let map = TraceMap([])
    #expect(map.steps.isEmpty && map.edges.isEmpty && map.criticalTime == 0)
  }
}

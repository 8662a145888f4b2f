// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Query

/// What joins calls into a trace, and how sure it is.
@Suite struct TraceAssemblyTests {
  /// A call that process 20 served on thread 21, and one that it made meanwhile.
  private struct Pair {
    var served = TraceRecords.Made(call: 10, time: 100...900)
    var made = TraceRecords.Made(call: 20, time: 300...500)
    var maker: UInt64 = 20
    var makers: UInt64 = 21
    var isWatched = true
    /// A request that the same thread served at that time.
    var rival: TraceRecords.Made?
  }

  private func edge(_ pair: Pair) throws -> (confidence: Double, kinds: [String])? {
    var records = TraceRecords()
    let entry = records.add(
      pair.isWatched ? "s-p" : "s", pair.served, to: .process(20, thread: 21))
    let child = records.add(
      pair.isWatched ? "c-p" : "c", pair.made, from: .process(20, thread: pair.makers),
      client: "10.0.0.2", server: "10.0.0.3")
    if let rival = pair.rival { records.add("s-p", rival, to: .process(20, thread: 21)) }
    let trace = try #require(
      TraceAssembly.trace(records.all, seeds: [entry, child], seconds: 0...1))
    let call = try #require(trace.calls.first { $0.id == child })
    guard let parent = call.parent else {
      #expect(call.missing?.isEmpty == false)
      return nil
    }
    #expect(trace.calls[parent].id == entry)
    return (try #require(call.confidence), call.evidence.map(\.kind.rawValue))
  }

  private func changed(_ change: (inout Pair) -> Void) throws -> (
    confidence: Double, kinds: [String]
  )? {
    var pair = Pair()
    change(&pair)
    return try edge(pair)
  }

  @Test func aThreadThatReadsCallsAndRepliesIsCertain() throws {
    let closed = try changed {
      ($0.served.chains, $0.made.chains) = ((1, 2), (1, 2))
    }
    #expect(closed?.confidence == 1 && closed?.kinds == ["chain"])
    let loop = try changed {
      ($0.served.chains, $0.made.chains) = ((1, 2), (1, 2))
      $0.rival = .init(call: 30, time: 50...950, chains: (8, 9))
    }
    #expect(loop?.confidence == 0.95)
  }

  /// What was not looked at may have been another cause.
  @Test func nothingIsCertainWhereNotAllWasLookedAt() {
    var records = TraceRecords()
    records.add(
      "s-p", .init(call: 10, time: 100...900, chains: (1, 2), identifier: "0123456789"),
      to: .process(20, thread: 21))
    for (call, chains, identifier) in [(20, (1, 2), ""), (30, (0, 0), "0123456789")]
      as [(UInt64, (UInt64, UInt64), String)]
    {
      records.add(
        "c-p", .init(call: call, time: 300...500, chains: chains, identifier: identifier),
        from: .process(20, thread: 21))
    }
    let whole = TraceForest(records.all, origin: 1).causes.map { $0?.confidence }
    #expect(whole == [nil, 1, 1])
    let part = TraceForest(records.all, origin: 1, isWhole: false).causes.map { $0?.confidence }
    #expect(part == [nil, 0.95, 0.9])
  }

  @Test func anOpenChainIsAHint() throws {
    let asked = try changed { ($0.served.chains, $0.made.chains) = ((1, 7), (1, 2)) }
    #expect(asked?.confidence == 0.9)
    let replied = try changed {
      ($0.served.chains, $0.made.chains, $0.makers) = ((1, 2), (0, 2), 22)
    }
    #expect(replied?.confidence == 0.9)
    let loop = try changed {
      ($0.served.chains, $0.made.chains) = ((1, 7), (1, 2))
      $0.rival = .init(call: 30, time: 50...950, chains: (8, 9))
    }
    #expect(loop?.confidence == 0.5)
  }

  @Test func idsThatAreCarriedOnJoin() throws {
    let passed = try changed {
      ($0.served.identifier, $0.made.identifier) = ("0123456789", "0123456789")
    }
    #expect(passed?.confidence == 1 && passed?.kinds == ["x_request_id"])
    let short = try changed { ($0.served.identifier, $0.made.identifier) = ("1", "1") }
    #expect(short?.confidence == 0.8)
    let two = try changed {
      ($0.served.identifier, $0.made.identifier) = ("0123456789", "0123456789")
      $0.rival = .init(call: 30, time: 50...950, identifier: "0123456789")
    }
    #expect(two?.confidence == 0.45, "either may have caused it; the later one is told")
    let trace = try changed { ($0.served.trace, $0.made.trace) = ("t", "t") }
    #expect(trace?.confidence == 0.98, "a trace id alone is not exact")
    let span = try changed {
      ($0.served.trace, $0.served.span) = ("t", "s")
      ($0.made.trace, $0.made.span) = ("t", "s")
    }
    #expect(span?.confidence == 1 && span?.kinds == ["span_id", "trace_id"])
    let parent = try changed {
      ($0.served.trace, $0.served.span) = ("t", "s")
      ($0.made.trace, $0.made.span, $0.made.parent) = ("t", "u", "s")
    }
    #expect(parent?.confidence == 1)
  }

  /// What is asked for shows again further down; names and versions do not tell one from another.
  @Test func aWordThatNamesOneThingJoins() throws {
    func asked(_ served: String, _ made: String, rival: String? = nil) throws -> Double? {
      try changed {
        ($0.served.resource, $0.made.resource) = (served, made)
        if let rival { $0.rival = .init(call: 30, time: 50...950, resource: rival) }
      }?.confidence
    }
    #expect(try asked("/orders/order-4711/items", "order-4711") == 0.85)
    #expect(try asked("/orders/order-4711", "order-4711", rival: "/orders/order-4712") == 0.85)
    #expect(try asked("/orders/order-4711", "order-4711", rival: "/x/order-4711") == nil)
    #expect(try asked("/api/v1beta1/items", "/api/v1beta1/users") == nil)
    #expect(try asked("/orders/17", "/orders/17") == nil)
    let both = try changed {
      ($0.served.resource, $0.made.resource) = ("/a/4711-4711", "/b/4711-4711")
      ($0.served.chains, $0.made.chains) = ((1, 7), (1, 2))
      $0.rival = .init(call: 30, time: 50...950, chains: (8, 9))
    }
    #expect(both?.confidence == 0.925 && both?.kinds == ["token", "chain"])
  }

  @Test(arguments: [
    ("/orders/order-4711/items?x=?", ["order-4711"]), ("v1beta1 HTTP2 s3:k8s", []),
    ("GET 550e8400-e29b-41d4-a716-446655440000", ["550e8400-e29b-41d4-a716-446655440000"]),
    ("a-100 100-a-b a1b2c3", ["100-a-b", "a1b2c3"]), ("", []), ("größe-1000", ["e-1000"]),
    ((1...20).map { "item-\($0 + 100)" }.joined(separator: "/"), (101...108).map { "item-\($0)" }),
  ])
  func wordsThatNameOneThingAreTaken(text: String, tokens: [String]) {
    #expect(LinkTokens.tokens(of: text) == tokens)
  }

  /// Where no process is watched, addresses and ids do what they can.
  @Test func withoutProcessesNothingIsCertain() throws {
    let passed = try changed {
      $0.isWatched = false
      ($0.served.identifier, $0.made.identifier) = ("0123456789", "0123456789")
    }
    #expect(passed?.confidence == 0.9)
    #expect(try changed { $0.isWatched = false } == nil)
  }

  /// That a call lies within another one joins nothing, and neither do two traces.
  @Test func timeAloneJoinsNothing() throws {
    #expect(try changed { _ in } == nil)
    #expect(
      try changed {
        ($0.served.chains, $0.made.chains) = ((1, 7), (1, 2))
        ($0.served.trace, $0.made.trace) = ("t", "u")
      } == nil)
    #expect(
      try changed {
        ($0.served.identifier, $0.made.identifier) = ("0123456789", "0123456789")
        $0.made.time = 901...950
      } == nil, "the request was over")
  }

  /// What was not joined can be asked why not.
  @Test func whyACallIsNotBelowAnotherIsTold() {
    func told(_ change: (inout Pair) -> Void) -> String {
      var pair = Pair()
      change(&pair)
      var records = TraceRecords()
      records.add("s-p", pair.served, to: .process(20, thread: 21))
      records.add("c-p", pair.made, from: .process(pair.maker, thread: 22))
      let explained = TraceForest(records.all, origin: 1).explanation(of: 1, below: 0)
      return "\(explained.isParent) " + explained.sentences.joined(separator: " ")
    }
    #expect(
      told { $0.maker = 30 }.contains("false Another process made the call (pid 30 of agent 1)"))
    #expect(told { $0.made.time = 950...960 }.contains("50 us after the other one was over"))
    #expect(told { _ in }.contains("had read nothing that was seen"))
    #expect(told { $0.made.chains = (7, 8) }.contains("No chain of a thread leads"))
    let ids = told { ($0.served.identifier, $0.made.trace) = ("x-0123456789", "t") }
    #expect(ids.contains("The call carries trace id, the other one does not."))
    #expect(ids.contains("The call carries no X-Request-ID, the other one does."))
    let joined = told {
      ($0.served.identifier, $0.made.identifier) = ("x-0123456789", "x-0123456789")
    }
    #expect(joined == "true Both carry the X-Request-ID x-0123456789.")
  }

  /// Spans that applications tell stand around the requests that were seen, and between them.
  @Test func toldSpansAndSeenCallsAreOneTree() throws {
    var records = TraceRecords()
    func told(_ point: String, _ time: ClosedRange<Int64>, _ span: String, below parent: String) {
      records.add(point, call: 0, time, agent: 0, trace: "t", span: span, parent: parent)
    }
    told("c-app", 0...1_000, "a", below: "")
    // A proxy that passes the header on as it came, then the service.
    records.add("c-p", call: 10, 10...990, from: .process(9), trace: "t", span: "a")
    records.add(
      "s-p", call: 10, 20...980, to: .process(15, thread: 15), chains: (5, 6), trace: "t", span: "a"
    )
    records.add(
      "c-p", call: 20, 30...970, from: .process(15, thread: 15), chains: (5, 6), trace: "t",
      span: "a")
    records.add(
      "s-p", call: 20, 40...960, to: .process(20, thread: 21), chains: (1, 2), trace: "t", span: "a"
    )
    told("s-app", 50...950, "b", below: "a")
    told("app", 60...940, "c", below: "b")
    told("c-app", 70...930, "d", below: "c")
    let last = records.add(
      "c-p", call: 30, 80...920, from: .process(20, thread: 21), chains: (1, 2), trace: "t",
      span: "d")
    told("app", 100...200, "x", below: "nobody")
    let trace = try #require(TraceAssembly.trace(records.all, of: last))
    #expect(
      trace.calls.map { $0.hops.map(\.point).joined(separator: "+") } == [
        "c-app", "c-p+s-p", "c-p+s-p", "s-app", "app", "c-app", "c-p", "app",
      ])
    #expect(trace.calls.map(\.parent) == [nil, 0, 1, 2, 3, 4, 5, nil])
    #expect(trace.calls.map(\.confidence) == [nil, 1, 1, 0.9, 1, 1, 1, nil])
    #expect(trace.calls.first?.missing?.contains("names no parent") == true)
    #expect(trace.calls.last?.missing?.contains("the parent nobody") == true)
  }

  @Test func aCallIsOneNodeWithItsHops() throws {
    var records = TraceRecords()
    let server = records.add("s-p", call: 10, 120...880, agent: 2, to: .process(20, "nginx"))
    records.add("c", call: 10, 105...895, client: "192.0.2.1")
    records.add("s", call: 10, 110...890, agent: 2)
    let client = records.add("c-p", call: 10, 100...900, from: .process(9, "curl"))
    records.add("c-p", call: 50, 100...900, from: .process(9, "curl"))
    let trace = try #require(TraceAssembly.trace(records.all, of: server))
    #expect(trace.calls.count == 1)
    let call = try #require(trace.calls.first)
    #expect(call.id == client && call.hops.map(\.point) == ["c-p", "c", "s", "s-p"])
    #expect(call.duration == 800 && call.serverDuration == 760)
    #expect(call.client.service == "curl" && call.server.service == "nginx")
    #expect(call.missing?.contains("curl (pid 9)") == true)
  }

  /// A client that goes from answer to request is not one trace.
  @Test func whatAClientDoesInALoopIsApart() throws {
    var records = TraceRecords()
    var ids: [UInt64] = []
    for number in 0..<50 as Range<UInt64> {
      let start = Int64(number) * 10
      ids.append(
        records.add(
          "c-p", call: 100 + number * 2, start...start + 9, from: .process(9, thread: 9),
          chains: (number, number + 1)))
    }
    #expect(TraceAssembly.trace(records.all, of: ids[20])?.calls.map(\.id) == [ids[20]])
  }

  /// An idle worker's next call follows upon what it read last, which was another request's.
  @Test func aWorkersNextCallIsNotOfTheRequestBefore() throws {
    var records = TraceRecords()
    let first = records.add(
      "s-p", call: 10, 0...1_000, to: .process(20, thread: 21), chains: (1, 9))
    records.add("s-p", call: 12, 5...1_000, to: .process(20, thread: 21), chains: (2, 8))
    let call = records.add(
      "c-p", call: 20, 10...100, from: .process(20, thread: 22), chains: (0, 3))
    let next = records.add(
      "c-p", call: 30, 110...200, from: .process(20, thread: 22), chains: (3, 8))
    let trace = try #require(
      TraceAssembly.trace(records.all, seeds: [first, call, next], seconds: 0...1))
    #expect(trace.edges[call] == nil)
    #expect(trace.edges[next] != first)
  }

  @Test func clocksThatDifferAreBroughtTogether() throws {
    var records = TraceRecords()
    let entry = records.add("c-p", call: 10, 1_000...2_000, from: .process(9))
    records.add("s-p", call: 10, 5_001_100...5_001_700, agent: 2, to: .process(20), chains: (1, 2))
    records.add(
      "c-p", call: 20, 5_001_200...5_001_500, agent: 2, from: .process(20), chains: (1, 2))
    records.add("s-p", call: 20, 1_300...1_500, agent: 3, to: .process(30))
    let trace = try #require(TraceAssembly.trace(records.all, of: entry))
    #expect(trace.calls.count == 2)
    #expect(trace.clocks.map(\.agent) == [2])
    #expect(trace.notes.contains { $0.contains("agent 2") })
    for call in trace.calls {
      for (outer, inner) in zip(call.hops, call.hops.dropFirst()) {
        #expect(outer.start <= inner.start)
        #expect(inner.start + (inner.duration ?? 0) <= outer.start + (outer.duration ?? 0))
      }
    }
    #expect(trace.calls[1].start >= trace.calls[0].start)
  }

  @Test func timesAreToldByWhoseTheyAre() throws {
    var records = TraceRecords()
    let entry = records.add("s-p", call: 10, 0...1_000, to: .process(20), identifier: "0123456789")
    // Two at a time, and one behind them.
    for (call, time) in [(20, 100...500), (22, 200...600), (24, 700...900)]
      as [(UInt64, ClosedRange<Int64>)]
    {
      records.add("c-p", call: call, time, from: .process(20), identifier: "0123456789")
    }
    let trace = try #require(TraceAssembly.trace(records.all, of: entry))
    #expect(trace.calls.map(\.selfTime) == [300, 400, 400, 200])
    #expect(trace.calls.map(\.criticalTime) == [400, nil, 400, 200])
    #expect(trace.calls.map(\.depth) == [0, 1, 1, 1])
  }

  /// Foreign ids may say anything.
  @Test func ringsEndSomewhere() throws {
    var records = TraceRecords()
    let first = records.add(
      "rest", call: 10, 0...100, trace: "t", span: "a", parent: "b", client: "10.0.0.2",
      server: "10.0.0.2")
    let second = records.add(
      "rest", call: 20, 0...100, trace: "t", span: "b", parent: "a", client: "10.0.0.2",
      server: "10.0.0.2")
    let trace = try #require(
      TraceAssembly.trace(records.all, seeds: [first, second], seconds: 0...1))
    #expect(trace.calls.count == 2 && trace.edges.count == 1)
    var twice = records.all
    twice.append(contentsOf: records.all)
    #expect(TraceAssembly.trace(twice, seeds: [first, second], seconds: 0...1) == trace)
  }

  /// The same row sent twice by a source has another number, and counts once.
  @Test func aRecordThatIsThereTwiceCountsOnce() throws {
    var records = TraceRecords()
    let entry = records.add("c-p", call: 10, 0...100, from: .process(9))
    records.add("c-p", call: 10, 0...100, from: .process(9))
    let trace = try #require(TraceAssembly.trace(records.all, of: entry))
    #expect(trace.calls.count == 1 && trace.notes.contains { $0.contains("twice") })
  }

  @Test func aTraceOfAHundredThousandCallsIsBounded() throws {
    var records = TraceRecords()
    let entry = records.add(
      "s-p", call: 10, 0...1_000_000, to: .process(20, thread: 21), chains: (1, 100_001))
    for number in 1...100_000 as ClosedRange<UInt64> {
      let start = Int64(number) * 9
      records.add(
        "c-p", call: number * 2 + 100, start...start + 8, from: .process(20, thread: 21),
        chains: (number, number + 1))
    }
    let trace = try #require(TraceAssembly.trace(records.all, of: entry))
    #expect(trace.calls.count == TraceAssembly.mostCalls && trace.isCut)
    #expect(trace.notes.contains { $0.contains("100001 calls") })
    #expect(trace.calls.dropFirst().allSatisfy { $0.confidence == 1 })
  }
}

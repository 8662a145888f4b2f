// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry
import Testing

@testable import Query

/// A catalog that knows a broker's protocol.
private struct BrokerDirectory: TagDirectory {
  func agents() -> [AgentEntry] { [] }
  func hosts() -> [HostEntry] { [] }
  func protocols() -> [ProtocolEntry] { [.init(number: 100, name: "Kafka")] }
}

/// Traces that are looked for in a real store.
@Suite struct TraceEngineTests {
  private static let second = EngineFixture.start + 7_000

  private struct Record {
    var call: UInt64
    var point: String
    var time: ClosedRange<UInt64>
    var processes: (UInt64, UInt64)
    var chains: (UInt64, UInt64) = (0, 0)
    var thread: UInt64 = 0
    var trace = ""
    var identifier = ""
  }

  /// A request of trace `number`: a client calls 20, which calls 30 twice; 30 calls 40, for which only
  /// the X-Request-ID speaks.
  private func request(_ number: UInt64) -> [Record] {
    let (base, at) = (number * 100, number * 10)
    let identifier = "request-\(number)"
    let (thread, chain) = (500 + number, number * 10)
    return [
      Record(
        call: base, point: "c-p", time: at...at + 1_000, processes: (7, 0), trace: "t\(number)"),
      Record(
        call: base, point: "s-p", time: at + 10...at + 990, processes: (0, 20),
        chains: (chain, chain + 2), thread: thread, trace: "t\(number)"),
      Record(
        call: base + 2, point: "c-p", time: at + 20...at + 300, processes: (20, 0),
        chains: (chain, chain + 1), thread: thread),
      Record(
        call: base + 2, point: "s-p", time: at + 30...at + 290, processes: (0, 30),
        identifier: identifier),
      Record(
        call: base + 4, point: "c-p", time: at + 40...at + 200, processes: (30, 0),
        identifier: identifier),
      Record(
        call: base + 6, point: "c-p", time: at + 400...at + 600, processes: (20, 0),
        chains: (chain + 1, chain + 2), thread: thread),
    ]
  }

  private func insert(
    _ records: [Record], into fixture: EngineFixture, isIndexed: Bool = false
  ) async throws {
    if isIndexed { try await index(records, in: fixture) }
    var calls = ColumnBatch(.callLog)
    for (index, record) in records.enumerated() {
      let start = UInt64(Self.second) * 1_000_000
      let isClient = record.point == "c-p"
      calls.appendRow([
        "time": .time(Self.second), "_id": .number(UInt64(Self.second) << 32 | UInt64(index + 1)),
        "observation_point": .text(record.point), "type": .number(2), "agent_id": .number(1),
        "l7_protocol": .number(20), "protocol": .number(6), "request_type": .text("GET"),
        "req_tcp_seq": .number(10_000 + record.call), "resp_tcp_seq": .number(10_001 + record.call),
        "ip_0": .address("10.0.0.1"), "client_port": .number(4_000),
        "ip_1": .address("10.0.0.2"), "server_port": .number(80),
        "start_time": .number(start + record.time.lowerBound),
        "end_time": .number(start + record.time.upperBound),
        "response_duration": .number(record.time.upperBound - record.time.lowerBound),
        "process_id_0": .number(record.processes.0), "process_id_1": .number(record.processes.1),
        "syscall_thread_0": .number(isClient ? record.thread : 0),
        "syscall_thread_1": .number(isClient ? 0 : record.thread),
        "syscall_trace_id_request": .number(record.chains.0),
        "syscall_trace_id_response": .number(record.chains.1), "trace_id": .text(record.trace),
        "x_request_id_0": .text(record.identifier), "tag_set_id_1": .number(1),
        "request_resource": .text("/\(record.call)"),
      ])
    }
    try await fixture.engine.insert(calls, token: "traces")
  }

  private func index(_ records: [Record], in fixture: EngineFixture) async throws {
    var rows = ColumnBatch(.traceIndex)
    for record in records {
      var keys = [TraceKey(.request, 10_000 + record.call)]
      for chain in [record.chains.0, record.chains.1] where chain != 0 {
        keys.append(TraceKey(.chain, chain, agent: 1))
      }
      if !record.trace.isEmpty { keys.append(TraceKey(.trace, record.trace)) }
      if !record.identifier.isEmpty { keys.append(TraceKey(.identifier, record.identifier)) }
      for key in keys {
        rows.appendRow(["key": .number(UInt64(key.hash)), "time": .time(Self.second)])
      }
    }
    try await fixture.engine.insert(rows, token: "index")
  }

  /// With the index or, as rows of before there was one, without.
  @Test(arguments: [true, false])
  func oneRequestOfManyIsFoundByWhateverNamesIt(isIndexed: Bool) async throws {
    try await EngineFixture.with { fixture in
      try await insert((1...20).flatMap(request), into: fixture, isIndexed: isIndexed)
      let time = Int64(Self.second) - 60...Int64(Self.second) + 60
      let wanted = ["/700", "/702", "/704", "/706"]
      // The records of the seventh: numbers 37 to 42.
      var seeds: [TraceSeed] = [.trace("t7"), .identifier("request-7")]
      seeds += (37...42).map { .record(UInt64(Self.second) << 32 | $0) }
      for seed in seeds {
        let trace = try #require(
          try await fixture.service.trace(seed, in: time, directory: FixedDirectory()))
        #expect(trace.calls.map(\.text.resource) == wanted, "\(seed)")
        #expect(trace.calls.map(\.parent) == [nil, 0, 1, 0], "\(seed)")
        #expect(trace.calls.map(\.confidence) == [nil, 1, 1, 1], "\(seed)")
        #expect(trace.calls[0].hops.map(\.point) == ["c-p", "s-p"])
        #expect(trace.calls[0].server.service == "nginx" && !trace.isCut)
      }
      for seed in [.trace("t99"), .identifier("it's"), .record(5)] as [TraceSeed] {
        #expect(try await fixture.service.trace(seed, in: time, directory: FixedDirectory()) == nil)
      }
    }
  }

  /// A process that does more than is looked at: what ids and chains join is found all the same.
  @Test func aBusyProcessHidesNoCall() async throws {
    try await EngineFixture.with { fixture in
      let others = (0..<6_000 as Range<UInt64>).map { number in
        Record(call: 100_000 + number * 2, point: "c-p", time: 0...2_000, processes: (20, 0))
      }
      try await insert((1...20).flatMap(request) + others, into: fixture)
      let time = Int64(Self.second) - 60...Int64(Self.second) + 60
      let trace = try #require(
        try await fixture.service.trace(.trace("t7"), in: time, directory: FixedDirectory()))
      #expect(trace.calls.map(\.text.resource) == ["/700", "/702", "/704", "/706"])
      #expect(trace.calls.allSatisfy { $0.confidence.map { $0 < 1 } ?? true })
      #expect(trace.notes.contains { $0.contains("no edge is certain") })
      let (child, parent) = (trace.calls[1].id, trace.calls[0].id)
      let why = try #require(
        try await fixture.service.explanation(
          of: child, below: parent, directory: FixedDirectory()))
      #expect(why.isParent && why.confidence == 0.95)
    }
  }

  @Test func theIndexNamesTheSeconds() async throws {
    try await EngineFixture.with { fixture in
      try await insert((1...20).flatMap(request), into: fixture, isIndexed: true)
      let second = Int64(Self.second)
      let key = TraceKey(.trace, "t7").hash
      let service = fixture.service
      #expect(try await service.seconds(having: [key], in: 0...second) == [second])
      #expect(try await service.seconds(having: [key], in: 0...second - 1) == [])
      #expect(
        try await service.seconds(having: [TraceKey(.identifier, "t7").hash], in: 0...second) == [])
      #expect(try await service.seconds(having: [], in: 0...second) == [])
    }
  }

  private func found(
    _ fixture: EngineFixture, _ change: (inout TraceFilter) -> Void
  ) async throws -> FoundTraces {
    let second = Int64(Self.second)
    var filter = TraceFilter(calls: CallFilter(time: second - 60...second + 60))
    change(&filter)
    return try await fixture.service.traces(filter, directory: FixedDirectory())
  }

  /// A trace is found by any of its calls, and told once, whole.
  @Test func tracesAreFoundByTheirCalls() async throws {
    try await EngineFixture.with { fixture in
      try await insert((1...20).flatMap(request), into: fixture)
      let all = try await found(fixture) { $0.limit = 50 }
      #expect(all.traces.count == 20 && !all.isCut && all.notes.isEmpty)
      #expect(Set(all.traces.map(\.trace.identity)).count == 20)
      for found in all.traces {
        #expect(found.trace.calls.count == 4 && found.trace.calls[0].parent == nil)
        #expect(found.matches == [0, 1, 2, 3])
      }
      let some = try await found(fixture) { $0.limit = 3 }
      #expect(some.traces.count == 3 && some.isCut && some.notes.isEmpty)

      // Of the seventh the second call alone.
      let one = try await found(fixture) { $0.calls.resource = "/702" }
      #expect(
        one.traces.map { $0.trace.calls.map(\.text.resource) } == [
          ["/700", "/702", "/704", "/706"]
        ])
      #expect(one.traces[0].matches == [1])
      let named = try await found(fixture) { $0.calls.trace = "t7" }
      #expect(named.traces.count == 1 && named.traces[0].matches == [0])
      let tagged = try await found(fixture) {
        $0.calls.tags = [CallFilter.Attribute("auto_service_1=nginx")!]
      }
      #expect(tagged.traces.count == 20)
      await #expect(throws: QueryError.self) {
        try await found(fixture) { $0.calls.tags = [CallFilter.Attribute("nonsense=1")!] }
      }
    }
  }

  @Test func theSlowestComeFirstAndTheWholeTracesLengthIsAsked() async throws {
    try await EngineFixture.with { fixture in
      let slow = Record(call: 9_000, point: "c-p", time: 500...9_500, processes: (8, 0), trace: "s")
      try await insert((1...5).flatMap(request) + [slow], into: fixture)
      let slowest = try await found(fixture) { ($0.sort, $0.limit) = (.duration, 2) }
      #expect(slowest.traces.map { $0.trace.calls[0].text.resource }.first == "/9000")
      #expect(slowest.traces.count == 2 && slowest.isCut)
      let long = try await found(fixture) { $0.duration = 2_000...Int64.max }
      #expect(long.traces.map { $0.trace.calls[0].trace } == ["s"] && !long.isCut)
      #expect(long.traces[0].trace.duration == 9_000)
    }
  }

  /// What was produced is found for what was fetched minutes later, and the other way round.
  @Test func theOtherSideOfAMessageIsFound() async throws {
    try await EngineFixture.with { fixture in
      var calls = ColumnBatch(.callLog)
      for (index, isFetch) in [false, true].enumerated() {
        let second = Self.second + UInt32(index) * 300
        let start = UInt64(second) * 1_000_000
        let prefix = isFetch ? "kafka.record_" : "kafka."
        calls.appendRow([
          "time": .time(second), "_id": .number(UInt64(second) << 32 | 1),
          "observation_point": .text("c-p"), "type": .number(2), "agent_id": .number(1),
          "l7_protocol": .number(100), "protocol": .number(6),
          "request_type": .text(isFetch ? "Fetch" : "Produce"),
          "req_tcp_seq": .number(UInt64(index) * 10 + 1),
          "resp_tcp_seq": .number(UInt64(index) * 10 + 2), "start_time": .number(start),
          "end_time": .number(start + 500), "response_duration": .number(500),
          "process_id_0": .number(UInt64(index) + 40),
          "request_messages": .number(isFetch ? 0 : 1),
          "response_messages": .number(isFetch ? 1 : 0),
          "attribute_names": .list([prefix + "topic", prefix + "partition", prefix + "offset"]),
          "attribute_values": .list(["orders", "0", "7"]),
        ])
      }
      try await fixture.engine.insert(calls, token: "messages")
      for index in 0..<2 as Range<UInt32> {
        let seed = TraceSeed.record(UInt64(Self.second + index * 300) << 32 | 1)
        let trace = try #require(
          try await fixture.service.trace(seed, in: 0...1, directory: BrokerDirectory()))
        #expect(trace.calls.map(\.text.type) == ["Produce", "Fetch"])
        #expect(trace.calls.map(\.confidence) == [nil, 1])
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

@testable import Query

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

  private func insert(_ records: [Record], into fixture: EngineFixture) async throws {
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

  @Test func oneRequestOfManyIsFoundByWhateverNamesIt() async throws {
    try await EngineFixture.with { fixture in
      try await insert((1...20).flatMap(request), into: fixture)
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
}

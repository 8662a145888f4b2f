// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

@testable import Query

/// Calls whose records are joined before they are filtered, sorted and cut.
@Suite struct JoinedCallTests {
  private static let second = EngineFixture.start + 5_000
  private static let range = Int64(second)...Int64(second) + 100

  /// One record: of call `number`, at `point`.
  private struct Record {
    var number: UInt64
    var point: String
    var took: UInt64
    var status: UInt64 = 0
    var after: UInt32 = 0
    var client: UInt64 = 4
    var clientAddress = "10.0.0.1"
    var resource = "/r"
    var isDatagram = false
    var process: UInt64 = 0
    var thread: UInt64 = 0
  }

  private func insert(_ records: [Record], into fixture: EngineFixture) async throws {
    var calls = ColumnBatch(.callLog)
    for (index, record) in records.enumerated() {
      let second = Self.second + record.after
      let start = UInt64(second) * 1_000_000 + record.number * 10
      let isClient = record.point.hasPrefix("c")
      calls.appendRow([
        "time": .time(second), "_id": .number(UInt64(second) << 32 | UInt64(index + 1)),
        "observation_point": .text(record.point), "type": .number(2), "agent_id": .number(1),
        "l7_protocol": .number(20), "protocol": .number(record.isDatagram ? 17 : 6),
        "req_tcp_seq": .number(record.isDatagram ? 0 : 1_000 + record.number),
        "resp_tcp_seq": .number(record.isDatagram ? 0 : 9_000 + record.number),
        "request_id": .number(record.number), "request_type": .text("GET"),
        "ip_0": .address(record.clientAddress), "client_port": .number(4_000),
        "ip_1": .address("10.0.0.2"), "server_port": .number(80), "start_time": .number(start),
        "end_time": .number(start + record.took), "response_duration": .number(record.took),
        "response_status": .number(record.status), "request_resource": .text(record.resource),
        "tag_set_id_0": .number(record.client), "tag_set_id_1": .number(1),
        "process_id_0": .number(isClient ? record.process : 0),
        "process_id_1": .number(isClient ? 0 : record.process),
        "syscall_thread_0": .number(isClient ? record.thread : 0),
        "syscall_thread_1": .number(isClient ? 0 : record.thread),
      ])
    }
    try await fixture.engine.insert(calls, token: "joined")
  }

  /// "resource duration points server_duration" of each call.
  private func told(_ page: JoinedPage) -> [String] {
    func column(_ name: String) -> Int {
      page.answer.columns.firstIndex { $0.name == name } ?? 0
    }
    return page.answer.rows.map { row in
      guard case .array(let points) = row[column("points")] else { return "no points" }
      let server = row[column("server_duration")]
      return [
        row[column("request_resource")].string ?? "", "\(row[column("response_duration")].number)",
        points.map { $0.string ?? "" }.joined(separator: ","),
        server == .null ? "-" : "\(server.number)",
      ].joined(separator: " ")
    }
  }

  /// The client waited long, the server did not: the call is slow, and its server was fast.
  @Test func aFilterIsPutToTheCallNotToItsRecords() async throws {
    try await EngineFixture.with { fixture in
      try await insert(
        [
          .init(number: 1, point: "s-p", took: 900, resource: "/slow"),
          .init(number: 1, point: "c-p", took: 168_000, resource: "/slow"),
          .init(number: 2, point: "c-p", took: 700, resource: "/fast"),
          .init(number: 2, point: "s-p", took: 300, resource: "/fast"),
          // The client gave up; for the server all was well.
          .init(number: 3, point: "c-p", took: 50, status: 2, resource: "/lost"),
          .init(number: 3, point: "s-p", took: 40, status: 0, resource: "/lost"),
          // Only the server names its host; the client's own record names the client.
          .init(number: 4, point: "s-p", took: 20, status: 4, client: 4, resource: "/named"),
          .init(number: 4, point: "c-p", took: 30, status: 4, client: 3, resource: "/named"),
        ], into: fixture)
      var filter = CallFilter(time: Self.range)
      func calls(_ change: (inout CallFilter) -> Void) async throws -> [String] {
        var changed = filter
        change(&changed)
        return told(try await fixture.service.calls(changed, directory: FixedDirectory())).sorted()
      }
      filter.sort = .time
      #expect(
        try await calls { $0.leastDuration = 100_000 } == ["/slow 168000 c-p,s-p 900"])
      #expect(
        try await calls { $0.statuses = ["Success"] }.map { $0.prefix(5) } == ["/fast", "/slow"])
      #expect(try await calls { $0.statuses = ["Timeout"] } == ["/lost 50 c-p,s-p 40"])
      #expect(try await calls { $0.client = "mariadbd" } == ["/named 30 c-p,s-p 20"])
      #expect(
        try await calls { $0.client = "web-1" }.allSatisfy { !$0.hasPrefix("/named") })
      #expect(try await calls { $0.point = "s-p" }.count == 4)
      #expect(try await calls { $0.point = "" }.count == 8)
      let bars = try await fixture.service.callBars(filter, step: 10, directory: FixedDirectory())
      #expect(bars.reduce(0) { $0 + $1.calls } == 4)
    }
  }

  /// The slowest of the range, though the latest come first in the log.
  @Test(arguments: [1, 3, 10]) func theServerSortsBeforeItCuts(limit: Int) async throws {
    try await EngineFixture.with { fixture in
      let records = (1...60 as ClosedRange<UInt64>).flatMap { number in
        ["c-p", "c", "s", "s-p"].enumerated().map { place, point in
          Record(
            number: number, point: point, took: 100_000 - number * 100 - UInt64(place),
            after: UInt32(number), resource: "/\(number)")
        }
      }
      try await insert(records, into: fixture)
      var filter = CallFilter(time: Self.range)
      filter.limit = limit
      filter.sort = .duration
      let slowest = try await fixture.service.calls(filter, directory: FixedDirectory())
      #expect(
        told(slowest)
          == (1...limit).map { "/\($0) \(100_000 - $0 * 100) c-p,c,s,s-p \(99_997 - $0 * 100)" })
      #expect(slowest.isCut)
      filter.sort = .time
      let latest = try await fixture.service.calls(filter, directory: FixedDirectory())
      #expect(told(latest).map { $0.prefix(3) } == (0..<limit).map { "/\(60 - $0)" })
      filter.limit = 60
      #expect(try await !fixture.service.calls(filter, directory: FixedDirectory()).isCut)
    }
  }

  @Test func datagramsAskedTwiceAreTwoCalls() async throws {
    try await EngineFixture.with { fixture in
      try await insert(
        [
          .init(number: 7, point: "c-p", took: 30, isDatagram: true),
          .init(number: 7, point: "s-p", took: 20, isDatagram: true),
          .init(number: 7, point: "c-p", took: 31, after: 2, isDatagram: true),
          .init(number: 7, point: "s-p", took: 21, after: 2, isDatagram: true),
        ], into: fixture)
      let page = try await fixture.service.calls(
        CallFilter(time: Self.range), directory: FixedDirectory())
      #expect(page.answer.rows.count == 2)
    }
  }

  /// Addresses that are translated on the way do not make two calls of one.
  @Test func aCallBehindTranslatedAddressesIsOne() async throws {
    try await EngineFixture.with { fixture in
      try await insert(
        [
          .init(number: 1, point: "c-p", took: 30),
          .init(number: 1, point: "s-p", took: 20, clientAddress: "192.0.2.1"),
        ], into: fixture)
      let page = try await fixture.service.calls(
        CallFilter(time: Self.range), directory: FixedDirectory())
      #expect(told(page) == ["/r 30 c-p,s-p 20"])
    }
  }

  /// What the serving process called while it served, errors first; nothing of before, after, or of
  /// other processes.
  @Test func theCallsMadeMeanwhileStandBehindAnError() async throws {
    try await EngineFixture.with { fixture in
      try await insert(
        [
          .init(number: 0, point: "c-p", took: 1_000_000, status: 3, resource: "/served"),
          .init(
            number: 0, point: "s-p", took: 900_000, status: 3, resource: "/served", process: 50,
            thread: 51),
          .init(number: 5, point: "c-p", took: 800, resource: "/fine", process: 50, thread: 51),
          .init(
            number: 6, point: "c-p", took: 20, status: 4, resource: "/cause", process: 50,
            thread: 52),
          .init(number: 7, point: "c-p", took: 20, resource: "/stranger", process: 60),
          .init(number: 8, point: "c-p", took: 20, after: 9, resource: "/later", process: 50),
        ], into: fixture)
      let id = UInt64(Self.second) << 32 | 1
      let found = try #require(
        try await fixture.service.meanwhile(id, directory: FixedDirectory()))
      #expect(told(found.page).map { $0.prefix(6) } == ["/cause", "/fine "])
      #expect(found.page.answer.rows.map(\.last) == [.string("process"), .string("thread")])
      #expect(found.service == "nginx")
      let unseen = try await fixture.service.meanwhile(id + 2, directory: FixedDirectory())
      #expect(unseen == nil)
    }
  }
}

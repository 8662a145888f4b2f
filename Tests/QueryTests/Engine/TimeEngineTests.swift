// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import TestSupport
import Testing

@testable import Query

/// Times in conditions mean to the engine what they mean to whoever works out the range.
@Suite(.serialized) struct TimeEngineTests {
  private static let now = FixedDirectory.now

  /// Random conditions, over a row for each second around now and ten years before and behind.
  @Test func theFoldedRangeIsWhatTheEngineAdmits() async throws {
    let now = UInt32(Self.now)
    let seconds = [now - 300_000_000] + Array(now - 30...now + 30) + [now + 300_000_000]
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = TimeConditions(seed: seed, now: Self.now)
    let conditions = (0..<150).map { _ in generator.condition(3) }
    try await EngineFixture.with { fixture in
      var rows = ColumnBatch(.networkSecond)
      for second in seconds { rows.appendRow(["time": .time(second), "byte": .number(1)]) }
      try await fixture.engine.insert(rows, token: "seconds")
      for condition in conditions {
        let query = "SELECT time FROM network.1s WHERE \(condition)"
        let statement = try Parser.parse(query)
        guard case .select(let select) = statement else { continue }
        let set = TimeSet(select.condition, table: .networkSecond, now: Self.now)
        let wanted = seconds.map(Int64.init).filter(set.contains).sorted()
        let found = try await fixture.rows(query).compactMap { row -> Int64? in
          if case .int(let second) = row[0] { second } else { nil }
        }
        #expect(found.sorted() == wanted, "seed \(seed): \(condition)")
        let range = set.range
        #expect(
          wanted.allSatisfy { (range.first ?? 0) <= $0 && $0 <= (range.last ?? .max) },
          "seed \(seed): \(condition)")
      }
    }
  }

  /// `now()` is one value for the request, and times that it is part of mean the same for columns of
  /// seconds and of microseconds.
  @Test func timesOfMicrosecondsCompareWithPointsInTime() async throws {
    try await EngineFixture.with { fixture in
      var calls = ColumnBatch(.callLog)
      for (index, age) in [10, 400].enumerated() {
        let end = (Self.now - Int64(age)) * 1_000_000 + 5
        calls.appendRow([
          "time": .time(UInt32(Self.now) - UInt32(age)), "_id": .number(UInt64(5_000 + index)),
          "start_time": .number(UInt64(end)), "end_time": .number(UInt64(end)),
        ])
      }
      try await fixture.engine.insert(calls, token: "ends")
      for condition in [
        "end_time >= now() - 300", "start_time > toDateTime(now() - 300)",
        "end_time >= (now() - 300) * 1000000", "end_time > '2026-09-21 14:15:00'",
        "time - 1 >= now() - 300",
      ] {
        let rows = try await fixture.rows(
          "SELECT _id FROM l7_flow_log WHERE _id >= 5000 AND \(condition)")
        #expect(rows == [[.int(5_000)]], "\(condition)")
      }
      let now = try await fixture.rows(
        "SELECT now(), toDateTime('1970-01-01 00:01:00') FROM loss_ledger LIMIT 1")
      #expect(now == [[.int(Self.now), .int(60)]])
    }
  }

  /// The mean is over what was asked for: until now, where nobody says until when.
  @Test func averagesDivideByTheRangeAskedFor() async throws {
    try await EngineFixture.with { fixture in
      // 60 requests in the seven minutes that begin from the first row to now.
      let rows = try await fixture.rows(
        "SELECT Avg(request), PerSecond(Sum(request)), Min(request) FROM application "
          + "WHERE auto_service = 'nginx' AND time >= now() - 360")
      #expect(rows == [[.double(8.571429), .double(0.142857), .int(0)]])
    }
  }

  /// Calls that end within one second have an order.
  @Test func theLastCallEndedLast() async throws {
    try await EngineFixture.with { fixture in
      var calls = ColumnBatch(.callLog)
      // The slow one was told first and ended first; the last to end was told in the middle.
      for (row, end, took) in [(1, 200_000, 200_432), (2, 900_000, 30), (3, 300_000, 70)]
        as [(UInt64, UInt64, UInt64)]
      {
        calls.appendRow([
          "time": .time(UInt32(Self.now)), "_id": .number(row + 9_000),
          "end_time": .number(UInt64(Self.now) * 1_000_000 + end), "server_port": .number(18_651),
          "response_duration": .number(took), "type": .number(2),
        ])
      }
      try await fixture.engine.insert(calls, token: "one second")
      let last = try await fixture.rows(
        "SELECT Last(response_duration), Last(request) FROM l7_flow_log WHERE server_port = 18651")
      #expect(last == [[.int(30), .int(1)]])
      let latest = try await fixture.rows(
        "SELECT response_duration AS took FROM l7_flow_log WHERE server_port = 18651 "
          + "ORDER BY time DESC LIMIT 2")
      #expect(latest == [[.int(30)], [.int(70)]])
      // Two rows of the last minute are one mean: 3,000 us over 20 responses.
      var metrics = ColumnBatch(.applicationMinute)
      for sum: UInt64 in [1_000, 2_000] {
        metrics.appendRow([
          "time": .time(EngineFixture.start + 600), "server_port": .number(18_651),
          "rrt_sum": .number(sum), "rrt_count": .number(10), "rrt_max": .number(sum),
        ])
      }
      try await fixture.engine.insert(metrics, token: "one minute")
      let mean = try await fixture.rows(
        "SELECT Last(rrt), Last(rrt_max) FROM application WHERE server_port = 18651")
      #expect(mean == [[.int(150), .int(2_000)]])
    }
  }
}

/// Random conditions on time.
private struct TimeConditions {
  private var random: SeededGenerator
  private let now: Int64

  init(seed: UInt64, now: Int64) {
    random = SeededGenerator(seed: seed)
    self.now = now
  }

  mutating func condition(_ depth: Int) -> String {
    guard depth > 0 else { return test() }
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return "(\(condition(depth - 1)) AND \(condition(depth - 1)))"
    case 1: return "(\(condition(depth - 1)) OR \(condition(depth - 1)))"
    case 2: return "NOT (\(condition(depth - 1)))"
    default: return test()
    }
  }

  private mutating func test() -> String {
    let not = Bool.random(using: &random) ? "NOT " : ""
    let (a, b) = (bound(), bound())
    let name = ["=", "!=", "<", "<=", ">", ">="].randomElement(using: &random)!
    switch Int.random(in: 0..<9, using: &random) {
    case 0: return "time \(not)BETWEEN \(a) AND \(b)"
    case 1: return "time \(not)IN (\(a), \(b))"
    case 2: return "\(a) \(name) time"
    case 3: return "time + \(Int.random(in: 0...20, using: &random)) \(name) \(number())"
    case 4: return "\(number()) - time \(name) \(Int.random(in: -20...20, using: &random))"
    case 5: return "time(time, \(Int.random(in: 1...40, using: &random))) \(name) \(number())"
    case 6: return "time \(name) \(number()).5"
    default: return "time \(name) \(a)"
    }
  }

  private mutating func number() -> Int64 { now + Int64.random(in: -35...35, using: &random) }

  private mutating func bound() -> String {
    let distance = Int64.random(in: -35...35, using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return "\(now + distance)"
    case 1: return "'\(now + distance)'"
    case 2: return "toDateTime(\(now) + \(distance))"
    case 3: return date(distance)
    case 4: return "toDateTime(\(date(distance)))"
    case 5:
      return ["0", "1", "4294967295", "4294967294", "99999999999", "-7"].randomElement(
        using: &random)!
    case 6: return "now() + 7 * 5 - 35 \(distance < 0 ? "-" : "+") \(abs(distance))"
    default: return "now() \(distance < 0 ? "-" : "+") \(abs(distance))"
    }
  }

  /// The seconds around now all lie in one hour.
  private func date(_ distance: Int64) -> String {
    let rest = (now + distance) % 3_600
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "'2026-09-21 14:\(two(rest / 60)):\(two(rest % 60))'"
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Query

/// Which seconds a query can have seen, and so which losses it has to tell.
@Suite struct TimeSetTests {
  private static let now: Int64 = 1_790_000_400

  struct Case: Sendable, CustomTestStringConvertible {
    var condition: String
    var first: Int64?
    var last: Int64?

    init(_ condition: String, _ first: Int64?, _ last: Int64?) {
      (self.condition, self.first, self.last) = (condition, first, last)
    }

    var testDescription: String { condition }
  }

  private func range(_ query: String) throws -> TimeRange? {
    switch try QueryCompiler.compile(query, now: Self.now, directory: FixedDirectory()) {
    case .select(let plan), .show(let plan): plan.range
    case .ready(let answer): answer.range
    }
  }

  static let cases: [Case] = [
    .init("time >= now() - 300", now - 300, nil),
    .init("now() - 300 <= time", now - 300, nil),
    .init("time > NOW() - 5 * 60 AND time <= now()", now - 299, now),
    .init("time >= now() - 3600 / 2", now - 1_800, nil),
    .init("time BETWEEN now() - 900 AND now() - 300", now - 900, now - 300),
    .init("time >= toDateTime('2026-09-21 14:00:00')", 1_789_999_200, nil),
    .init("time < '2026-09-21 14:00:00'", nil, 1_789_999_199),
    .init(
      "time >= '2026-09-21 14:00:00' AND time < '2026-09-21 15:00:00'", 1_789_999_200, 1_790_002_799
    ),
    .init("time >= toDateTime(1790000000) AND time <= '1790000060'", 1_790_000_000, 1_790_000_060),
    .init("time = 5 OR time BETWEEN 10 AND 20", 5, 20),
    .init("time IN (30, now() - 1790000390, 20)", 10, 30),
    .init("time >= 10 AND (server_port = 80 OR time < 20)", 10, nil),
    .init("NOT (time < 10 OR time > 20)", 10, 20),
    .init("NOT time NOT BETWEEN 10 AND 20", 10, 20),
    .init("NOT (time < 10 AND server_port = 80)", nil, nil),
    .init("time != 5", nil, nil),
    .init("time + 300 >= now()", now - 300, nil),
    .init("now() - time <= 300", now - 300, nil),
    .init("-time > -20", nil, 19),
    .init("time - now() >= -60", now - 60, nil),
    .init("time >= 10.5 AND time < 20.5", 11, 20),
    .init("time(time, 60) >= 90 AND time(time, 60) <= 200", 120, 239),
    .init("time > 10 AND time < 5", 1, 0),
    .init("time >= 0 AND time <= 99999999999", 0, nil),
    .init("server_port = 80", nil, nil),
    .init("time >= 10 OR server_port = 80", nil, nil),
  ]

  @Test(arguments: cases)
  func conditionsAdmit(_ entry: Case) throws {
    let found = try range("SELECT server_port FROM network.1s WHERE \(entry.condition)")
    #expect(found == TimeRange(first: entry.first, last: entry.last))
  }

  /// What HAVING leaves out, nobody misses.
  @Test func conditionsOnIntervalsAdmit() throws {
    let grouped = "SELECT time(time, 60) AS toi, Sum(byte) AS b FROM network GROUP BY toi HAVING "
    #expect(try range(grouped + "toi >= now() - 300") == TimeRange(first: 1_790_000_100))
    #expect(try range(grouped + "b > 5 AND toi < 600") == TimeRange(last: 599))
    #expect(try range(grouped + "b > 5 OR toi < 600") == TimeRange())
  }

  /// What is declared misses nothing; values that are looked for in rows do.
  @Test func showTellsWhetherItReadRows() throws {
    #expect(try range("SHOW tables") == nil)
    #expect(try range("SHOW tag close_type values FROM l4_flow_log") == nil)
    #expect(try range("SHOW tag endpoint values FROM application") == TimeRange())
    #expect(try range("SELECT Count(row) FROM l7_flow_log") == TimeRange())
  }

  @Test func dates() {
    #expect(CivilTime.seconds("1970-01-01 00:00:00") == 0)
    #expect(CivilTime.seconds("2000-02-29 12:00:01") == 951_825_601)
    #expect(CivilTime.seconds("2106-02-07 06:28:15") == 4_294_967_295)
    for text in [
      "2026-02-29 00:00:00", "2026-13-01 00:00:00", "2026-00-01 00:00:00", "2026-01-01 24:00:00",
      "2026-01-01T00:00:00", "2026-01-01", "2026-01-01 00:60:00", "",
    ] {
      #expect(CivilTime.seconds(text) == nil, "\(text)")
    }
  }

  /// Sets are what their members say.
  @Test(arguments: 0..<50 as Range<UInt64>)
  func setsAreRightMemberByMember(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    func set() -> TimeSet {
      TimeSet(
        joining: (0..<Int.random(in: 0...4, using: &random)).map { _ in
          let from = Int64.random(in: 0...30, using: &random)
          return from...from + Int64.random(in: 0...8, using: &random)
        })
    }
    let (left, right) = (set(), set())
    for number in Int64(-2)...42 {
      let (a, b) = (left.contains(number), right.contains(number))
      #expect(left.union(right).contains(number) == (a || b), "seed \(seed)")
      #expect(left.intersection(right).contains(number) == (a && b), "seed \(seed)")
      #expect(left.complement.contains(number) == !a, "seed \(seed)")
      #expect(left.moved(by: 3).contains(number + 3) == a, "seed \(seed)")
      #expect(left.mirrored.contains(-number) == a, "seed \(seed)")
    }
    #expect(left.complement.complement == left, "seed \(seed)")
  }
}

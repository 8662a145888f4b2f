// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

@testable import Query

/// Figures over a range: which tables they are read from, and that each thing counts once.
@Suite struct FigureTests {
  private let now: Int64 = 1_790_000_000

  /// The rows of seconds, where the range is short and they are still kept; the last minutes, whose
  /// rows may be missing yet, always.
  @Test(arguments: [
    (900, 0, ["1s -900...0"]), (21_600, 0, ["1s -21600...0"]),
    (21_601, 0, ["1m -21601...-141", "1s -140...0"]),
    (86_400, 7_200, ["1m -86400...-7200"]), (90_000, 89_100, ["1m -90000...-89100"]),
    (82_000, 81_000, ["1s -82000...-81000"]),
    (172_800, 100, ["1m -172800...-141", "1s -140...-100"]),
  ])
  func theTablesThatFitAreRead(from: Int64, to: Int64, parts: [String]) {
    let range = FigureRange((now - from)...(now - to), now: now)
    let found = range.parts().map {
      "\($0.precision.rawValue) \($0.time.lowerBound - now)...\($0.time.upperBound - now)"
    }
    #expect(found == parts)
  }

  /// Whole hours and days from their own rows, what is left at the ends from finer ones.
  @Test(
    arguments: [
      (
        1_790_000_000, 604_800, 0, nil,
        ["1m", "1h", "1m", "1s"]
      ),
      (1_790_000_000, 604_800, 0, 60, ["1m", "1s"]),
      (1_790_000_000, 604_800, 0, 3_600, ["1m", "1h", "1m", "1s"]),
      // Minutes of then are gone.
      (1_790_000_000, 2_592_000, 0, nil, ["1h", "1m", "1s"]),
      (1_790_000_000, 2_592_000, 0, 60, ["1h", "1m", "1s"]),
      (1_790_000_000, 2_592_000, 2_588_400, nil, ["1h"]),
      (1_790_000_000, 6_000_000, 0, nil, ["1h", "1d", "1h", "1m", "1s"]),
      (1_790_000_000, 20_000_000, 0, 60, ["1d", "1h", "1m", "1s"]),
      (1_790_000_000, 20_000_000, 19_990_000, nil, ["1d"]),
    ] as [(Int64, Int64, Int64, Int64?, [String])])
  func longRangesAreReadFromCoarseRows(
    now: Int64, from: Int64, to: Int64, step: Int64?, parts: [String]
  ) {
    let range = FigureRange((now - from)...(now - to), now: now)
    let found = range.parts(step: step)
    #expect(
      found.map(\.precision.rawValue) == parts.map { String($0.prefix { $0 != " " }) })
    for (part, next) in zip(found, found.dropFirst()) {
      #expect(part.time.upperBound + 1 == next.time.lowerBound)
    }
    #expect(found.last?.time.upperBound == range.time.upperBound || found.count == 1)
    for part in found where [.hour, .day].contains(part.precision) && found.count > 1 {
      #expect(part.time.lowerBound % part.precision.seconds == 0)
      #expect((part.time.upperBound + 1) % part.precision.seconds == 0)
    }
  }

  @Test func tablesAreChosenByWhatIsKept() {
    var kept = RetentionHours()
    for table in TableDeclaration.builtIn where table.interval == 60 { kept[table] = 24 }
    let range = FigureRange((now - 172_800)...now, now: now, kept: kept)
    #expect(range.precision == .hour)
    #expect(FigureRange((now - 172_800)...now, now: now).precision == .minute)
  }

  @Test func rowsOfTwoPartsAreOne() throws {
    var request = FigureRequest(
      table: "application_map",
      columns: [
        .init("s", "auto_service_1"), .init("n", "Sum(request)"), .init("most", "Max(rrt)"),
        .init("mean", "Avg(rrt)", weight: "n"), .init("least", "Min(rrt)"),
      ], grouping: "auto_service_1")
    var rows = FigureRows(try request.folds())
    rows.add([
      [.string("a"), .uint(1), .uint(9), .double(2), .uint(4)],
      [.string("b"), .uint(5), .null, .null, .null],
    ])
    rows.add([
      [.string("a"), .uint(3), .uint(7), .double(6), .uint(3)],
      [.string("b"), .uint(1), .uint(2), .double(8), .uint(2)],
    ])
    #expect(
      rows.rows == [
        [.string("a"), .uint(4), .uint(9), .double(5), .uint(3)],
        [.string("b"), .uint(6), .uint(2), .double(8), .uint(2)],
      ])
    for (column, text) in [
      (FigureRequest.Column("x", "Avg(rrt)"), "weighed"),
      (.init("x", "Avg(rrt)", weight: "y"), "no column 'y'"),
      (.init("x", "Percentile(rrt, 9)"), "cannot be added up"),
      (.init("x", "UniqExact(ip_0)"), "cannot be added up"),
      (.init("x", "Sum(error) / Sum(response)"), "cannot be added up"),
    ] {
      request.columns = [column]
      let error = #expect(throws: QueryError.self) { _ = try request.folds() }
      #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }
  }

  /// The nearest to the end that saw the better part; all rows of a series stay together.
  @Test(arguments: [
    ("client", 40, ["s-p"]), ("client", 60, ["c-p"]), ("server", 60, ["s-p"]),
    ("server", 300, ["c-p"]),
  ])
  func onePointSpeaks(end: String, atClient: UInt64, points: [String]) throws {
    let speaker = FigureRequest.Speaker(
      end: try #require(.init(rawValue: end)), weight: "n", things: ["s"])
    let rows: [[Value]] = [
      [.string("a"), .string("c-p"), .uint(atClient / 2)],
      [.string("a"), .string("s-p"), .uint(100)],
      [.string("a"), .string("c-p"), .uint(atClient - atClient / 2)],
      [.string("b"), .string("rest"), .uint(1)],
    ]
    let chosen = speaker.chosen(rows, things: [0], point: 1, weight: 2)
    #expect(Set(chosen.filter { $0[0] == .string("a") }.compactMap { $0[1].string }) == Set(points))
    #expect(chosen.contains { $0[0] == .string("b") })
    #expect(chosen.count == (points == ["c-p"] ? 3 : 2))
  }

  /// A caller that its own record names is not told again under its host's name.
  @Test func echoesAreLeftOut() {
    func row(_ client: String, _ kind: String, _ point: String, _ calls: UInt64) -> [Value] {
      [
        .string("stock"), .string("HTTP"), .string(kind), .string(point), .uint(calls),
        .string(client),
      ]
    }
    let echoes = Echoes(server: 0, protocolName: 1, clientKind: 2, point: 3, weight: 4)
    func clients(_ rows: [[Value]]) -> [String?] { echoes.leftOut(of: rows).map { $0[5].string } }
    #expect(
      clients([row("gateway", "Process", "c-p", 84), row("vm", "Host", "s-p", 84)]) == ["gateway"])
    #expect(
      clients([row("gateway", "Process", "c-p", 8), row("far", "Host", "s-p", 84)])
        == ["gateway", "far"])
    #expect(
      clients([
        row("gateway", "Process", "c-p", 84), row("gateway", "Process", "s-p", 84),
        row("far", "IP", "s-p", 84),
      ]) == ["gateway", "gateway", "far"])
  }

  /// With percentiles of the single calls, by whatever the figures are by.
  @Test func figuresHavePercentiles() async throws {
    try await EngineFixture.with { fixture in
      let second = EngineFixture.start + 20_000
      var metrics = ColumnBatch(.applicationMapSecond)
      for (index, point) in ["c-p", "s-p"].enumerated() {
        for (endpoint, calls) in [("/a", UInt64(20)), ("/b", 10)] {
          metrics.appendRow([
            "time": .time(second), "observation_point": .text(point), "endpoint": .text(endpoint),
            "tag_set_id_1": .number(1), "auto_service_id_1": .number(1), "l7_protocol": .number(20),
            "request": .number(calls), "response": .number(calls),
            "rrt_sum": .number(calls * UInt64(100 + index)), "rrt_count": .number(calls),
            "rrt_max": .number(900),
          ])
        }
      }
      try await fixture.engine.insert(metrics, token: "figures")
      var calls = ColumnBatch(.callLog)
      for number in UInt64(1)...20 {
        calls.appendRow([
          "time": .time(second), "_id": .number(number), "observation_point": .text("s-p"),
          "tag_set_id_1": .number(1), "auto_service_id_1": .number(1), "type": .number(2),
          "l7_protocol": .number(20), "endpoint": .text("/a"),
          "response_duration": .number(number * 10),
        ])
      }
      try await fixture.engine.insert(calls, token: "figures")
      var request = FigureRequest(
        table: "application_map",
        columns: [
          .init("endpoint", "endpoint"), .init("observation_point", "observation_point"),
          .init("requests", "Sum(request)"), .init("mean", "Avg(rrt)", weight: "requests"),
        ], grouping: "endpoint, observation_point")
      request.percentiles = [50, 95]
      request.condition = "auto_service_1 = 'nginx' OR auto_service_1 = 'other'"
      request.order = "requests DESC"
      request.speaker = .init(end: .server, weight: "requests", things: ["endpoint"])
      let range = FigureRange(
        Int64(second) - 60...Int64(second) + 60, now: Int64(second) + 60)
      let page = try await fixture.service.figures(
        request, in: range, directory: FixedDirectory())
      #expect(page.percentilesFrom == nil)
      #expect(
        page.answer.columns.map(\.name)
          == ["endpoint", "observation_point", "requests", "mean", "p50", "p95", "is_coarse"])
      let rows = page.answer.rows
      #expect(rows.map { $0[0].string } == ["/a", "/b"])
      #expect(rows.allSatisfy { $0[1].string == "s-p" && $0[3].real == 101 })
      #expect((190...200).contains(rows[0][5].real ?? 0), "\(rows[0])")
      #expect(rows[1][4] == .null && rows[1][5] == .null, "\(rows[1])")
    }
  }
}

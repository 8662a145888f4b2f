// SPDX-License-Identifier: Apache-2.0

import Query
import Storage
import Telemetry
import TestSupport
import Testing

/// Statements that the real engine runs, on rows whose answers were worked out by hand.
@Suite(.serialized) struct EngineTests {
  struct Case: Sendable {
    var query: String
    var rows: [[Value]]

    init(_ query: String, _ rows: [[Value]]) {
      self.query = query
      self.rows = rows
    }
  }

  static let start = Int64(EngineFixture.start)
  private static let window = "time >= \(start) AND time < \(start + 240)"

  static let groups: [Case] = [
    // Two tag sets with one service fold into it; unknown ends are told apart by address.
    .init(
      "SELECT auto_service, Sum(request) AS r FROM application GROUP BY auto_service ORDER BY r DESC",
      [
        [.string("nginx"), .int(60)], [.string("mariadbd"), .int(5)],
        [.string("2001:db8::9"), .int(2)], [.string("10.0.0.9"), .int(1)],
      ]),
    .init(
      "SELECT host, Sum(request) AS r FROM application GROUP BY host ORDER BY r DESC",
      [
        [.string("web-1"), .int(30)], [.string("web-2"), .int(30)], [.string("db-1"), .int(5)],
        [.string(""), .int(3)],
      ].sorted { ($0[1] == .int(30) ? 0 : 1) < ($1[1] == .int(30) ? 0 : 1) }),
    // HAVING, ORDER BY and LIMIT see folded values.
    .init(
      "SELECT auto_service FROM application GROUP BY auto_service HAVING Sum(request) > 30",
      [[.string("nginx")]]),
    .init(
      "SELECT Sum(request) FROM application WHERE auto_service != 'nginx'", [[.int(8)]]),
    .init(
      "SELECT Sum(request) FROM application WHERE auto_service IN ('10.0.0.9', 'mariadbd')",
      [[.int(6)]]),
    .init(
      "SELECT Sum(request) FROM application WHERE auto_service LIKE '10.*' OR host REGEXP '^db'",
      [[.int(6)]]),
    .init("SELECT Sum(request) FROM application WHERE host = ''", [[.int(3)]]),
    .init("SELECT Sum(request) FROM application WHERE host REGEXP '^web-\\d$'", [[.int(60)]]),
    .init("SELECT Sum(request) FROM application WHERE host NOT REGEXP '^web'", [[.int(8)]]),
    .init("SELECT Sum(request) FROM application WHERE host REGEXP '^$'", [[.int(3)]]),
    .init(
      "SELECT endpoint FROM application GROUP BY endpoint HAVING Sum(error) > Sum(request) / 100",
      [[.string("")]]),
    .init("SELECT Uniq(auto_service), UniqExact(host) FROM application", [[.int(4), .int(4)]]),
    .init(
      "SELECT Enum(l7_protocol), l7_protocol, Count(row) FROM application GROUP BY l7_protocol",
      [[.string("HTTP"), .int(20), .int(6)]]),
  ]

  /// What is not a name stands beside the resource.
  static let properties: [Case] = [
    .init(
      "SELECT os_user, command_line, Sum(request) AS r FROM application "
        + "GROUP BY os_user, command_line ORDER BY r DESC, os_user",
      [
        [.string("0"), .string("nginx -c it's"), .int(30)],
        [.string("1"), .string("nginx -c it's"), .int(30)],
        [.string("2"), .string("mariadbd -c it's"), .int(5)],
        [.string(""), .string(""), .int(3)],
      ]),
    .init(
      "SELECT Sum(request) FROM application WHERE command_line LIKE '*it''s' AND os_user > 0",
      [[.int(35)]]),
    .init(
      "SELECT os_user_1, Count(row) FROM l7_flow_log GROUP BY os_user_1 ORDER BY os_user_1",
      [[.string("0"), .int(50)], [.string("1"), .int(50)]]),
    .init(
      "SELECT gprocess_1, auto_instance_1, command_line_1 FROM l7_flow_log WHERE _id = 3",
      [[.string("nginx"), .string("nginx@web-2"), .string("nginx -c it's")]]),
    .init(
      "SELECT if(auto_service = '10.0.0.9', 'it', 'other') AS k, Sum(request) FROM application "
        + "GROUP BY k ORDER BY k", [[.string("it"), .int(1)], [.string("other"), .int(67)]]),
    .init("SELECT Sum(request) FROM application WHERE auto_service IN ('', 'nginx')", [[.int(60)]]),
    .init("SELECT Sum(request) FROM application WHERE host IS NULL", [[.int(3)]]),
    .init("SELECT Sum(request) FROM application WHERE host IS NOT NULL", [[.int(65)]]),
  ]

  static let metrics: [Case] = [
    // 60 requests in the four minutes asked for, of which two have points of 40 and 20.
    .init(
      """
      SELECT Avg(request), AAvg(request), Max(request), Min(request), Last(request),
        PerSecond(Sum(request)), Spread(request)
      FROM application WHERE auto_service = 'nginx' AND \(window)
      """,
      [[.int(15), .int(30), .int(40), .int(0), .int(20), .double(0.25), .int(40)]]),
    // Sum of sums over sum of counts, not the mean of three means.
    .init(
      "SELECT Avg(rrt), Max(rrt), Min(rrt), AAvg(rrt) FROM application WHERE host LIKE 'web*'",
      [[.int(200), .int(900), .int(100), .double(166.666667)]]),
    // Half of the 60 responses took 100 us on average, the other half 300.
    .init(
      "SELECT PercentileExact(rrt, 50), PercentileExact(rrt, 99) FROM application "
        + "WHERE auto_service = 'nginx'", [[.int(100), .int(300)]]),
    .init(
      "SELECT Avg(error_ratio), Avg(success_ratio), Max(error_ratio) FROM application "
        + "WHERE auto_service = 'nginx'", [[.double(8.333333), .double(91.666667), .int(20)]]),
    .init("SELECT Avg(error_ratio) FROM application WHERE server_port = 1", [[.null]]),
    .init("SELECT Apdex(rrt, 100) FROM application WHERE auto_service = 'nginx'", [[.int(75)]]),
    .init(
      "SELECT auto_service, Max(request), Sum(request) FROM application "
        + "WHERE auto_service = 'nginx' GROUP BY auto_service",
      [[.string("nginx"), .int(40), .int(60)]]),
    .init(
      "SELECT Sum(request), Sum(response), Sum(error), Sum(timeout), Count(row), Sum(log_count) "
        + "FROM l7_flow_log", [[.int(100), .int(90), .int(10), .int(10), .int(100), .int(100)]]),
    // Zeros are "not measured".
    .init(
      "SELECT Min(response_duration), Max(response_duration), PercentileExact(response_duration, 50)"
        + " FROM l7_flow_log", [[.int(1), .int(99), .int(51)]]),
    .init(
      "SELECT PerSecond(Count(row)), Percentage(Sum(error), Sum(response)) FROM l7_flow_log",
      [[.int(10), .double(11.111111)]]),
    .init("SELECT Avg(request_length), Sum(request_length) FROM l7_flow_log", [[.null, .int(0)]]),
  ]

  static let rows: [Case] = [
    .init(
      "SELECT _id, time, ip_0, auto_service_1, request_resource, Enum(l7_protocol), response_code "
        + "FROM l7_flow_log WHERE trace_id = 't7' LIMIT 5",
      [
        [
          .int(7), .int(start), .string("10.0.0.3"), .string("nginx"), .string("/it's \\ é 7"),
          .string("MySQL"), .null,
        ]
      ]),
    .init(
      "SELECT _id FROM l7_flow_log WHERE request_resource LIKE '/IT''S \\\\ *' "
        + "AND ip = '10.0.0.2' AND time >= \(start + 9) ORDER BY _id DESC LIMIT 1, 1",
      [[.int(94)]]),
    .init(
      "SELECT _id FROM l7_flow_log WHERE endpoint = '/it''s' AND _id BETWEEN 3 AND 4 ORDER BY _id",
      [[.int(3)], [.int(4)]]),
    .init(
      "SELECT Count(row) FROM l7_flow_log WHERE time > now() - \(FixedDirectory.now - start - 4)",
      [[.int(50)]]),
    .init(
      "SELECT Count(row) FROM l7_flow_log WHERE time IN (-7, 5.5, 99999999999, \(start))",
      [[.int(10)]]),
    .init("SELECT Count(row) FROM l7_flow_log WHERE time NOT IN (-7, 5.5)", [[.int(100)]]),
    .init("SELECT 1 / 0, 5 % 0, -(3) FROM loss_ledger LIMIT 1", [[.null, .null, .int(-3)]]),
    .init(
      "SHOW tag endpoint values FROM l7_flow_log", [[.string("/it's"), .string("/it's")]]),
    .init(
      "SHOW tag auto_service values FROM application WHERE value LIKE '*ng*'",
      [[.string("nginx"), .string("nginx")]]),
    .init(
      "SHOW tag os_user values FROM application",
      [
        [.string("0"), .string("0")], [.string("1"), .string("1")], [.string("2"), .string("2")],
      ]),
    .init(
      "SHOW tag response_status values FROM l7_flow_log WHERE value >= 5",
      [[.int(5), .string("Unknown")], [.int(6), .string("Parse Failed")]]),
  ]

  /// Every fifth call has a topic.
  static let attributes: [Case] = [
    .init(
      "SELECT _id, attribute.kafka.topic FROM l7_flow_log WHERE _id BETWEEN 4 AND 5 ORDER BY _id",
      [[.int(4), .string("")], [.int(5), .string("it's 1")]]),
    .init(
      "SELECT Count(row) FROM l7_flow_log WHERE attribute.kafka.topic = 'it''s 0'", [[.int(10)]]),
    .init(
      "SELECT Count(row) FROM l7_flow_log WHERE attribute.kafka.topic LIKE '*1' "
        + "AND attribute.none = ''", [[.int(10)]]),
    .init(
      "SELECT attribute.kafka.topic AS topic, Count(row) FROM l7_flow_log GROUP BY topic "
        + "ORDER BY topic",
      [
        [.string(""), .int(80)], [.string("it's 0"), .int(10)], [.string("it's 1"), .int(10)],
      ]),
    // Beside a tag that is decoded from its tag set.
    .init(
      "SELECT if(host_1 = 'web-1', attribute.kafka.topic, 'none') AS k, Count(row) "
        + "FROM l7_flow_log GROUP BY k ORDER BY k",
      [
        [.string(""), .int(40)], [.string("it's 0"), .int(10)], [.string("none"), .int(50)],
      ]),
    .init(
      "SHOW tag attribute_names values FROM l7_flow_log",
      [[.string("kafka.topic"), .string("kafka.topic")], [.string("other"), .string("other")]]),
    .init(
      "SHOW tag attribute.other values FROM l7_flow_log WHERE value != ''",
      [[.string("o"), .string("o")]]),
  ]

  static let series: [Case] = [
    .init(
      """
      SELECT time(time, 60, 1, 0) AS toi, Sum(request) FROM application
      WHERE auto_service = 'nginx' AND \(window) GROUP BY toi ORDER BY toi
      """,
      [
        [.int(start), .int(40)], [.int(start + 60), .int(0)], [.int(start + 120), .int(20)],
        [.int(start + 180), .int(0)],
      ]),
    .init(
      """
      SELECT time(time, 120) AS toi, auto_service, Max(request) AS m FROM application
      WHERE auto_service = 'nginx' GROUP BY toi, auto_service ORDER BY toi
      """,
      [
        [.int(start), .string("nginx"), .int(40)],
        [.int(start + 120), .string("nginx"), .int(20)],
      ].map { $0 }),
    .init(
      """
      SELECT time(time, 60, 2) AS toi, Sum(request) FROM application
      WHERE auto_service = 'nginx' GROUP BY toi ORDER BY toi LIMIT 2
      """,
      [[.int(start), .int(40)], [.int(start + 60), .int(40)]]),
  ]

  @Test func answersAreThoseWorkedOutByHand() async throws {
    try await EngineFixture.with { fixture in
      for entry in Self.groups + Self.properties + Self.metrics + Self.rows + Self.series
        + Self.attributes
      {
        do {
          let rows = try await fixture.rows(entry.query)
          #expect(rows == entry.rows, "\(entry.query)")
        } catch {
          Issue.record("\(entry.query)\n\(error)")
        }
      }
    }
  }

  /// Every statement of the scripts, and every function over every metric it takes.
  @Test func theEngineRunsEveryStatement() async throws {
    let scripts = try [
      "rows", "conditions", "groups", "metrics", "network", "time", "show",
    ].flatMap {
      try Script($0).entries.map(\.query)
    }
    // What is computed alike, and the intervals of one table, are asked for once.
    let aggregates = TableDeclaration.builtIn.filter { [0, 60].contains($0.interval) }
      .flatMap { DeclarationTests.aggregates(of: $0, every: false) }
    let metrics = TableDeclaration.builtIn.filter { [0, 3_600].contains($0.interval) }.flatMap {
      table in
      MetricDeclaration.metrics(of: table).map { metric in
        let function = metric.kind == .counter ? "Sum" : metric.kind == .other ? "Count" : "Avg"
        return "SELECT \(function)(\(metric.name)) FROM \(table.qualifiedName)"
      }
    }
    let documented = try Documentation.statements().filter { $0.database.isEmpty }.map(\.sql)
    try await EngineFixture.with { fixture in
      let everything = TableDeclaration.builtIn.map { "SELECT * FROM \($0.qualifiedName)" }
      for query in scripts + aggregates + metrics + everything
        + documented
      {
        do {
          _ = try await fixture.rows(query)
        } catch {
          Issue.record("\(query)\n\(error)")
        }
      }
    }
  }

  /// Sums, maxima, means and distinct counts of hours and days are those of their minutes.
  @Test func hoursAndDaysSayWhatMinutesSay() async throws {
    try await EngineFixture.with { fixture in
      func rows(_ interval: String) async throws -> [[Value]] {
        try await fixture.rows(
          "SELECT auto_service, Sum(request), Sum(error), Avg(rrt), Max(rrt), Uniq(ip) "
            + "FROM application.\(interval) GROUP BY auto_service ORDER BY auto_service")
      }
      let minutes = try await rows("1m")
      #expect(!minutes.isEmpty)
      for interval in ["1h", "1d"] {
        let found = try await rows(interval)
        #expect(found == minutes, "\(interval)")
      }
    }
  }

  @Test func lossesAreSummedByStageAndReason() async throws {
    try await EngineFixture.with { fixture in
      let losses = try await fixture.service.losses(in: TimeRange(first: Self.start))
      #expect(losses.map(\.reason) == ["ring_full", "map_full"])
      #expect(losses.map(\.dropped) == [5, 2])
      let ever = try await fixture.service.losses(in: TimeRange())
      #expect(ever == losses)
      let declared = try await fixture.service.losses(in: nil)
      #expect(declared.isEmpty, "what is declared misses nothing")
      let earlier = try await fixture.service.losses(in: TimeRange(last: Self.start - 1))
      #expect(earlier.isEmpty)
    }
  }

  /// Statements are as large whatever the catalog holds, and names of new sets are there at once.
  @Test func manyTagSetsInTheRowsAreNoObstacle() async throws {
    try await EngineFixture.with { fixture in
      var metrics = ColumnBatch(.applicationMinute)
      var tags = TagFixture()
      for number in UInt64(5)..<200_000 {
        tags.addResource(number + 100, kind: 120, name: "job-\(number)")
        tags.addSet(number, service: number + 100)
      }
      for number in UInt64(1)..<200_000 {
        metrics.appendRow([
          "time": .time(EngineFixture.start + 9_000), "tag_set_id": .number(number),
        ])
      }
      // Once before, so that the engine has read what it keeps in memory.
      _ = try await fixture.rows(Self.groups[0].query)
      try await tags.store(in: fixture.engine, token: "sets")
      try await fixture.engine.insert(metrics, token: "sets")
      let condition = "WHERE time = \(Self.start + 9_000)"
      let named = try await fixture.rows(
        "SELECT auto_service, Count(row) AS n FROM application \(condition) "
          + "GROUP BY auto_service ORDER BY n DESC, auto_service LIMIT 2")
      #expect(named == [[.string("nginx"), .int(2)], [.string("job-10"), .int(1)]])
      let filtered = try await fixture.rows(
        "SELECT Count(row) FROM application \(condition) AND auto_service LIKE 'job-19999*'")
      #expect(filtered == [[.int(11)]])
      let others = try await fixture.rows(
        "SELECT Sum(request) FROM application WHERE auto_service NOT IN ('', 'nginx')")
      #expect(others == [[.int(8)]])
    }
  }

  /// The same question by name, by number, and by a join that a person writes.
  @Test func nameNumberAndJoinGiveTheSameFigure() async throws {
    try await EngineFixture.with { fixture in
      let byName = try await fixture.rows(
        "SELECT Sum(request) FROM application WHERE host = 'web-1'")
      let byNumber = try await fixture.rows(
        "SELECT Sum(request) FROM application WHERE tag_set_id IN (1, 4)")
      let join = """
        SELECT sum(request) FROM flow_metrics.`application.1m` AS rows
        JOIN flow_tag.tag_set AS sets ON sets.number = rows.tag_set_id
        JOIN flow_tag.resource AS hosts ON hosts.number = sets.host WHERE hosts.name = 'web-1'
        """
      let byHand = try await fixture.engine.query(join, limits: QueryLimits()).table.rows
      #expect(byName == [[.int(30)]])
      #expect(byNumber == byName)
      #expect(byHand == [[.uint(30)]])
    }
  }

  @Test func enginesRefusalsAreTold() async throws {
    try await EngineFixture.with { fixture in
      do throws(QueryError) {
        _ = try await fixture.service.run(
          "SELECT _id FROM l7_flow_log WHERE endpoint REGEXP '('", now: FixedDirectory.now,
          directory: FixedDirectory())
        Issue.record("the pattern was taken")
      } catch {
        #expect(error.kind == .misuse, "\(error)")
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

@testable import Query

/// The range of a request, and what it leaves out, without a change of the text.
@Suite struct RequestBoundsTests {
  private let bounds = RequestBounds(time: 100...200, leavesOwnOut: true)

  private func statement(
    _ sql: String, _ bounds: RequestBounds? = nil
  ) throws -> (text: String, added: RequestBounds.Added) {
    guard case .select(var select) = try Parser.parse(sql) else { return ("", .init()) }
    let table = try TableScope.table(select.table, database: "", precision: .second)
    let added = (bounds ?? self.bounds).add(to: &select, of: table)
    return (select.condition?.description ?? "", added)
  }

  @Test(arguments: [
    ("SELECT _id FROM l7_flow_log", "auto_service_1"),
    ("SELECT _id FROM l7_flow_log WHERE server_port = 1 OR server_port = 2", "auto_service_1"),
    ("SELECT Sum(request) FROM application", "auto_service"),
    ("SELECT Sum(dropped) FROM loss_ledger WHERE stage = 'time'", ""),
  ])
  func aStatementWithoutATimeGetsTheRange(sql: String, server: String) throws {
    let (text, added) = try statement(sql)
    #expect(text.contains(">= (100)") && text.contains("<= (200)"), "\(text)")
    #expect(added.hasRange && added.leavesOwnOut == !server.isEmpty)
    #expect(text.contains("NOT IN ('metaflow'") == !server.isEmpty, "\(text)")
    #expect(text.contains(server) || server.isEmpty, "\(text)")
    if sql.contains(" OR ") { #expect(text.hasPrefix("("), "\(text)") }
  }

  @Test(arguments: [
    "time > 5", "server_port = 1 AND (NOT start_time < 9)", "end_time BETWEEN 1 AND 2",
    "_id IN (1, 2)",
  ])
  func aTimeOfItsOwnStays(condition: String) throws {
    let (_, added) = try statement("SELECT ip_0 FROM l7_flow_log WHERE \(condition)")
    #expect(!added.hasRange && added.leavesOwnOut)
  }

  @Test func whoSaysSomethingOfServicesIsTakenAtHisWord() throws {
    for condition in ["auto_service_0 = 'metaflow'", "auto_instance_1 LIKE 'a*'"] {
      let (_, added) = try statement("SELECT ip_0 FROM l7_flow_log WHERE \(condition)")
      #expect(added.hasRange && !added.leavesOwnOut)
    }
    let (text, added) = try statement("SELECT ip_0 FROM l7_flow_log", RequestBounds())
    #expect(text.isEmpty && added == .init())
  }

  /// What was added is part of the plan: the losses are those of the range.
  @Test func theRangeIsThatOfTheAnswer() async throws {
    try await EngineFixture.with { fixture in
      let start = Int64(EngineFixture.start)
      func rows(_ time: ClosedRange<Int64>) async throws -> Answer {
        try await fixture.service.run(
          "SELECT Count(row) AS n FROM l7_flow_log", now: FixedDirectory.now,
          bounds: RequestBounds(time: time), directory: FixedDirectory())
      }
      let answer = try await rows(start...start + 4)
      #expect(answer.rows == [[.uint(50)]] && answer.added.hasRange)
      #expect(answer.range == TimeRange(first: start, last: start + 4))
      #expect(try await rows(start + 100...start + 200).rows == [[.uint(0)]])
    }
  }
}

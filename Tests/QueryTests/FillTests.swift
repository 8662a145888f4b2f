// SPDX-License-Identifier: Apache-2.0

import Query
import Storage
import Testing

/// Missing buckets become rows, series by series.
@Suite struct FillTests {
  private func plan(_ query: String) throws -> SelectPlan {
    guard
      case .select(let plan) = try QueryCompiler.compile(
        query, now: FixedDirectory.now, directory: FixedDirectory())
    else { fatalError("not a SELECT") }
    return plan
  }

  @Test func bucketsInTheRangeAreFilled() throws {
    let plan = try plan(
      """
      SELECT time(time, 60, 1, 0) AS toi, endpoint, Sum(request) FROM application
      WHERE time >= 600 AND time < 840 GROUP BY toi, endpoint ORDER BY toi
      """)
    let filled = plan.fill?.fill([
      [.uint(660), .string("/a"), .uint(5)], [.uint(780), .string("/b"), .uint(7)],
    ])
    #expect(
      filled == [
        [.int(600), .string("/a"), .int(0)], [.int(600), .string("/b"), .int(0)],
        [.uint(660), .string("/a"), .uint(5)], [.int(660), .string("/b"), .int(0)],
        [.int(720), .string("/a"), .int(0)], [.int(720), .string("/b"), .int(0)],
        [.int(780), .string("/a"), .int(0)], [.uint(780), .string("/b"), .uint(7)],
      ])
  }

  @Test func withoutBoundsTheBucketsFoundAreTheRange() throws {
    let plan = try plan(
      "SELECT Sum(request), time(time, 60, 1, null) AS toi FROM application GROUP BY toi")
    #expect(
      plan.fill?.fill([[.uint(1), .uint(180)], [.uint(2), .uint(60)]]) == [
        [.uint(2), .uint(60)], [.null, .int(120)], [.uint(1), .uint(180)],
      ])
  }

  @Test(arguments: ["none", "NONE", "'none'"])
  func noneFillsNothing(fill: String) throws {
    let plan = try plan(
      "SELECT time(time, 60, 1, \(fill)) AS toi, Sum(request) FROM application GROUP BY toi")
    #expect(plan.fill == nil)
  }

  /// A range of years in seconds must not become as many rows.
  @Test func hugeRangesAreLeftAsTheyAre() throws {
    let plan = try plan(
      """
      SELECT time(time, 1, 1, 0) AS toi, Sum(request) FROM application.1s
      WHERE time BETWEEN 0 AND 4000000000 GROUP BY toi
      """)
    let rows: [[Value]] = [[.uint(5), .uint(1)]]
    #expect(plan.fill?.fill(rows) == rows)
  }

  @Test func nothingStaysNothing() throws {
    let plan = try plan(
      "SELECT time(time, 60, 1, 0) AS toi, Sum(request) FROM application GROUP BY toi")
    #expect(plan.fill?.fill([]) == [])
  }
}

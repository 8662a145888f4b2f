// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

/// How many calls of an interval ended in one way.
package struct CallBar: Hashable, Sendable {
  /// The interval's start, in seconds.
  package var time: UInt64
  package var status: String
  package var calls: UInt64
}

extension QueryService {
  /// How many calls ended how, over time. Of each server's calls those records count that were made
  /// at the point that saw most of them, so that nothing counts twice.
  ///
  /// - Parameter step: Seconds of an interval.
  package func callBars(
    _ filter: CallFilter, step: Int64, directory: any TagDirectory
  ) async throws(QueryError) -> [CallBar] {
    var conditions = filter.conditions
    if filter.point == nil {
      let seen = try await run(
        "SELECT auto_service_1, observation_point, Count(row) AS calls FROM flow_log.l7_flow_log "
          + "WHERE \(conditions) GROUP BY auto_service_1, observation_point "
          + "LIMIT \(DialectLimits.defaultRows)", directory: directory)
      guard let places = Self.places(seen.rows) else { return [] }
      conditions += " AND \(places)"
    }
    let answer = try await run(
      "SELECT time(time, \(step)) AS t, Enum(response_status) AS status, Count(row) AS calls "
        + "FROM flow_log.l7_flow_log WHERE \(conditions) GROUP BY t, response_status "
        + "LIMIT \(DialectLimits.rows)", directory: directory)
    return answer.rows.compactMap { row in
      guard row.count == 3, let status = row[1].string else { return nil }
      return CallBar(time: row[0].number, status: status, calls: row[2].number)
    }
  }

  /// The condition that keeps each server's calls at one point, from rows of server, point, calls.
  /// Nil without rows.
  static func places(_ rows: [[Value]]) -> String? {
    var best: [String: (point: String, calls: UInt64)] = [:]
    for row in rows {
      guard row.count == 3, let server = row[0].string, let point = row[1].string else { continue }
      let calls = row[2].number
      guard let known = best[server] else {
        best[server] = (point, calls)
        continue
      }
      let isNearer = SeenCall.place(of: point) < SeenCall.place(of: known.point)
      if calls > known.calls || (calls == known.calls && isNearer) { best[server] = (point, calls) }
    }
    let groups = Dictionary(grouping: best, by: \.value.point).mapValues { $0.map(\.key).sorted() }
    guard let most = groups.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) })?.key
    else { return nil }
    // The most frequent point is that of every server which is not named.
    let others = groups.filter { $0.key != most }.sorted { $0.key < $1.key }
    var usual = "observation_point = \(CallFilter.literal(most))"
    if !others.isEmpty {
      usual += " AND auto_service_1 NOT IN \(CallFilter.list(others.flatMap(\.value)))"
    }
    let parts = others.map { point, servers in
      "(observation_point = \(CallFilter.literal(point)) "
        + "AND auto_service_1 IN \(CallFilter.list(servers)))"
    }
    return "(" + (["(\(usual))"] + parts).joined(separator: " OR ") + ")"
  }
}

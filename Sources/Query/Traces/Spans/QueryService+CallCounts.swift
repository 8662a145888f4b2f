// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

/// How often one service called another.
package struct CallCount: Hashable, Sendable {
  package var client: String
  package var server: String
  package var calls: UInt64
}

extension QueryService {
  /// Who called whom in a time range, the most frequent first. Of several points that saw the calls of
  /// two services the one that saw most speaks, so that nothing counts twice.
  package func callCounts(
    in time: ClosedRange<Int64>, directory: any TagDirectory
  ) async throws(QueryError) -> [CallCount] {
    var filter = CallFilter(time: time)
    filter.includesOwn = false
    let answer = try await run(
      "SELECT auto_service_0, auto_service_1, observation_point, Sum(request) AS calls "
        + "FROM application_map WHERE \(filter.conditions) "
        + "GROUP BY auto_service_0, auto_service_1, observation_point "
        + "ORDER BY calls DESC LIMIT \(DialectLimits.defaultRows)", directory: directory)
    var known: Set<[String]> = []
    return answer.rows.compactMap { row in
      guard row.count == 4, let client = row[0].string, let server = row[1].string,
        row[3].number > 0, known.insert([client, server]).inserted
      else { return nil }
      return CallCount(client: client, server: server, calls: row[3].number)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Hummingbird
import Query

/// The parameters of `GET /v1/traces`.
struct TraceListRequest {
  var filter: TraceFilter

  /// Traces that are put together for one answer, at most.
  static let mostTraces: Int64 = 200
  private static let known = [
    "from", "to", "last", "service", "client", "server", "protocol", "status", "slower", "resource",
    "endpoint", "trace", "port", "attribute", "tag", "own", "longer", "shorter", "sort", "limit",
  ]
  private static let durations: ClosedRange<Int64> = 0...1_000_000_000_000

  /// - Parameter path: As it is named where a parameter is wrong.
  init(
    _ request: Request, of path: String = "/v1/traces", protocols: [ProtocolEntry]
  ) throws(Refusal) {
    let given = try ListParameters(request, of: path, known: Self.known)
    filter = TraceFilter(calls: try given.callFilter(protocols))
    let longer = try given.number("longer", Self.durations)
    let shorter = try given.number("shorter", Self.durations)
    if longer != nil || shorter != nil {
      let (least, most) = (longer ?? 0, shorter ?? .max)
      guard least <= most else {
        throw Refusal("longer (\(least)) is more than shorter (\(most)).")
      }
      filter.duration = least...most
    }
    filter.sort =
      try given.choice("sort", TraceFilter.Sort.allCases.map { ($0.rawValue, $0) }) ?? filter.sort
    filter.limit = Int(try given.number("limit", 1...Self.mostTraces) ?? 20)
  }
}

// SPDX-License-Identifier: Apache-2.0

/// Keeps a number of series of a grouped query: groups that differ in time only are one series.
struct SeriesRank {
  var series: UInt64
  /// The names of the keys that tell series apart.
  var keys: [EngineSQL]
  /// What is summed over a series to rank it; nil ranks by the keys.
  var value: EngineSQL?
  var descending: Bool

  /// `source` with the total of each row's series, and the place that it gives the series.
  func ranked(_ source: EngineSQL) -> EngineSQL {
    let partition: EngineSQL = keys.isEmpty ? "" : "PARTITION BY \(keys.joined(", "))"
    let total: EngineSQL = value.map { "sum(\($0)) OVER (\(partition))" } ?? "0"
    let places: [EngineSQL] = [descending ? "w0 DESC" : "w0"] + keys
    return "SELECT *, dense_rank() OVER (ORDER BY \(places.joined(", "))) AS w1 "
      + "FROM (SELECT *, \(total) AS w0 FROM (\(source)))"
  }

  var condition: EngineSQL { "w1 <= \(series)" }
}

// SPDX-License-Identifier: Apache-2.0

/// The body of `POST /v1/figures`.
struct FigureQuery: Encodable {
  struct Column: Encodable {
    var name: String
    var sql: String
    /// Of a mean: the column that it is weighed by.
    var weight: String?
  }

  /// Which observation point speaks for a thing that several saw.
  struct Speaker: Encodable {
    var end: String
    var weight: String
    var of: [String]
  }

  var table: String
  var columns: [Column]
  var by: String
  var `where`: String?
  var order: String
  var limit = 10_000
  var from: Int64?
  var to: Int64?
  var last: Int?
  var percentiles: [Int]?
  var speaker: Speaker

  init(
    _ table: String, _ columns: [(name: String, sql: String)], weights: [String: String],
    by: String, order: String, speaker: Speaker, options: ReportOptions, conditions: [String?]
  ) {
    self.table = table
    self.columns = columns.map { Column(name: $0.name, sql: $0.sql, weight: weights[$0.name]) }
    self.by = by
    self.order = order
    self.speaker = speaker
    `where` = options.condition(conditions)
    (from, to, last) = options.window.bounds
  }
}

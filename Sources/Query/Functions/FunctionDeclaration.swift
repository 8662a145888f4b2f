// SPDX-License-Identifier: Apache-2.0

/// A function of the dialect: what it is called, takes and gives.
package struct FunctionDeclaration: Hashable, Sendable {
  package enum Shape: String, Hashable, Sendable {
    /// Folds a metric over rows.
    case metric
    /// Folds a tag over rows.
    case tag
    /// Takes the result of other functions.
    case wrapper
    /// Computes one value from one row or group.
    case scalar
  }

  /// What carries the function out.
  enum Operation: Hashable, Sendable {
    case sum, average, arithmeticAverage, maximum, minimum, deviation, spread, relativeSpread
    case last, percentile, exactPercentile, apdex, histogram
    case count, unique, exactUnique, any, topK
    case perSecond, percentage
    case time, enumerationName, toString, choice, now, instant
  }

  package var name: String
  package var shape: Shape
  var operation: Operation
  /// The metrics a ``Shape/metric`` function folds; empty for the others.
  package var accepts: [MetricDeclaration.Kind]
  /// Arguments as the documentation shows them.
  package var signature: String
  /// The result's unit, where it is not the metric's own.
  package var unit: String?
  package var about: String

  private init(
    _ name: String, _ shape: Shape, _ operation: Operation,
    accepts: [MetricDeclaration.Kind] = [], _ signature: String, unit: String? = nil,
    about: String
  ) {
    self.name = name
    self.shape = shape
    self.operation = operation
    self.accepts = accepts
    self.signature = signature
    self.unit = unit
    self.about = about
  }

  /// The function of that name, in whatever case it is written.
  package static func named(_ name: String) -> FunctionDeclaration? {
    let wanted = name.lowercased()
    return builtIn.first { $0.name.lowercased() == wanted }
  }

  /// Every function there is; `SHOW functions` and the documentation follow from this list.
  package static let builtIn: [FunctionDeclaration] = metricFunctions + otherFunctions

  private static let figures: [MetricDeclaration.Kind] = [
    .counter, .gauge, .boundedGauge, .delay, .percentage, .quotient,
  ]

  private static let metricFunctions: [FunctionDeclaration] = [
    .init("Sum", .metric, .sum, accepts: [.counter], "metric", about: "Total."),
    .init(
      "Avg", .metric, .average, accepts: figures, "metric",
      about: "Mean: of a counter per interval, empty ones included; of a delay per response."),
    .init(
      "AAvg", .metric, .arithmeticAverage, accepts: figures, "metric",
      about: "Arithmetic mean over the points that exist."),
    .init("Max", .metric, .maximum, accepts: figures, "metric", about: "Largest."),
    .init(
      "Min", .metric, .minimum, accepts: figures, "metric",
      about: "Smallest; a counter's missing intervals are 0."),
    .init(
      "Percentile", .metric, .percentile, accepts: figures, "metric, percent",
      about: "Value that so many percent do not exceed, approximately."),
    .init(
      "PercentileExact", .metric, .exactPercentile, accepts: figures, "metric, percent",
      about: "Percentile without approximation; needs more memory."),
    .init(
      "Stddev", .metric, .deviation, accepts: figures, "metric",
      about: "Population standard deviation."),
    .init("Spread", .metric, .spread, accepts: figures, "metric", about: "Max - Min."),
    .init(
      "Rspread", .metric, .relativeSpread, accepts: figures, "metric", unit: "",
      about: "(Max + 1e-15) / (Min + 1e-15)."),
    .init("Last", .metric, .last, accepts: figures, "metric", about: "The latest value."),
    .init(
      "Apdex", .metric, .apdex, accepts: [.delay], "metric, threshold", unit: "%",
      about: "Share of satisfied responses plus half of the tolerated (up to 4 thresholds)."),
    .init(
      "Histogram", .metric, .histogram, accepts: figures, "metric, buckets",
      about: "List of (from, to, height) over values above 0."),
    .init(
      "Count", .metric, .count, accepts: [.other], "row or tag", unit: "",
      about: "Rows, or those in which the tag has a value."),
  ]

  private static let otherFunctions: [FunctionDeclaration] = [
    .init("Uniq", .tag, .unique, "tag, ...", about: "Distinct values, approximately."),
    .init("UniqExact", .tag, .exactUnique, "tag, ...", about: "Distinct values."),
    .init(
      "countDistinct", .tag, .exactUnique, "tag, ...",
      about: "UniqExact; may be written Count(DISTINCT tag)."),
    .init("Any", .tag, .any, "tag", about: "One of the values."),
    .init("TopK", .tag, .topK, "tag, n", about: "The n (1 to 100) most frequent values, a list."),
    .init(
      "PerSecond", .wrapper, .perSecond, "aggregate",
      about: "The aggregate of a counter divided by the seconds it covers."),
    .init(
      "Percentage", .wrapper, .percentage, "aggregate, aggregate", unit: "%",
      about: "The first as a percentage of the second."),
    .init(
      "time", .scalar, .time, "time, seconds [, window [, fill [, offset]]]", unit: "s",
      about: "Start of the interval; fill is 0, null or none; window counts intervals."),
    .init("Enum", .scalar, .enumerationName, "tag", about: "Name of an enumeration's number."),
    .init("toString", .scalar, .toString, "value", about: "The value as text."),
    .init("if", .scalar, .choice, "condition, then, else", about: "One of two values."),
    .init(
      "now", .scalar, .now, "", unit: "s",
      about: "The moment of the request, the same one wherever it stands, in Unix seconds."),
    .init(
      "toDateTime", .scalar, .instant, "'YYYY-MM-DD hh:mm:ss' or seconds", unit: "s",
      about: "A point in time, in UTC, in Unix seconds."),
  ]
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow services`: rate, errors and latency of every service.
struct ServicesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "services", abstract: "Show the services: calls, errors and latency.",
    discussion: """
      EXAMPLES
        metaflow services --last 5m
        metaflow services --errors --sort p95
        metaflow services --json | jq 'select(.errors > 0)'
      """)

  /// What the table is sorted by, largest first but for names.
  enum Order: String, ExpressibleByArgument, CaseIterable {
    case calls, errors, timeouts, mean, p95, max, service
  }

  @Option(name: .long, help: "Only this service.")
  var service: String?

  @Flag(name: .long, help: "Only services with calls that failed or timed out.")
  var errors = false

  @Option(name: .long, help: "Sort by this.")
  var sort = Order.calls

  @OptionGroup var options: ReportOptions

  func run() async throws {
    try await options.client.checkService(service)
    let filter = options.filter([service.map { "auto_service_1 = \(literal($0))" }])
    let report = report(over: try await options.secondsKnown(to: "application_map"))
    let figures = try await options.client.query(
      """
      SELECT auto_service_1 AS service, Enum(l7_protocol) AS protocol, observation_point,
        Sum(request) AS calls, Sum(response) AS responses, Sum(error) AS errors,
        Sum(timeout) AS timeouts, Avg(rrt) AS mean_us, Max(rrt) AS max_us
      FROM application_map.\(options.window.interval) WHERE \(filter)
      GROUP BY auto_service_1, l7_protocol, observation_point ORDER BY calls DESC
      """, database: "")
    // Percentiles need the single calls; the metrics have means and maxima only.
    let slow = try await options.client.query(
      """
      SELECT auto_service_1 AS service, Enum(l7_protocol) AS protocol, observation_point,
        Percentile(response_duration, 95) AS p95_us
      FROM l7_flow_log WHERE \(filter) GROUP BY auto_service_1, l7_protocol, observation_point
      """, database: "")
    let percentiles = Dictionary(
      slow.result.values.map { Row(slow.result.columns, $0) }.map { (Self.key($0), $0["p95_us"]) }
    ) { first, _ in first }
    var rows = options.rows(of: figures, report).map { row in
      var row = row
      row["p95_us"] = percentiles[Self.key(row)] ?? .null
      return row
    }
    if errors { rows.removeAll { $0.number("errors") + $0.number("timeouts") == 0 } }
    if sort == .service {
      rows.sort { $0["service"].text < $1["service"].text }
    } else {
      rows.sort { $0.number(column) > $1.number(column) }
    }
    options.show(report, figures.result.columns + ["p95_us"], rows.prefix(options.limit))
    figures.tellLosses()
  }

  private var column: String {
    switch sort {
    case .mean, .p95, .max: sort.rawValue + "_us"
    default: sort.rawValue
    }
  }

  private static func key(_ row: Row) -> [Cell] {
    ["service", "protocol", "observation_point"].map { row[$0] }
  }

  /// - Parameter seconds: What rates are over.
  private func report(over seconds: Int) -> Report {
    Report(
      statement: "",
      fold: {
        ObservationPath.nearestServer($0, by: ["service", "protocol"], weight: "calls")
      },
      columns: [
        .name("SERVICE", "service"), .name("PROTOCOL", "protocol"),
        .rate("CALLS/S", "calls", over: seconds),
        .share("ERRORS", "errors", of: "responses"), .count("TIMEOUTS", "timeouts"),
        .duration("MEAN", "mean_us"), .duration("P95", "p95_us"), .duration("MAX", "max_us"),
        .name("SEEN AT", "observation_point"),
      ],
      whenEmpty: "Is an agent connected? See metaflow agents.")
  }
}

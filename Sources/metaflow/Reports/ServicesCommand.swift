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
    var query = FigureQuery(
      "application_map",
      [
        ("service", "auto_service_1"), ("protocol", "Enum(l7_protocol)"),
        ("observation_point", "observation_point"), ("calls", "Sum(request)"),
        ("responses", "Sum(response)"), ("errors", "Sum(error)"), ("timeouts", "Sum(timeout)"),
        ("mean_us", "Avg(rrt)"), ("max_us", "Max(rrt)"),
      ], weights: ["mean_us": "responses"],
      by: "auto_service_1, l7_protocol, observation_point", order: "calls DESC",
      speaker: .init(end: "server", weight: "calls", of: ["service", "protocol"]),
      options: options, conditions: [service.map { "auto_service_1 = \(literal($0))" }])
    query.percentiles = [95]
    let report = report(over: try await options.secondsKnown(to: "application_map"))
    let figures = try await options.client.figures(query)
    var rows = options.rows(of: figures).map { row in
      var row = row
      row["p95_us"] = row["p95"]
      return row
    }
    if errors { rows.removeAll { $0.number("errors") + $0.number("timeouts") == 0 } }
    if sort == .service {
      rows.sort { $0["service"].text < $1["service"].text }
    } else {
      rows.sort { $0.number(column) > $1.number(column) }
    }
    let names = figures.result.columns.filter { !["p95", "is_coarse"].contains($0) }
    options.show(report, names + ["p95_us"], rows.prefix(options.limit))
    figures.tellLosses()
  }

  private var column: String {
    switch sort {
    case .mean, .p95, .max: sort.rawValue + "_us"
    default: sort.rawValue
    }
  }

  /// - Parameter seconds: What rates are over.
  private func report(over seconds: Int) -> Report {
    Report(
      statement: "",
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

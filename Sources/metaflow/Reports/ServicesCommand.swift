// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow services`: rate, errors and latency of every service.
struct ServicesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "services", abstract: "Show the services: request rate, errors and latency.",
    discussion: """
      EXAMPLES
        metaflow services --last 5m
        metaflow services --json | jq 'select(.errors > 0)'
      """)

  @OptionGroup var options: ReportOptions

  func run() async throws {
    try await options.print(
      Report(
        database: "flow_metrics",
        statement: """
          SELECT auto_service_1 AS service, Enum(l7_protocol) AS protocol, observation_point,
            Sum(request) AS requests, Sum(response) AS responses, Sum(error) AS errors,
            Sum(timeout) AS timeouts, Avg(rrt) AS mean_us, Max(rrt) AS max_us
          FROM application_map.\(options.interval) WHERE \(options.filter([]))
          GROUP BY auto_service_1, l7_protocol, observation_point ORDER BY requests DESC
          """,
        fold: {
          ObservationPath.nearestServer($0, by: ["service", "protocol"], weight: "requests")
        },
        columns: [
          .name("SERVICE", "service"), .name("PROTOCOL", "protocol"),
          .rate("REQUESTS/S", "requests", over: options.last),
          .share("ERRORS", "errors", of: "responses"), .count("TIMEOUTS", "timeouts"),
          .duration("MEAN", "mean_us"), .duration("MAX", "max_us"),
          .name("SEEN AT", "observation_point"),
        ],
        whenEmpty: "Is an agent connected? See metaflow agents."))
  }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow endpoints`: rate, errors and latency of what services are asked for, by its kind.
struct EndpointsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "endpoints",
    abstract: "Show what services are asked for, by its kind: calls, errors and latency.",
    discussion: """
      Paths, keys and topics that differ only in an id are one endpoint: {id} or ? stands for it. RESOURCES \
      says how many different ones were merged into it. {other} is what found no room, see endpoints in the \
      agent's configuration.

      EXAMPLES
        metaflow endpoints --service shop
        metaflow endpoints --protocol HTTP --errors --sort p95
        metaflow endpoints --json | jq 'select(.resources > 100)'
      """)

  /// What the table is sorted by, largest first but for names.
  enum Order: String, ExpressibleByArgument, CaseIterable {
    case calls, errors, timeouts, mean, p95, max, resources, endpoint
  }

  @Option(name: .long, help: "Only those of this service.")
  var service: String?

  @Option(name: .long, help: "Only those of this protocol.")
  var `protocol`: String?

  @Flag(name: .long, help: "Only endpoints with calls that failed or timed out.")
  var errors = false

  @Option(name: .long, help: "Sort by this.")
  var sort = Order.calls

  @OptionGroup var options: ReportOptions

  func run() async throws {
    let client = options.client
    try await client.checkService(service)
    try await client.checkProtocol(`protocol`)
    let conditions = [
      service.map { "auto_service_1 = \(literal($0))" },
      `protocol`.map { "Enum(l7_protocol) = \(literal($0))" },
    ]
    var query = FigureQuery(
      "application_map",
      [
        ("service", "auto_service_1"), ("protocol", "Enum(l7_protocol)"), ("endpoint", "endpoint"),
        ("observation_point", "observation_point"), ("calls", "Sum(request)"),
        ("responses", "Sum(response)"), ("errors", "Sum(error)"), ("timeouts", "Sum(timeout)"),
        ("mean_us", "Avg(rrt)"), ("max_us", "Max(rrt)"),
      ], weights: ["mean_us": "responses"],
      by: "auto_service_1, l7_protocol, endpoint, observation_point", order: "calls DESC",
      speaker: .init(end: "server", weight: "calls", of: ["service", "protocol", "endpoint"]),
      options: options, conditions: conditions)
    query.percentiles = [95]
    let report = report(over: try await options.secondsKnown(to: "application_map"))
    let figures = try await client.figures(query)
    let merged = try await resources(conditions)
    var rows = options.rows(of: figures).map { row in
      var row = row
      row["p95_us"] = row["p95"]
      row["resources"] = merged[Self.key(row)] ?? .null
      return row
    }
    if errors { rows.removeAll { $0.number("errors") + $0.number("timeouts") == 0 } }
    if sort == .endpoint {
      rows.sort { $0["endpoint"].text < $1["endpoint"].text }
    } else {
      rows.sort { $0.number(column) > $1.number(column) }
    }
    let names = figures.result.columns.filter { !["p95", "is_coarse"].contains($0) }
    options.show(report, names + ["p95_us", "resources"], rows.prefix(options.limit))
    figures.tellLosses()
  }

  /// How many different resources each endpoint had in the log, by ``key(_:)``.
  private func resources(_ conditions: [String?]) async throws -> [String: Cell] {
    let condition = options.condition(conditions + [options.window.condition]) ?? "1"
    let answer = try await options.client.query(
      "SELECT auto_service_1 AS service, Enum(l7_protocol) AS protocol, endpoint, "
        + "Uniq(request_resource) AS resources FROM l7_flow_log WHERE \(condition) "
        + "GROUP BY auto_service_1, l7_protocol, endpoint ORDER BY resources DESC LIMIT 10000",
      database: "flow_log")
    return Dictionary(
      options.rows(of: answer).map { (Self.key($0), $0["resources"]) },
      uniquingKeysWith: { a, _ in a })
  }

  private static func key(_ row: Row) -> String {
    ["service", "protocol", "endpoint"].map { row[$0].text }.joined(separator: "\n")
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
        .name("SERVICE", "service"), .name("PROTOCOL", "protocol"), .name("ENDPOINT", "endpoint"),
        .rate("CALLS/S", "calls", over: seconds), .share("ERRORS", "errors", of: "responses"),
        .count("TIMEOUTS", "timeouts"), .duration("MEAN", "mean_us"), .duration("P95", "p95_us"),
        .duration("MAX", "max_us"), .count("RESOURCES", "resources"),
        .name("SEEN AT", "observation_point"),
      ],
      whenEmpty: "Is an agent connected? See metaflow agents.")
  }
}

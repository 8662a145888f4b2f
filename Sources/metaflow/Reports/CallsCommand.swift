// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow calls`: the request log.
struct CallsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calls", abstract: "Show the latest calls.",
    discussion: """
      EXAMPLES
        metaflow calls --service nginx --errors
        metaflow calls --protocol MySQL --slower 100 --last 1h
        metaflow calls --resource /api/orders --json
      """)

  @Option(name: .long, help: "Only calls of this service, as client or server.")
  var service: String?

  @Option(name: .long, help: "Only this protocol: HTTP, MySQL, PostgreSQL, Redis, DNS.")
  var `protocol`: String?

  @Option(name: .long, help: "Only calls whose resource or domain contains this text.")
  var resource: String?

  @Option(name: .long, help: ArgumentHelp("Only calls slower than this.", valueName: "ms"))
  var slower: Double?

  @Option(name: .long, help: "Only calls of this trace.")
  var trace: String?

  @Flag(name: .long, help: "Only calls that failed, by the client's or the server's fault.")
  var errors = false

  @OptionGroup var options: ReportOptions

  private var filter: String {
    options.filter([
      service.map { "auto_service = \(literal($0))" },
      self.protocol.map { "l7_protocol = \(literal($0))" },
      resource.map {
        let pattern = literal("*\($0)*")
        return "(request_resource LIKE \(pattern) OR request_domain LIKE \(pattern))"
      },
      slower.map { "response_duration >= \(Int64(max(0, min($0, 1e12)) * 1_000))" },
      trace.map { "trace_id = \(literal($0))" },
      errors ? "response_status IN ('Client Error', 'Server Error')" : nil,
    ])
  }

  func run() async throws {
    try await options.print(
      Report(
        statement: """
          SELECT toString(_id) AS id, end_time, auto_service_0 AS client,
            auto_service_1 AS server, Enum(l7_protocol) AS protocol, request_type,
            request_resource, request_domain, endpoint, Enum(response_status) AS status,
            response_code, response_exception, response_duration AS duration_us,
            observation_point, trace_id, ip_0, client_port, ip_1, server_port, req_tcp_seq,
            request_id
          FROM l7_flow_log WHERE \(filter) ORDER BY time DESC, end_time DESC LIMIT \(options.askedFor)
          """,
        fold: { ObservationPath.nearestClient($0, key: Self.key) },
        columns: [
          .time("TIME (UTC)", "end_time"), .name("CLIENT", "client"), .name("SERVER", "server"),
          .name("PROTOCOL", "protocol"), .init(heading: "REQUEST", text: Self.request),
          .init(heading: "STATUS", text: Self.status), .duration("TOOK", "duration_us"),
          .name("SEEN AT", "observation_point"),
        ],
        whenEmpty: "Loosen a filter, look further back with --last, or make a call."))
  }

  /// The type is left out where the resource begins with it, as SQL and Redis commands do.
  private static func request(_ row: Row) -> String {
    let (type, resource) = (row["request_type"].text, row["request_resource"].text)
    guard !resource.isEmpty else { return "\(type) \(row["request_domain"].text)" }
    return resource.lowercased().hasPrefix(type.lowercased()) ? resource : "\(type) \(resource)"
  }

  private static func status(_ row: Row) -> String {
    let code = row["response_code"].text
    return row["status"].text + (code.isEmpty || code == "0" ? "" : " \(code)")
  }

  /// What the records of one call have in common, over TCP its first byte.
  private static func key(_ row: Row) -> String? {
    let first = row.number("req_tcp_seq") != 0 ? row["req_tcp_seq"] : row["request_id"]
    guard first != .null else { return nil }
    return (["ip_0", "client_port", "ip_1", "server_port", "protocol"].map { row[$0] } + [first])
      .map(\.text).joined(separator: " ")
  }
}

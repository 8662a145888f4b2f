// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow calls`: the call log.
struct CallsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calls", abstract: "Show the latest calls.",
    discussion: """
      EXAMPLES
        metaflow calls --service nginx --errors
        metaflow calls --protocol MySQL --slower 100 --last 1h
        metaflow calls --service orders --sort duration
        metaflow calls --resource /api/orders --json
        metaflow calls --attribute http_user_agent=curl/8.5.0
        metaflow calls --errors --follow
        metaflow calls --from '2026-11-23 02:00' --to '2026-11-23 02:10'
      """)

  @Option(name: .long, help: "Only calls of this service, as client or server.")
  var service: String?

  @Option(
    name: .long,
    help:
      "Only this protocol, such as HTTP; one that is not read here is answered with those that are."
  )
  var `protocol`: String?

  @Option(name: .long, help: "Only calls whose resource or domain contains this text.")
  var resource: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("Only calls slower than this.", valueName: "ms"))
  var slower: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Only calls with this attribute; may be given several times.", valueName: "name=value"))
  var attribute: [String] = []

  @Option(name: .long, help: "Only calls of this trace.")
  var trace: String?

  @Flag(name: .long, help: "Only calls that failed, by the client's or the server's fault.")
  var errors = false

  /// What the server sorts by; the table has as many as asked for of that order.
  enum Sort: String, ExpressibleByArgument, CaseIterable {
    case time, duration
  }

  @Option(name: .long, help: "The latest (time) or the slowest (duration) calls of the range.")
  var sort = Sort.time

  @Flag(name: .long, help: "Go on and print each call as it comes, until Ctrl-C.")
  var follow = false

  @OptionGroup var options: ReportOptions

  func validate() throws {
    guard !follow || (options.window.isRelative && sort == .time) else {
      throw ValidationError("--follow goes on from now; leave out --from, --to and --sort")
    }
  }

  func run() async throws {
    try await options.client.checkProtocol(self.protocol)
    try await options.client.checkService(service)
    if follow {
      try await CallFollower(options: options, report: Self.report, ask: ask).run()
    } else {
      options.show(try await ask(options.window.parameters), as: Self.report)
    }
  }

  /// - Parameter window: The parameters that say when.
  private func ask(_ window: [(String, String?)]) async throws -> QueryAnswer {
    try await options.client.calls(
      window + [
        ("limit", "\(options.limit)"), ("own", options.own ? "1" : nil), ("service", service),
        ("protocol", self.protocol), ("resource", resource), ("trace", trace),
        ("status", errors ? "error" : nil),
        ("slower", slower.map { "\(Int64(max(0, min($0, 1e9)) * 1_000))" }),
        ("sort", sort == .time ? nil : "response_duration"),
      ] + attribute.map { ("attribute", $0) })
  }

  private static var report: Report {
    Report(
      columns: [
        .time("TIME (UTC)", "end_time"), .name("CLIENT", "client"), .name("SERVER", "server"),
        .name("PROTOCOL", "protocol"), .init(heading: "CALL", text: Self.request),
        .init(heading: "STATUS", text: Self.status), .duration("TOOK", "response_duration"),
        .duration("AT SERVER", "server_duration"),
        .init(heading: "SEEN AT", text: Self.points),
      ],
      whenEmpty: "Loosen a filter, look further back with --last, or make a call.")
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

  private static func points(_ row: Row) -> String {
    guard case .list(let points) = row["points"] else { return "-" }
    return points.map(\.text).joined(separator: " ")
  }
}

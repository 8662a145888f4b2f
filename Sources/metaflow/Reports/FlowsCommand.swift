// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow flows`: the flow log.
struct FlowsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flows", abstract: "Show the latest TCP, UDP and ICMP flows.",
    discussion: """
      EXAMPLES
        metaflow flows --failed --last 1h
        metaflow flows --service redis-server
        metaflow flows --address 10.0.0.7
      """)

  @Option(name: .long, help: "Only flows of this service, as client or server.")
  var service: String?

  @Option(name: .long, help: "Only flows from or to this address.")
  var address: String?

  @Option(name: .long, parsing: .unconditional, help: "Only flows to this port.")
  var port: UInt16?

  @Flag(name: .long, help: "Only TCP connections that failed.")
  var failed = false

  @OptionGroup var options: ReportOptions

  func run() async throws {
    try await options.client.checkService(service)
    let flows = try await options.client.flows(
      options.window.parameters + [
        ("limit", "\(options.limit)"), ("own", options.own ? "1" : nil), ("service", service),
        ("address", address), ("port", port.map { "\($0)" }), ("end", failed ? "failed" : nil),
      ])
    options.show(
      flows,
      as: Report(
        columns: [
          .time("TIME (UTC)", "end_time"), .name("CLIENT", "client"), .name("SERVER", "server"),
          .name("PORT", "server_port"), .name("TRANSPORT", "transport"),
          .bytes("SENT", "byte_tx"), .bytes("RECEIVED", "byte_rx"), .duration("RTT", "rtt"),
          .count("RETRANSMITTED", "retrans"), .duration("LASTED", "duration"),
          .init(heading: "ENDED", text: Self.ending), .init(heading: "SEEN AT", text: Self.points),
        ],
        whenEmpty: "A flow shows when it has ended, and every minute while it goes on."))
  }

  /// That no datagram came any more is how they end, not a failure.
  private static func ending(_ row: Row) -> String {
    row["ending"].text == "Timeout" && row["transport"].text != "TCP"
      ? "Ended" : row["ending"].text
  }

  private static func points(_ row: Row) -> String {
    guard case .list(let points) = row["points"] else { return "-" }
    return points.map(\.text).joined(separator: " ")
  }
}

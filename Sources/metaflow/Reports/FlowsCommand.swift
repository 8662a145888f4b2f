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
    let filter = options.filter([
      service.map { "auto_service = \(literal($0))" }, address.map { "ip = \(literal($0))" },
      port.map { "server_port = \($0)" },
      failed ? "protocol = 'TCP' AND close_type IN (2, 3, 7, 9, 10, 13, 15, 17, 18, 19)" : nil,
    ])
    try await options.print(
      Report(
        statement: """
          SELECT toString(_id) AS id, start_time, end_time, auto_service_0 AS client,
            auto_service_1 AS server, ip_0, client_port, ip_1, server_port,
            Enum(protocol) AS transport, Enum(close_type) AS ending, duration AS duration_us,
            byte_tx, byte_rx, packet_tx, packet_rx, rtt AS rtt_us, retrans, syn_seq,
            observation_point
          FROM l4_flow_log WHERE \(filter) ORDER BY time DESC, end_time DESC LIMIT \(options.askedFor)
          """,
        fold: { ObservationPath.nearestClient($0, key: Self.key) },
        columns: [
          .time("TIME (UTC)", "end_time"), .name("CLIENT", "client"), .name("SERVER", "server"),
          .name("PORT", "server_port"), .name("TRANSPORT", "transport"),
          .bytes("SENT", "byte_tx"), .bytes("RECEIVED", "byte_rx"), .duration("RTT", "rtt_us"),
          .count("RETRANSMITTED", "retrans"), .duration("LASTED", "duration_us"),
          .init(heading: "ENDED", text: Self.ending), .name("SEEN AT", "observation_point"),
        ],
        whenEmpty: "A flow shows when it has ended, and every minute while it goes on."))
  }

  /// That no datagram came any more is how they end, not a failure.
  private static func ending(_ row: Row) -> String {
    row["ending"].text == "Timeout" && row["transport"].text != "TCP"
      ? "Ended" : row["ending"].text
  }

  /// What the records of one flow have in common; a flow without a handshake stands for itself.
  private static func key(_ row: Row) -> String? {
    guard row.number("syn_seq") != 0 else { return nil }
    return ["ip_0", "client_port", "ip_1", "server_port", "transport", "syn_seq", "ending"]
      .map { row[$0].text }.joined(separator: " ")
  }
}

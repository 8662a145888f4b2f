// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow network`: how well the network carries what services say to each other.
struct NetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network",
    abstract: "Show the paths between services: throughput, round trip, retransmission, failures.",
    discussion: """
      EXAMPLES
        metaflow network --last 5m
        metaflow network --service postgres
        metaflow network --json | jq 'select(.failed > 0)'
      """)

  @Option(name: .long, help: "Only paths of this service, as client or server.")
  var service: String?

  @OptionGroup var options: ReportOptions

  func run() async throws {
    try await options.client.checkService(service)
    let filter = options.filter([service.map { "auto_service = \(literal($0))" }])
    let seconds = try await options.secondsKnown(to: "network_map")
    try await options.print(
      Report(
        statement: """
          SELECT auto_service_0 AS client, auto_service_1 AS server, server_port,
            Enum(protocol) AS transport, observation_point, Sum(byte) AS bytes,
            Sum(packet) AS packets, Avg(rtt) AS rtt_mean_us, Max(rtt) AS rtt_max_us,
            Sum(retrans) AS retransmitted, Sum(zero_win) AS zero_windows,
            Sum(new_flow) AS new_flows, Sum(closed_flow) AS closed_flows,
            Sum(tcp_establish_fail) AS not_established, Sum(tcp_transfer_fail) AS broken,
            Sum(tcp_establish_fail) + Sum(tcp_transfer_fail) AS failed
          FROM network_map.\(options.window.interval) WHERE \(filter)
          GROUP BY auto_service_0, auto_service_1, server_port, protocol, observation_point
          ORDER BY bytes DESC
          """,
        fold: {
          ObservationPath.nearestServer(
            $0, by: ["client", "server", "server_port", "transport"], weight: "bytes")
        },
        columns: [
          .name("CLIENT", "client"), .name("SERVER", "server"), .name("PORT", "server_port"),
          .name("TRANSPORT", "transport"),
          .rate("TRAFFIC", "bytes", over: seconds, unit: "B/s"),
          .duration("RTT MEAN", "rtt_mean_us"), .duration("RTT MAX", "rtt_max_us"),
          .share("RETRANSMITTED", "retransmitted", of: "packets"),
          .count("NEW FLOWS", "new_flows"), .count("NOT ESTABLISHED", "not_established"),
          .count("BROKEN", "broken"), .name("SEEN AT", "observation_point"),
        ],
        whenEmpty: "Agents that watch interfaces report every second; see metaflow agents."))
  }
}

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
    let seconds = try await options.secondsKnown(to: "network_map")
    let figures = try await options.client.figures(
      FigureQuery(
        "network_map",
        [
          ("client", "auto_service_0"), ("server", "auto_service_1"),
          ("server_port", "server_port"), ("transport", "Enum(protocol)"),
          ("observation_point", "observation_point"), ("bytes", "Sum(byte)"),
          ("packets", "Sum(packet)"), ("rtt_mean_us", "Avg(rtt)"), ("rtt_max_us", "Max(rtt)"),
          ("retransmitted", "Sum(retrans)"), ("zero_windows", "Sum(zero_win)"),
          ("new_flows", "Sum(new_flow)"), ("closed_flows", "Sum(closed_flow)"),
          ("not_established", "Sum(tcp_establish_fail)"), ("broken", "Sum(tcp_transfer_fail)"),
          ("failed", "Sum(tcp_establish_fail) + Sum(tcp_transfer_fail)"),
        ], weights: ["rtt_mean_us": "new_flows"],
        by: "auto_service_0, auto_service_1, server_port, protocol, observation_point",
        order: "bytes DESC",
        speaker: .init(
          end: "server", weight: "bytes", of: ["client", "server", "server_port", "transport"]),
        options: options, conditions: [service.map { "auto_service = \(literal($0))" }]))
    options.show(
      figures,
      as: Report(
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

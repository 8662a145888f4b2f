// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_metrics.network.1s`: traffic and TCP health of each service, from its own side.
  package static let networkSecond = network(interval: 1, suffix: "1s", hours: 24)
  package static let networkMinute = network(interval: 60, suffix: "1m", hours: 168)
  /// `flow_metrics.network_map.1s`: traffic and TCP health of each pair of client and server.
  package static let networkMapSecond = networkMap(interval: 1, suffix: "1s", hours: 24)
  package static let networkMapMinute = networkMap(interval: 60, suffix: "1m", hours: 168)

  private static func network(
    interval: UInt32, suffix: String, hours: UInt32
  ) -> TableDeclaration {
    TableDeclaration(
      database: "flow_metrics", name: "network." + suffix,
      columns: networkBase + [
        .init("role", .uint8, about: "Which side the row describes: 0 client, 1 server, ..."),
        .init("tag_set_id", .uint32, index: .set, about: "Tag set; 0 unknown."),
        .init("auto_service_id", .uint32, index: .set, about: "Service by number."),
        .init("auto_service_type", .uint8, about: "What kind of thing auto_service_id numbers."),
        .init("ip", .ipv6, about: "Address, IPv4 mapped."),
      ] + networkKey + networkFigures,
      orderBy: ["time", "auto_service_id", "server_port"],
      partitionSeconds: interval == 1 ? 14_400 : 43_200, retentionHours: hours,
      interval: interval,
      about: "Traffic and TCP health, one row a service and side; tx is what the service sent.")
  }

  private static func networkMap(
    interval: UInt32, suffix: String, hours: UInt32
  ) -> TableDeclaration {
    TableDeclaration(
      database: "flow_metrics", name: "network_map." + suffix,
      columns: networkBase + [
        .init("observation_point", .lowCardinalityString, about: "Where it was seen."),
        .init("tunnel_type", .uint8, about: "What the packets were wrapped in; 0 nothing."),
        .init("tag_set_id_0", .uint32, index: .set, about: "Tag set of the client; 0 unknown."),
        .init("tag_set_id_1", .uint32, index: .set, about: "Tag set of the server; 0 unknown."),
        .init("auto_service_id_0", .uint32, index: .set, about: "Client's service by number."),
        .init("auto_service_id_1", .uint32, index: .set, about: "Server's service by number."),
        .init("auto_service_type_0", .uint8, about: "What auto_service_id_0 numbers."),
        .init("auto_service_type_1", .uint8, about: "What auto_service_id_1 numbers."),
        .init("ip_0", .ipv6, about: "Client address, IPv4 mapped."),
        .init("ip_1", .ipv6, about: "Server address, IPv4 mapped."),
      ] + networkKey + networkFigures,
      orderBy: ["time", "auto_service_id_1", "auto_service_id_0", "server_port"],
      partitionSeconds: interval == 1 ? 14_400 : 43_200, retentionHours: hours,
      interval: interval,
      about: "Traffic and TCP health, one row a client and server; tx is what the client sent.")
  }

  private static let networkBase: [ColumnDeclaration] = [
    .init("time", .dateTime, codec: .doubleDelta, about: "Start of the interval."),
    .init("agent_id", .uint16, about: "The agent that counted."),
    .init("signal_source", .uint8, about: "Data plane: 0 packet, 3 eBPF, 4 OTel."),
  ]

  private static let networkKey: [ColumnDeclaration] = [
    .init("is_ipv4", .uint8, about: "1 when the addresses are IPv4."),
    .init("protocol", .uint8, about: "IP protocol number."),
    .init("server_port", .uint16, about: "Server's port; 0 for ICMP."),
    .init("direction_score", .uint8, about: "How sure client and server are, 0 to 255."),
  ]

  /// The meter of both kinds of table.
  private static let networkFigures: [ColumnDeclaration] =
    networkTraffic
    + latencies(["rtt", "rtt_client", "rtt_server", "srt", "art", "rrt", "cit"]) + networkHealth
    + networkCloses + networkCalls

  private static let networkTraffic: [ColumnDeclaration] = counters(
    [
      ("packet", "Packets."), ("packet_tx", "Packets sent."), ("packet_rx", "Packets received."),
      ("byte", "Bytes on the link."), ("byte_tx", "Bytes on the link sent."),
      ("byte_rx", "Bytes on the link received."),
      ("l3_byte_tx", "Bytes of IP packets sent."), ("l3_byte_rx", "Bytes of IP packets received."),
      ("l4_byte_tx", "Bytes behind the transport header sent."),
      ("l4_byte_rx", "Bytes behind the transport header received."),
      ("new_flow", "Flows that began."), ("closed_flow", "Flows that ended."),
      ("flow_load", "Flows open at some time of the interval."),
    ], .uint64)

  private static let networkHealth: [ColumnDeclaration] = counters(
    [
      ("syn_count", "SYNs."), ("synack_count", "SYN/ACKs."),
      ("retrans", "Retransmissions."), ("retrans_tx", "Retransmissions sent."),
      ("retrans_rx", "Retransmissions received."),
      ("zero_win", "Zero windows."), ("zero_win_tx", "Zero windows sent."),
      ("zero_win_rx", "Zero windows received."),
      ("ooo_tx", "Segments sent out of order."), ("ooo_rx", "Segments received out of order."),
      ("retrans_syn", "Repeated SYNs."), ("retrans_synack", "Repeated SYN/ACKs."),
    ], .uint64)

  private static let networkCloses: [ColumnDeclaration] = counters(
    [
      ("client_rst_flow", "Flows the client reset in transfer."),
      ("server_rst_flow", "Flows the server reset in transfer."),
      ("server_syn_miss", "Flows whose SYN was never answered."),
      ("client_ack_miss", "Flows whose SYN/ACK was never acknowledged."),
      ("client_half_close_flow", "Flows of which only the server's FIN was seen."),
      ("server_half_close_flow", "Flows of which only the client's FIN was seen."),
      ("client_source_port_reuse", "Flows begun on a port that was still in use."),
      ("server_reset", "Flows whose SYN was answered by RST."),
      ("server_queue_lack", "Flows whose server's accept queue overflowed."),
      ("client_establish_other_rst", "Flows the client reset in the handshake."),
      ("server_establish_other_rst", "Flows the server reset in the handshake."),
      ("tcp_timeout", "TCP flows that ended in silence."),
      ("client_establish_fail", "Handshakes that failed by the client."),
      ("server_establish_fail", "Handshakes that failed by the server."),
      ("tcp_establish_fail", "client_establish_fail + server_establish_fail."),
      ("tcp_transfer_fail", "Flows that failed after the handshake."),
      ("tcp_rst_fail", "Flows that were reset, in the handshake or after it."),
    ], .uint64)

  private static let networkCalls: [ColumnDeclaration] = counters(
    [
      ("l7_request", "Application requests."), ("l7_response", "Application responses."),
      ("l7_client_error", "Responses that blame the client."),
      ("l7_server_error", "Responses that blame the server."),
      ("l7_timeout", "Requests without an answer in time."),
      ("l7_error", "l7_client_error + l7_server_error."),
    ], .uint64)
}

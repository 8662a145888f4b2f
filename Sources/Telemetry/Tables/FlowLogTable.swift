// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_log.l4_flow_log`: one row a flow, observation point and report, at least one each minute.
  package static let flowLog = TableDeclaration(
    database: "flow_log", name: "l4_flow_log",
    columns: flowLogBase + flowLogEnds + flowLogLink + flowLogSession + flowLogTraffic
      + flowLogHealth + flowLogCalls,
    orderBy: ["time", "auto_service_id_1", "server_port"],
    partitionSeconds: 3_600, retentionHours: 72,
    about: "Conversations over TCP, UDP and ICMP, one row a flow, observation point and report.")

  private static let flowLogBase: [ColumnDeclaration] = [
    .init("time", .dateTime, codec: .doubleDelta, about: "End of the report, in seconds."),
    .init("_id", .uint64, codec: .delta, about: "Row number: seconds, server and a counter."),
    .init("start_time", .dateTimeMicroseconds, codec: .delta, about: "Report's first packet."),
    .init("end_time", .dateTimeMicroseconds, codec: .delta, about: "Report's last packet."),
    .init("agent_id", .uint16, about: "The agent that saw the flow."),
    .init("signal_source", .uint8, about: "Data plane: 0 packet, 3 eBPF, 4 OTel."),
    .init("observation_point", .lowCardinalityString, about: "Where it was seen: c, s, local, ..."),
    .init("flow_id", .uint64, codec: .general, index: .bloomFilter, about: "The flow."),
    .init("direction_score", .uint8, about: "How sure client and server are, 0 to 255."),
  ]

  private static let flowLogEnds: [ColumnDeclaration] = [
    .init("tag_set_id_0", .uint32, index: .set, about: "Tag set of the client; 0 unknown."),
    .init("tag_set_id_1", .uint32, index: .set, about: "Tag set of the server; 0 unknown."),
    .init("auto_service_id_0", .uint32, index: .set, about: "Client's service by number."),
    .init("auto_service_id_1", .uint32, index: .set, about: "Server's service by number."),
    .init("auto_service_type_0", .uint8, about: "What kind of thing auto_service_id_0 numbers."),
    .init("auto_service_type_1", .uint8, about: "What kind of thing auto_service_id_1 numbers."),
    .init("ip_0", .ipv6, index: .bloomFilter, about: "Client address, IPv4 mapped."),
    .init("ip_1", .ipv6, index: .bloomFilter, about: "Server address, IPv4 mapped."),
    .init("is_ipv4", .uint8, about: "1 when the addresses are IPv4."),
    .init("protocol", .uint8, about: "IP protocol number."),
    .init("client_port", .uint16, about: "Client's port; 0 for ICMP."),
    .init("server_port", .uint16, index: .set, about: "Server's port; 0 for ICMP."),
    .init("netns_id", .uint32, about: "Network namespace the flow was seen in."),
    .init("nat_source", .uint8, about: "How an address before translation is known: 0 not, 6 TOA."),
    .init("nat_real_ip_0", .ipv6, about: "Client address before translation; :: unknown."),
    .init("nat_real_ip_1", .ipv6, about: "Server address before translation; :: unknown."),
    .init("nat_real_port_0", .uint16, about: "Client port before translation; 0 unknown."),
    .init("nat_real_port_1", .uint16, about: "Server port before translation; 0 unknown."),
  ]

  private static let flowLogLink: [ColumnDeclaration] = [
    .init("capture_nic", .uint32, about: "Kernel index of the interface; 0 for a capture file."),
    .init("capture_nic_name", .lowCardinalityString, about: "Name of the interface."),
    .init("mac_0", .uint64, about: "Client's link address as a number; 0 none."),
    .init("mac_1", .uint64, about: "Server's link address as a number; 0 none."),
    .init("eth_type", .uint16, about: "EtherType of the IP packets: 0x0800 or 0x86dd."),
    .init("vlan", .uint16, about: "Innermost VLAN; 0 none."),
    .init("l2_end_0", .uint8, about: "1 when the client's link address is the observer's."),
    .init("l2_end_1", .uint8, about: "1 when the server's link address is the observer's."),
    .init("l3_end_0", .uint8, about: "1 when the client's IP address is the observer's."),
    .init("l3_end_1", .uint8, about: "1 when the server's IP address is the observer's."),
    .init("tunnel_type", .uint8, about: "What the packets were wrapped in; 0 nothing."),
    .init("tunnel_tier", .uint8, about: "Layers of tunnels around the packets."),
    .init("tunnel_tx_id", .uint32, about: "VNI or key of what the client sent."),
    .init("tunnel_rx_id", .uint32, about: "VNI or key of what the server sent."),
    .init("tunnel_tx_ip_0", .ipv6, about: "Outer source of what the client sent; :: none."),
    .init("tunnel_tx_ip_1", .ipv6, about: "Outer destination of what the client sent; :: none."),
    .init("tunnel_rx_ip_0", .ipv6, about: "Outer source of what the server sent; :: none."),
    .init("tunnel_rx_ip_1", .ipv6, about: "Outer destination of what the server sent; :: none."),
  ]

  private static let flowLogSession: [ColumnDeclaration] = [
    .init("close_type", .uint8, index: .set, about: "How the flow, or this report, ended."),
    .init("status", .uint8, index: .set, about: "Whom close_type blames; see response_status."),
    .init("is_new_flow", .uint8, about: "1 on a flow's first report."),
    .init(
      "duration", .uint64, codec: .transposed, about: "Flow's first to report's last packet, us."),
    .init("tcp_flags_bit_0", .uint16, about: "All TCP flags the client sent in this report."),
    .init("tcp_flags_bit_1", .uint16, about: "All TCP flags the server sent in this report."),
    .init("syn_seq", .uint32, about: "Sequence number of the SYN."),
    .init("syn_ack_seq", .uint32, about: "Sequence number of the SYN/ACK."),
    .init("last_keepalive_seq", .uint32, about: "Sequence number of the last keepalive."),
    .init("last_keepalive_ack", .uint32, about: "Acknowledgement of the last keepalive."),
    .init("init_ipid", .uint16, about: "Identification of the client's first IPv4 packet."),
    .init("l7_protocol", .uint8, index: .set, about: "Application protocol by number."),
    .init("request_domain", .lowCardinalityString, about: "First host or name that was asked for."),
  ]

  private static let flowLogTraffic: [ColumnDeclaration] = counters(
    [
      ("packet_tx", "Packets the client sent."), ("packet_rx", "Packets the server sent."),
      ("byte_tx", "Bytes on the link the client sent."),
      ("byte_rx", "Bytes on the link the server sent."),
      ("l3_byte_tx", "Bytes of IP packets the client sent."),
      ("l3_byte_rx", "Bytes of IP packets the server sent."),
      ("l4_byte_tx", "Bytes behind the transport header the client sent."),
      ("l4_byte_rx", "Bytes behind the transport header the server sent."),
      ("total_packet_tx", "packet_tx since the flow began."),
      ("total_packet_rx", "packet_rx since the flow began."),
      ("total_byte_tx", "byte_tx since the flow began."),
      ("total_byte_rx", "byte_rx since the flow began."),
    ], .uint64)

  private static let flowLogHealth: [ColumnDeclaration] =
    counters(
      [
        ("rtt", "Handshake's round trip, us; 0 not seen."),
        ("rtt_client", "Handshake's round trip on the client's side, us; 0 not seen."),
        ("rtt_server", "Handshake's round trip on the server's side, us; 0 not seen."),
      ], .uint64) + latencies(["srt", "art", "rrt", "cit"])
    + counters(
      [
        ("retrans_tx", "Retransmissions the client sent."),
        ("retrans_rx", "Retransmissions the server sent."),
        ("zero_win_tx", "Zero windows the client announced."),
        ("zero_win_rx", "Zero windows the server announced."),
        ("ooo_tx", "Segments of the client out of order."),
        ("ooo_rx", "Segments of the server out of order."),
        ("syn_count", "SYNs."), ("synack_count", "SYN/ACKs."),
        ("retrans_syn", "Repeated SYNs."), ("retrans_synack", "Repeated SYN/ACKs."),
        ("fin_count", "FINs."),
      ], .uint32)

  private static let flowLogCalls: [ColumnDeclaration] = counters(
    [
      ("l7_request", "Application requests."), ("l7_response", "Application responses."),
      ("l7_client_error", "Responses that blame the client."),
      ("l7_server_error", "Responses that blame the server."),
      ("l7_server_timeout", "Requests without an answer in time."),
      ("l7_error", "l7_client_error + l7_server_error."),
      ("l7_parse_failed", "Messages that did not read."),
    ], .uint32)
}

extension TableDeclaration {
  /// Columns of counters, named with what they count.
  static func counters(
    _ named: [(name: String, about: String)], _ type: ColumnType
  ) -> [ColumnDeclaration] {
    named.map { .init($0.name, type, codec: .transposed, about: $0.about) }
  }

  /// Sum, count and maximum of each latency, microseconds.
  static func latencies(_ names: [String]) -> [ColumnDeclaration] {
    names.flatMap { name in
      [
        ColumnDeclaration(
          name + "_sum", .uint64, codec: .transposed, about: "Sum of \(name) samples, us."),
        ColumnDeclaration(
          name + "_count", .uint64, codec: .transposed, about: "Samples in \(name)_sum."),
        ColumnDeclaration(
          name + "_max", .uint64, codec: .transposed, about: "Longest of \(name), us."),
      ]
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_log.l4_flow_log`: one row a flow, observation point and report, at least one each minute.
  package static let flowLog = TableDeclaration(
    database: "flow_log", name: "l4_flow_log", version: 2,
    columns: logSighting + logFlow + logEnds + networkNamespace + flowLogTranslation + flowLogLink
      + flowLogSession
      + figures(.uint64, ofClientAndServer: true, of: FlowRecord.self) { $0.visitSums(&$1) }
      + figures(.uint32, ofClientAndServer: true, of: FlowRecord.self) { $0.visitCounts(&$1) },
    orderBy: ["auto_service_id_1", "time"], spanSeconds: 300,
    partitionSeconds: 3_600, retentionHours: 72,
    about: "Conversations over TCP, UDP and ICMP, one row a flow, observation point and report.")

  private static let flowLogTranslation: [ColumnDeclaration] = [
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
    tunnelType,
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
    applicationProtocol,
    .init("request_domain", .lowCardinalityString, about: "First host or name that was asked for."),
  ]
}

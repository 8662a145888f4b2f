// SPDX-License-Identifier: Apache-2.0

/// Figures of packets and flows. On the flow log, `tx` is what the client sent.
extension MetricDeclaration {
  static let network: [MetricDeclaration] =
    traffic + flows + quotients + latencies + health + closes + calls + networkRatios

  private static let traffic: [MetricDeclaration] = [
    ("packet", "", "Packets", "Packets"), ("byte", "byte", "Bytes", "Bytes on the link"),
    ("l3_byte", "byte", "IP bytes", "Bytes of IP packets"),
    ("l4_byte", "byte", "Payload", "Bytes behind the transport header"),
  ].flatMap { name, unit, display, about -> [MetricDeclaration] in
    [
      .init(
        name, .counter, [.column(name), .total([name + "_tx", name + "_rx"])], unit: unit,
        display: display, category: "Throughput", about: about + ", both ways."),
      .init(
        name + "_tx", .counter, [.column(name + "_tx")], unit: unit, display: display + " sent",
        category: "Throughput", about: about + " sent."),
      .init(
        name + "_rx", .counter, [.column(name + "_rx")], unit: unit,
        display: display + " received", category: "Throughput", about: about + " received."),
    ]
  }

  private static let flows: [MetricDeclaration] =
    [
      .init(
        "new_flow", .counter, [.column("new_flow"), .rowsWhere("is_new_flow", in: [1])],
        display: "New flows", category: "Flow", about: "Flows that began."),
      .init(
        "closed_flow", .counter,
        [
          .column("closed_flow"),
          .rowsWhere("close_type", in: [0, 1, 2, 3, 7, 8, 9, 10, 11, 13, 15, 17, 18, 19, 20]),
        ],
        display: "Closed flows", category: "Flow", about: "Flows that ended."),
      .init(
        "flow_load", .gauge, [.column("flow_load")], display: "Open flows", category: "Flow",
        about: "Flows open at some time of an interval."),
      .init(
        "duration", .delay, [.column("duration")], unit: "us", display: "Flow's age",
        category: "Delay", about: "Flow's first packet to the report's last."),
    ]
    + [
      ("total_packet_tx", ""), ("total_packet_rx", ""), ("total_byte_tx", "byte"),
      ("total_byte_rx", "byte"),
    ].map { name, unit in
      .init(
        name, .gauge, [.column(name)], unit: unit, display: name, category: "Throughput",
        about: "\(name.dropFirst("total_".count)) since the flow began; each report repeats it.")
    }

  private static let quotients: [MetricDeclaration] = [
    ("bpp", "byte", "packet"), ("bpp_tx", "byte_tx", "packet_tx"),
    ("bpp_rx", "byte_rx", "packet_rx"),
  ].map { name, part, whole in
    .init(
      name, .quotient, [.ratio(part, of: whole, complement: false)], unit: "byte",
      display: "Packet length", category: "Throughput", about: "\(part) / \(whole).")
  }

  private static let latencies: [MetricDeclaration] = [
    ("rtt", "Round trip", "Client's SYN to its handshake ACK."),
    ("rtt_client", "Round trip, client", "SYN/ACK to the client's ACK."),
    ("rtt_server", "Round trip, server", "SYN to SYN/ACK."),
    ("srt", "System response", "Client's data to the server's bare acknowledgement."),
    ("art", "Data response", "Client's data to the server's first data."),
    ("cit", "Client idle", "Server's last data, or the handshake, to the next request."),
  ].flatMap { name, display, about -> [MetricDeclaration] in
    [
      .init(
        name, .delay,
        [
          .folded(sum: name + "_sum", count: name + "_count", max: name + "_max"), .column(name),
        ], unit: "us", display: display, category: "Delay", about: about),
      .init(
        name + "_max", .delay, [.column(name + "_max")], unit: "us",
        display: "Longest " + display.lowercased(), category: "Delay",
        about: "The longest of each row. \(about)"),
    ]
  }

  private static let health: [MetricDeclaration] =
    [("retrans", "Retransmissions"), ("zero_win", "Zero windows"), ("ooo", "Out of order")]
    .flatMap { name, display -> [MetricDeclaration] in
      [
        .init(
          name, .counter, [.column(name), .total([name + "_tx", name + "_rx"])],
          display: display, category: "TCP", about: "\(display), both ways."),
        .init(
          name + "_tx", .counter, [.column(name + "_tx")], display: display + ", sent",
          category: "TCP", about: "\(display), of what was sent."),
        .init(
          name + "_rx", .counter, [.column(name + "_rx")], display: display + ", received",
          category: "TCP", about: "\(display), of what was received."),
      ]
    }
    + [
      ("syn_count", "SYNs"), ("synack_count", "SYN/ACKs"), ("retrans_syn", "Repeated SYNs"),
      ("retrans_synack", "Repeated SYN/ACKs"), ("fin_count", "FINs"),
    ].map { name, display in
      .init(
        name, .counter, [.column(name)], display: display, category: "TCP", about: display + ".")
    }

  /// A flow's end is its close type on the log, and a count of its own in a metrics table. Silence is
  /// a failure of TCP only.
  private static let closes: [MetricDeclaration] = [
    ("client_rst_flow", [9], "Flows the client reset in transfer."),
    ("server_rst_flow", [2], "Flows the server reset in transfer."),
    ("server_syn_miss", [7], "Flows whose SYN was never answered."),
    ("client_ack_miss", [10], "Flows whose SYN/ACK was never acknowledged."),
    ("client_half_close_flow", [11], "Flows of which only the server's FIN was seen."),
    ("server_half_close_flow", [8], "Flows of which only the client's FIN was seen."),
    ("client_source_port_reuse", [13], "Flows begun on a port that was still in use."),
    ("server_reset", [15], "Flows whose SYN was answered by RST."),
    ("server_queue_lack", [17], "Flows whose server's accept queue overflowed."),
    ("client_establish_other_rst", [18], "Flows the client reset in the handshake."),
    ("server_establish_other_rst", [19], "Flows the server reset in the handshake."),
    ("tcp_timeout", [3], "TCP flows that ended in silence."),
    ("client_establish_fail", [10, 13, 18], "Handshakes that failed by the client."),
    ("server_establish_fail", [7, 15, 19], "Handshakes that failed by the server."),
    ("tcp_establish_fail", [7, 10, 13, 15, 18, 19], "Handshakes that failed."),
    ("tcp_transfer_fail", [2, 3, 9, 17], "Flows that failed after the handshake."),
    ("tcp_rst_fail", [2, 9, 15, 18, 19], "Flows that were reset."),
  ].map { (name: String, types: [Int], about: String) in
    .init(
      name, .counter,
      [.column(name), .rowsMeeting([.init("protocol", [6]), .init("close_type", types)])],
      display: String(about.dropLast()), category: "TCP", about: about)
  }

  private static let calls: [MetricDeclaration] = [
    ("l7_request", ["l7_request"], "Requests", "Application requests."),
    ("l7_response", ["l7_response"], "Responses", "Application responses."),
    ("l7_error", ["l7_error"], "Application errors", "l7_client_error + l7_server_error."),
    ("l7_client_error", ["l7_client_error"], "Client errors", "Responses that blame the client."),
    ("l7_server_error", ["l7_server_error"], "Server errors", "Responses that blame the server."),
    (
      "l7_timeout", ["l7_timeout", "l7_server_timeout"], "Application timeouts",
      "Requests without an answer in time."
    ),
    ("l7_parse_failed", ["l7_parse_failed"], "Unread messages", "Messages that did not read."),
  ].map { (name: String, columns: [String], display: String, about: String) in
    .init(
      name, .counter, columns.map { .column($0) }, display: display, category: "Application",
      about: about)
  }

  private static let networkRatios: [MetricDeclaration] = [
    ("retrans_ratio", "retrans", "packet"), ("retrans_tx_ratio", "retrans_tx", "packet_tx"),
    ("retrans_rx_ratio", "retrans_rx", "packet_rx"),
    ("zero_win_ratio", "zero_win", "packet"), ("zero_win_tx_ratio", "zero_win_tx", "packet_tx"),
    ("zero_win_rx_ratio", "zero_win_rx", "packet_rx"),
    ("retrans_syn_ratio", "retrans_syn", "syn_count"),
    ("retrans_synack_ratio", "retrans_synack", "synack_count"),
    ("tcp_establish_fail_ratio", "tcp_establish_fail", "closed_flow"),
    ("client_establish_fail_ratio", "client_establish_fail", "closed_flow"),
    ("server_establish_fail_ratio", "server_establish_fail", "closed_flow"),
    ("tcp_transfer_fail_ratio", "tcp_transfer_fail", "closed_flow"),
    ("tcp_rst_fail_ratio", "tcp_rst_fail", "closed_flow"),
    ("l7_error_ratio", "l7_error", "l7_response"),
    ("l7_client_error_ratio", "l7_client_error", "l7_response"),
    ("l7_server_error_ratio", "l7_server_error", "l7_response"),
    ("l7_timeout_ratio", "l7_timeout", "l7_request"),
  ].map { name, part, whole in
    .init(
      name, .percentage, [.ratio(part, of: whole, complement: false)], unit: "%", display: name,
      category: name.hasPrefix("l7_") ? "Application" : "TCP", about: "\(part) / \(whole).")
  }
}

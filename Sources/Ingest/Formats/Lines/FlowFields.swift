// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// A record of packets.
protocol FiguredLineRecord: LineRecord {
  var figures: FlowFigures { get set }
}

extension FlowRecord: FiguredLineRecord {}
extension NetworkMetric: FiguredLineRecord {}

extension LineFields where Record: FiguredLineRecord {
  /// The figures that flow reports and network metrics have in common.
  mutating func addFigures() {
    addTraffic()
    addLatencies()
    addHealth()
    number("l7_request", \.record.figures.requests)
    number("l7_response", \.record.figures.responses)
    number("l7_client_error", \.record.figures.clientErrors)
    number("l7_server_error", \.record.figures.serverErrors)
    derived("l7_error")
  }

  private mutating func addTraffic() {
    number("packet_tx", \.record.figures.sent.packets)
    number("packet_rx", \.record.figures.received.packets)
    number("byte_tx", \.record.figures.sent.bytes)
    number("byte_rx", \.record.figures.received.bytes)
    number("l3_byte_tx", \.record.figures.sent.networkBytes)
    number("l3_byte_rx", \.record.figures.received.networkBytes)
    number("l4_byte_tx", \.record.figures.sent.transportBytes)
    number("l4_byte_rx", \.record.figures.received.transportBytes)
  }

  private mutating func addLatencies() {
    latency("srt", \.record.figures.systemResponse)
    latency("art", \.record.figures.dataResponse)
    latency("rrt", \.record.figures.callResponse)
    latency("cit", \.record.figures.clientIdle)
  }

  mutating func latency(_ name: String, _ path: Path<LatencySum>) {
    set(name + "_sum", .number(limit: .max) { $0[keyPath: path].sum = $1 })
    set(name + "_count", .number(limit: .max) { $0[keyPath: path].count = $1 })
    set(name + "_max", .number(limit: .max) { $0[keyPath: path].maximum = $1 })
  }

  /// The mean of what is one sample.
  fileprivate mutating func mean(_ name: String, _ path: Path<LatencySum>) {
    set(
      name,
      .number(limit: .max) { draft, value in
        draft[keyPath: path] = LatencySum()
        draft[keyPath: path].take(value)
      })
  }

  private mutating func addHealth() {
    number("retrans_tx", \.record.figures.sentRetransmissions)
    number("retrans_rx", \.record.figures.receivedRetransmissions)
    number("zero_win_tx", \.record.figures.sentZeroWindows)
    number("zero_win_rx", \.record.figures.receivedZeroWindows)
    number("ooo_tx", \.record.figures.sentOutOfOrder)
    number("ooo_rx", \.record.figures.receivedOutOfOrder)
    number("syn_count", \.record.figures.syns)
    number("synack_count", \.record.figures.synAcks)
    number("retrans_syn", \.record.figures.synRetransmissions)
    number("retrans_synack", \.record.figures.synAckRetransmissions)
  }
}

/// The keys of lines of `l4_flow_log`.
enum FlowFields {
  static let all: LineFields<FlowRecord> = {
    var fields = LineFields<FlowRecord>()
    fields.addLog()
    fields.addFigures()
    addSession(to: &fields)
    addLink(to: &fields)
    addTunnels(to: &fields)
    addTotals(to: &fields)
    return fields
  }()

  private static func addSession(to fields: inout LineFields<FlowRecord>) {
    fields.number("duration", \.record.duration)
    fields.name("close_type") { $0.record.closeType = CloseType(rawValue: $1) }
    fields.flag("is_new_flow", \.record.isNew)
    fields.number("tcp_flags_bit_0", \.record.client.flags.rawValue)
    fields.number("tcp_flags_bit_1", \.record.server.flags.rawValue)
    fields.number("syn_seq", \.record.synSequence)
    fields.number("syn_ack_seq", \.record.synAckSequence)
    fields.number("last_keepalive_seq", \.record.lastKeepaliveSequence)
    fields.number("last_keepalive_ack", \.record.lastKeepaliveAcknowledgement)
    fields.number("init_ipid", \.record.initialIPID)
    fields.text("request_domain", \.record.requestDomain)
    fields.derived("status", "nat_source")
  }

  private static func addLink(to fields: inout LineFields<FlowRecord>) {
    fields.number("capture_nic", \.record.interface)
    fields.text("capture_nic_name", \.record.interfaceName)
    fields.number("eth_type", \.record.etherType)
    fields.number("vlan", \.record.vlan)
    fields.linkAddress("mac_0", \.record.client.linkAddress)
    fields.linkAddress("mac_1", \.record.server.linkAddress)
    fields.flag("l2_end_0", \.record.client.isNearLink)
    fields.flag("l2_end_1", \.record.server.isNearLink)
    fields.flag("l3_end_0", \.record.client.isNearNetwork)
    fields.flag("l3_end_1", \.record.server.isNearNetwork)
    fields.address("nat_real_ip_0", \.record.client.realAddress)
    fields.address("nat_real_ip_1", \.record.server.realAddress)
    fields.number("nat_real_port_0", \.record.client.realPort)
    fields.number("nat_real_port_1", \.record.server.realPort)
  }

  /// A line names one type and tier, which is that of both directions.
  private static func addTunnels(to fields: inout LineFields<FlowRecord>) {
    fields.name("tunnel_type") { draft, number in
      draft.record.sentTunnel.type = TunnelType(rawValue: number)
      draft.record.receivedTunnel.type = TunnelType(rawValue: number)
    }
    fields.set(
      "tunnel_tier",
      .number(limit: UInt64(UInt8.max)) { draft, value in
        draft.record.sentTunnel.tier = UInt8(value)
        draft.record.receivedTunnel.tier = UInt8(value)
      })
    fields.number("tunnel_tx_id", \.record.sentTunnel.id)
    fields.number("tunnel_rx_id", \.record.receivedTunnel.id)
    fields.address("tunnel_tx_ip_0", \.record.sentTunnel.source)
    fields.address("tunnel_tx_ip_1", \.record.sentTunnel.destination)
    fields.address("tunnel_rx_ip_0", \.record.receivedTunnel.source)
    fields.address("tunnel_rx_ip_1", \.record.receivedTunnel.destination)
  }

  private static func addTotals(to fields: inout LineFields<FlowRecord>) {
    fields.mean("rtt", \.record.figures.roundTrip)
    fields.mean("rtt_client", \.record.figures.roundTripClient)
    fields.mean("rtt_server", \.record.figures.roundTripServer)
    fields.number("total_packet_tx", \.record.totalSentPackets)
    fields.number("total_packet_rx", \.record.totalReceivedPackets)
    fields.number("total_byte_tx", \.record.totalSentBytes)
    fields.number("total_byte_rx", \.record.totalReceivedBytes)
    fields.number("fin_count", \.record.figures.fins)
    fields.number("l7_server_timeout", \.record.figures.timeouts)
    fields.number("l7_parse_failed", \.record.figures.parseFailures)
  }
}

/// The keys of lines of `network_map.1s` and `.1m`.
enum NetworkMetricFields {
  static let all: LineFields<NetworkMetric> = {
    var fields = LineFields<NetworkMetric>()
    fields.addSighting()
    fields.addFigures()
    fields.name("tunnel_type") { $0.record.tunnelType = TunnelType(rawValue: $1) }
    fields.latency("rtt", \.record.figures.roundTrip)
    fields.latency("rtt_client", \.record.figures.roundTripClient)
    fields.latency("rtt_server", \.record.figures.roundTripServer)
    fields.number("new_flow", \.record.newFlows)
    fields.number("closed_flow", \.record.closedFlows)
    fields.number("flow_load", \.record.flowLoad)
    fields.number("l7_timeout", \.record.figures.timeouts)
    addCloses(to: &fields)
    fields.derived(
      "packet", "byte", "retrans", "zero_win", "client_establish_fail", "server_establish_fail",
      "tcp_establish_fail", "tcp_transfer_fail", "tcp_rst_fail")
    return fields
  }()

  private static func addCloses(to fields: inout LineFields<NetworkMetric>) {
    fields.number("client_rst_flow", \.record.closes.clientReset)
    fields.number("server_rst_flow", \.record.closes.serverReset)
    fields.number("server_syn_miss", \.record.closes.serverSynAckMissing)
    fields.number("client_ack_miss", \.record.closes.clientAckMissing)
    fields.number("client_half_close_flow", \.record.closes.clientHalfClose)
    fields.number("server_half_close_flow", \.record.closes.serverHalfClose)
    fields.number("client_source_port_reuse", \.record.closes.clientPortReuse)
    fields.number("server_reset", \.record.closes.serverRefused)
    fields.number("server_queue_lack", \.record.closes.serverQueueFull)
    fields.number("client_establish_other_rst", \.record.closes.clientEstablishReset)
    fields.number("server_establish_other_rst", \.record.closes.serverEstablishReset)
    fields.number("tcp_timeout", \.record.closes.timeout)
  }
}

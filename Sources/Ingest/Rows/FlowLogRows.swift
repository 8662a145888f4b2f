// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes flows into the columns of `flow_log.l4_flow_log`.
struct FlowLogRows: Sendable {
  var rows = TableRows(.flowLog)

  /// Appends one row. `text` is that of the batch the flow came in.
  mutating func append(
    _ flow: inout FlowRecord, _ text: Span<UInt8>, _ ends: TaggedEnds, agent: UInt16,
    numbers: inout RowNumbers
  ) {
    rows.putLog(&flow, ends, agent: agent, numbers: &numbers)
    putTranslation(&flow)
    putLink(&flow, text)
    putTunnels(&flow)
    putSession(&flow, text)
    flow.visitFigures(&rows)
    rows.endRow()
  }

  @inline(__always)
  private mutating func putTranslation(_ flow: inout FlowRecord) {
    rows.put("nat_source", flow.translationSource)
    rows.put("nat_real_ip_0", flow.client.realAddress)
    rows.put("nat_real_ip_1", flow.server.realAddress)
    rows.put("nat_real_port_0", flow.client.realPort)
    rows.put("nat_real_port_1", flow.server.realPort)
  }

  @inline(__always)
  private mutating func putLink(_ flow: inout FlowRecord, _ text: Span<UInt8>) {
    rows.put("capture_nic", flow.interface)
    rows.put("capture_nic_name", flow.interfaceName.bytes(in: text))
    rows.put("mac_0", flow.client.linkAddress.value)
    rows.put("mac_1", flow.server.linkAddress.value)
    rows.put("eth_type", flow.etherType)
    rows.put("vlan", flow.vlan)
    rows.put("l2_end_0", flow.client.isNearLink)
    rows.put("l2_end_1", flow.server.isNearLink)
    rows.put("l3_end_0", flow.client.isNearNetwork)
    rows.put("l3_end_1", flow.server.isNearNetwork)
  }

  @inline(__always)
  private mutating func putTunnels(_ flow: inout FlowRecord) {
    rows.put("tunnel_type", flow.tunnel.type.rawValue)
    rows.put("tunnel_tier", flow.tunnel.tier)
    rows.put("tunnel_tx_id", flow.sentTunnel.id)
    rows.put("tunnel_rx_id", flow.receivedTunnel.id)
    rows.put("tunnel_tx_ip_0", flow.sentTunnel.source)
    rows.put("tunnel_tx_ip_1", flow.sentTunnel.destination)
    rows.put("tunnel_rx_ip_0", flow.receivedTunnel.source)
    rows.put("tunnel_rx_ip_1", flow.receivedTunnel.destination)
  }

  @inline(__always)
  private mutating func putSession(_ flow: inout FlowRecord, _ text: Span<UInt8>) {
    rows.put("close_type", flow.closeType.rawValue)
    rows.put("status", flow.closeType.storedStatus(flow.transport))
    rows.put("is_new_flow", flow.isNew)
    rows.put("duration", flow.duration)
    rows.put("tcp_flags_bit_0", flow.client.flags.rawValue)
    rows.put("tcp_flags_bit_1", flow.server.flags.rawValue)
    rows.put("syn_seq", flow.synSequence)
    rows.put("syn_ack_seq", flow.synAckSequence)
    rows.put("last_keepalive_seq", flow.lastKeepaliveSequence)
    rows.put("last_keepalive_ack", flow.lastKeepaliveAcknowledgement)
    rows.put("init_ipid", flow.initialIPID)
    rows.put("l7_protocol", flow.applicationProtocol.rawValue)
    rows.put("request_domain", flow.requestDomain.bytes(in: text))
  }
}

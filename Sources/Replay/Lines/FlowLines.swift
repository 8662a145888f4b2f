// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes flow reports as lines: the columns of `l4_flow_log` that an agent knows.
struct FlowLines: ~Copyable {
  private static let fixedBytes = 8_192

  private var time = LineTime()
  private let pieces: SightingPieces
  private let close: EnumerationPieces
  private let status: EnumerationPieces
  private let tunnel: EnumerationPieces
  private let translation: EnumerationPieces

  /// - Parameter pieces: stay the caller's.
  init(tables: NumberTables, pieces: SightingPieces) {
    self.pieces = pieces
    close = EnumerationPieces("close_type", tables: tables)
    status = EnumerationPieces("status", tables: tables)
    tunnel = EnumerationPieces("tunnel_type", tables: tables)
    translation = EnumerationPieces("nat_source", tables: tables)
  }

  deinit {
    for pieces in [close, status, tunnel, translation] { pieces.free() }
  }

  mutating func write(
    _ flow: inout FlowRecord, _ texts: LineTexts, tables: NumberTables, to output: inout LineOutput
  ) throws(ReplayError) {
    let textBytes = Int(flow.requestDomain.length) &+ Int(flow.interfaceName.length)
    let room = Self.fixedBytes &+ LineWriter.expansion &* textBytes
    var writer = unsafe LineWriter(at: try output.place(for: room), tables: tables)
    writer.raw(#"{"table":"l4_flow_log","time":"#)
    time.seconds(flow.end, to: &writer)
    writer.raw(#","start_time":"#)
    time.microseconds(flow.start, to: &writer)
    writer.raw(#","end_time":"#)
    time.microseconds(flow.end, to: &writer)
    writer.member(#","duration":"#, flow.duration)
    close.write(flow.closeType.rawValue, to: &writer)
    status.write(flow.closeType.storedStatus(flow.transport), to: &writer)
    writer.flag(#","is_new_flow":1"#, flow.isNew)
    place(&flow, texts, &writer)
    ends(&flow, &writer)
    tunnels(&flow, &writer)
    writer.member(#","syn_seq":"#, flow.synSequence)
    writer.member(#","syn_ack_seq":"#, flow.synAckSequence)
    writer.member(#","last_keepalive_seq":"#, flow.lastKeepaliveSequence)
    writer.member(#","last_keepalive_ack":"#, flow.lastKeepaliveAcknowledgement)
    writer.member(#","init_ipid":"#, UInt64(flow.initialIPID))
    pieces.protocols.write(flow.applicationProtocol.rawValue, to: &writer)
    writer.member(#","request_domain":"#, flow.requestDomain, of: texts)
    figures(&flow, &writer)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  @inline(__always)
  private func figures(_ flow: inout FlowRecord, _ writer: inout LineWriter) {
    flow.visitSums(&writer)
    flow.visitHealth(&writer)
    flow.figures.visitCalls(&writer)
    flow.figures.visitCallErrors(&writer)
    flow.visitCallTimeouts(&writer)
    flow.visitParseFailures(&writer)
  }

  private func place(_ flow: inout FlowRecord, _ texts: LineTexts, _ writer: inout LineWriter) {
    pieces.writeLog(&flow, to: &writer)
    writer.member(#","netns_id":"#, flow.networkNamespace)
    writer.member(#","capture_nic":"#, flow.interface)
    writer.member(#","capture_nic_name":"#, flow.interfaceName, of: texts)
    writer.member(#","eth_type":"#, UInt64(flow.etherType))
    writer.member(#","vlan":"#, UInt64(flow.vlan))
  }

  private func ends(_ flow: inout FlowRecord, _ writer: inout LineWriter) {
    writer.member(#","mac_0":"#, flow.client.linkAddress)
    writer.member(#","mac_1":"#, flow.server.linkAddress)
    pieces.writeEnds(&flow, to: &writer)
    writer.member(#","tcp_flags_bit_0":"#, UInt64(flow.client.flags.rawValue))
    writer.member(#","tcp_flags_bit_1":"#, UInt64(flow.server.flags.rawValue))
    writer.flag(#","l2_end_0":1"#, flow.client.isNearLink)
    writer.flag(#","l2_end_1":1"#, flow.server.isNearLink)
    writer.flag(#","l3_end_0":1"#, flow.client.isNearNetwork)
    writer.flag(#","l3_end_1":1"#, flow.server.isNearNetwork)
    translation.write(flow.translationSource, to: &writer)
    writer.member(#","nat_real_ip_0":"#, known: flow.client.realAddress)
    writer.member(#","nat_real_ip_1":"#, known: flow.server.realAddress)
    writer.member(#","nat_real_port_0":"#, UInt64(flow.client.realPort))
    writer.member(#","nat_real_port_1":"#, UInt64(flow.server.realPort))
  }

  private func tunnels(_ flow: inout FlowRecord, _ writer: inout LineWriter) {
    let (sent, received) = (flow.sentTunnel, flow.receivedTunnel)
    let seen = flow.tunnel
    tunnel.write(seen.type.rawValue, to: &writer)
    guard seen.type != .none else { return }
    writer.member(#","tunnel_tier":"#, UInt64(seen.tier))
    writer.member(#","tunnel_tx_id":"#, sent.id)
    writer.member(#","tunnel_rx_id":"#, received.id)
    writer.member(#","tunnel_tx_ip_0":"#, known: sent.source)
    writer.member(#","tunnel_tx_ip_1":"#, known: sent.destination)
    writer.member(#","tunnel_rx_ip_0":"#, known: received.source)
    writer.member(#","tunnel_rx_ip_1":"#, known: received.destination)
  }
}

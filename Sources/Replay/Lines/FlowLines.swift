// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes flow reports as lines: the columns of `l4_flow_log` that an agent knows.
struct FlowLines: ~Copyable {
  private static let fixedBytes = 8_192
  /// `nat_source` of an address that a TCP option told.
  private static let toldByOption: UInt8 = 6

  private var time = LineTime()
  private let protocols: EnumerationPieces
  private let source: EnumerationPieces
  private let point: EnumerationPieces
  private let transport: EnumerationPieces
  private let close: EnumerationPieces
  private let status: EnumerationPieces
  private let tunnel: EnumerationPieces
  private let translation: EnumerationPieces

  /// - Parameter protocols: stay the caller's.
  init(tables: NumberTables, protocols: EnumerationPieces) {
    self.protocols = protocols
    source = EnumerationPieces("signal_source", tables: tables)
    point = .observationPoint(tables)
    transport = EnumerationPieces("protocol", tables: tables)
    close = EnumerationPieces("close_type", tables: tables)
    status = EnumerationPieces("status", tables: tables)
    tunnel = EnumerationPieces("tunnel_type", tables: tables)
    translation = EnumerationPieces("nat_source", tables: tables)
  }

  deinit {
    for pieces in [source, point, transport, close, status, tunnel, translation] { pieces.free() }
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
    protocols.write(flow.applicationProtocol.rawValue, to: &writer)
    writer.member(#","request_domain":"#, flow.requestDomain, of: texts)
    figures(&flow, &writer)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  private func figures(_ flow: inout FlowRecord, _ writer: inout LineWriter) {
    writer.traffic(flow.figures)
    writer.member(#","total_packet_tx":"#, flow.totalSentPackets)
    writer.member(#","total_packet_rx":"#, flow.totalReceivedPackets)
    writer.member(#","total_byte_tx":"#, flow.totalSentBytes)
    writer.member(#","total_byte_rx":"#, flow.totalReceivedBytes)
    writer.member(#","rtt":"#, Self.mean(flow.figures.roundTrip))
    writer.member(#","rtt_client":"#, Self.mean(flow.figures.roundTripClient))
    writer.member(#","rtt_server":"#, Self.mean(flow.figures.roundTripServer))
    writer.latencies(flow.figures)
    writer.health(flow.figures)
    writer.member(#","fin_count":"#, flow.figures.fins)
    writer.calls(flow.figures)
    writer.member(#","l7_server_timeout":"#, flow.figures.timeouts)
    writer.member(#","l7_parse_failed":"#, flow.figures.parseFailures)
  }

  private static func mean(_ samples: LatencySum) -> UInt64 {
    samples.count == 0 ? 0 : samples.sum / samples.count
  }

  private func place(_ flow: inout FlowRecord, _ texts: LineTexts, _ writer: inout LineWriter) {
    source.write(flow.signalSource.rawValue, to: &writer)
    point.write(flow.observationPoint.rawValue, to: &writer)
    writer.member(#","flow_id":"#, flow.flow)
    writer.member(#","direction_score":"#, UInt64(flow.directionScore))
    writer.member(#","netns_id":"#, flow.networkNamespace)
    writer.member(#","capture_nic":"#, flow.interface)
    writer.member(#","capture_nic_name":"#, flow.interfaceName, of: texts)
    writer.member(#","eth_type":"#, UInt64(flow.etherType))
    writer.member(#","vlan":"#, UInt64(flow.vlan))
  }

  private func ends(_ flow: inout FlowRecord, _ writer: inout LineWriter) {
    writer.member(#","mac_0":"#, flow.client.linkAddress)
    writer.member(#","mac_1":"#, flow.server.linkAddress)
    writer.member(#","ip_0":"#, flow.client.address)
    writer.member(#","ip_1":"#, flow.server.address)
    writer.flag(#","is_ipv4":1"#, flow.server.address.isV4)
    transport.write(flow.transport.rawValue, to: &writer)
    writer.member(#","client_port":"#, UInt64(flow.client.port))
    writer.member(#","server_port":"#, UInt64(flow.server.port))
    writer.member(#","tcp_flags_bit_0":"#, UInt64(flow.client.flags.rawValue))
    writer.member(#","tcp_flags_bit_1":"#, UInt64(flow.server.flags.rawValue))
    writer.flag(#","l2_end_0":1"#, flow.client.isNearLink)
    writer.flag(#","l2_end_1":1"#, flow.server.isNearLink)
    writer.flag(#","l3_end_0":1"#, flow.client.isNearNetwork)
    writer.flag(#","l3_end_1":1"#, flow.server.isNearNetwork)
    let isTranslated =
      !flow.client.realAddress.isUnspecified || !flow.server.realAddress.isUnspecified
    translation.write(isTranslated ? Self.toldByOption : 0, to: &writer)
    writer.member(#","nat_real_ip_0":"#, known: flow.client.realAddress)
    writer.member(#","nat_real_ip_1":"#, known: flow.server.realAddress)
    writer.member(#","nat_real_port_0":"#, UInt64(flow.client.realPort))
    writer.member(#","nat_real_port_1":"#, UInt64(flow.server.realPort))
  }

  private func tunnels(_ flow: inout FlowRecord, _ writer: inout LineWriter) {
    let (sent, received) = (flow.sentTunnel, flow.receivedTunnel)
    let either = sent.type == .none ? received : sent
    tunnel.write(either.type.rawValue, to: &writer)
    guard either.type != .none else { return }
    writer.member(#","tunnel_tier":"#, UInt64(either.tier))
    writer.member(#","tunnel_tx_id":"#, sent.id)
    writer.member(#","tunnel_rx_id":"#, received.id)
    writer.member(#","tunnel_tx_ip_0":"#, known: sent.source)
    writer.member(#","tunnel_tx_ip_1":"#, known: sent.destination)
    writer.member(#","tunnel_rx_ip_0":"#, known: received.source)
    writer.member(#","tunnel_rx_ip_1":"#, known: received.destination)
  }
}

extension EnumerationPieces {
  static func observationPoint(_ tables: NumberTables) -> EnumerationPieces {
    EnumerationPieces(
      "observation_point",
      (0..<256).map { ($0, ObservationPoint(rawValue: UInt8($0)).name.description) },
      tables: tables)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes metrics as lines: the columns of the `application_map` and `network_map` tables that an
/// agent knows.
struct MetricLines: ~Copyable {
  private static let fixedBytes = 8_192

  private var time = LineTime()
  private let protocols: EnumerationPieces
  private let source: EnumerationPieces
  private let point: EnumerationPieces
  private let transport: EnumerationPieces
  private let tunnel: EnumerationPieces

  /// - Parameter protocols: stay the caller's.
  init(tables: NumberTables, protocols: EnumerationPieces) {
    self.protocols = protocols
    source = EnumerationPieces("signal_source", tables: tables)
    point = .observationPoint(tables)
    transport = EnumerationPieces("protocol", tables: tables)
    tunnel = EnumerationPieces("tunnel_type", tables: tables)
  }

  deinit {
    for pieces in [source, point, transport, tunnel] { pieces.free() }
  }

  mutating func write(
    _ metric: inout CallMetric, _ texts: LineTexts, tables: NumberTables,
    to output: inout LineOutput
  ) throws(ReplayError) {
    let room = Self.fixedBytes &+ LineWriter.expansion &* Int(metric.endpoint.length)
    var writer = unsafe LineWriter(at: try output.place(for: room), tables: tables)
    writer.raw(
      metric.interval == 60
        ? #"{"table":"application_map.1m","time":"# : #"{"table":"application_map.1s","time":"#)
    time.seconds(metric.time, to: &writer)
    source.write(metric.signalSource.rawValue, to: &writer)
    point.write(metric.observationPoint.rawValue, to: &writer)
    ends(metric.client, metric.server, metric.transport, &writer)
    protocols.write(metric.applicationProtocol.rawValue, to: &writer)
    writer.member(#","endpoint":"#, metric.endpoint, of: texts)
    writer.member(#","direction_score":"#, UInt64(metric.directionScore))
    writer.member(#","request":"#, metric.requests)
    writer.member(#","response":"#, metric.responses)
    writer.member(#","client_error":"#, metric.clientErrors)
    writer.member(#","server_error":"#, metric.serverErrors)
    writer.member(#","timeout":"#, metric.timeouts)
    writer.member(#","error":"#, metric.clientErrors &+ metric.serverErrors)
    writer.member(#","rrt_sum":"#, metric.durationSum)
    writer.member(#","rrt_count":"#, metric.durationCount)
    writer.member(#","rrt_max":"#, metric.durationMax)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  mutating func write(
    _ metric: inout NetworkMetric, _ texts: LineTexts, tables: NumberTables,
    to output: inout LineOutput
  ) throws(ReplayError) {
    var writer = unsafe LineWriter(at: try output.place(for: Self.fixedBytes), tables: tables)
    writer.raw(
      metric.interval == 60
        ? #"{"table":"network_map.1m","time":"# : #"{"table":"network_map.1s","time":"#)
    time.seconds(metric.time, to: &writer)
    source.write(metric.signalSource.rawValue, to: &writer)
    point.write(metric.observationPoint.rawValue, to: &writer)
    tunnel.write(metric.tunnelType.rawValue, to: &writer)
    ends(metric.client, metric.server, metric.transport, &writer)
    writer.member(#","direction_score":"#, UInt64(metric.directionScore))
    figures(metric.figures, &writer)
    writer.member(#","new_flow":"#, metric.newFlows)
    writer.member(#","closed_flow":"#, metric.closedFlows)
    writer.member(#","flow_load":"#, metric.flowLoad)
    closes(metric.closes, &writer)
    failures(metric.closes, &writer)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  private func ends(
    _ client: CallEnd, _ server: CallEnd, _ number: TransportProtocol, _ writer: inout LineWriter
  ) {
    writer.member(#","ip_0":"#, client.address)
    writer.member(#","ip_1":"#, server.address)
    writer.flag(#","is_ipv4":1"#, server.address.isV4)
    transport.write(number.rawValue, to: &writer)
    writer.member(#","server_port":"#, UInt64(server.port))
  }

  private func figures(_ figures: FlowFigures, _ writer: inout LineWriter) {
    let (sent, received) = (figures.sent, figures.received)
    writer.member(#","packet":"#, sent.packets &+ received.packets)
    writer.member(#","byte":"#, sent.bytes &+ received.bytes)
    writer.traffic(figures)
    writer.latency(
      #","rtt_sum":"#, #","rtt_count":"#, #","rtt_max":"#, figures.roundTrip)
    writer.latency(
      #","rtt_client_sum":"#, #","rtt_client_count":"#, #","rtt_client_max":"#,
      figures.roundTripClient)
    writer.latency(
      #","rtt_server_sum":"#, #","rtt_server_count":"#, #","rtt_server_max":"#,
      figures.roundTripServer)
    writer.latencies(figures)
    writer.member(
      #","retrans":"#, figures.sentRetransmissions &+ figures.receivedRetransmissions)
    writer.member(#","zero_win":"#, figures.sentZeroWindows &+ figures.receivedZeroWindows)
    writer.health(figures)
    writer.calls(figures)
    writer.member(#","l7_timeout":"#, figures.timeouts)
  }

  private func closes(_ counts: CloseCounts, _ writer: inout LineWriter) {
    writer.member(#","client_rst_flow":"#, counts.clientReset)
    writer.member(#","server_rst_flow":"#, counts.serverReset)
    writer.member(#","server_syn_miss":"#, counts.serverSynAckMissing)
    writer.member(#","client_ack_miss":"#, counts.clientAckMissing)
    writer.member(#","client_half_close_flow":"#, counts.clientHalfClose)
    writer.member(#","server_half_close_flow":"#, counts.serverHalfClose)
    writer.member(#","client_source_port_reuse":"#, counts.clientPortReuse)
    writer.member(#","server_reset":"#, counts.serverRefused)
    writer.member(#","server_queue_lack":"#, counts.serverQueueFull)
    writer.member(#","client_establish_other_rst":"#, counts.clientEstablishReset)
    writer.member(#","server_establish_other_rst":"#, counts.serverEstablishReset)
    writer.member(#","tcp_timeout":"#, counts.timeout)
  }

  /// The same by what failed: in the handshake by whom, or after it.
  private func failures(_ counts: CloseCounts, _ writer: inout LineWriter) {
    let client = counts.clientEstablishFailures
    let server = counts.serverEstablishFailures
    writer.member(#","client_establish_fail":"#, client)
    writer.member(#","server_establish_fail":"#, server)
    writer.member(#","tcp_establish_fail":"#, client + server)
    writer.member(#","tcp_transfer_fail":"#, counts.transferFailures)
    writer.member(#","tcp_rst_fail":"#, counts.resets)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import Ingest
import Storage
import Telemetry
import TestSupport
import Testing
import Wire

/// Flows and network metrics from the wire to the engine, with the real engine.
@Suite(.serialized) struct PacketRowsTests {
  private static let clientAddress = address("10.0.0.1")
  private static let serverAddress = address("10.0.0.2")

  private func flow(_ closeType: CloseType, clientPort: UInt16, in batch: inout RecordBatch)
    -> FlowRecord
  {
    var flow = FlowRecord(
      transport: .tcp, client: FlowEnd(address: Self.clientAddress, port: clientPort),
      server: FlowEnd(address: Self.serverAddress, port: 80), start: testTime,
      end: testTime + 900_000_000)
    flow.flow = UInt64(clientPort)
    flow.observationPoint = .client
    flow.closeType = closeType
    flow.isNew = true
    flow.client.linkAddress = LinkAddress(0x0242_ac11_0002)
    flow.client.flags = [.syn, .ack]
    flow.client.realAddress = address("192.0.2.7")
    flow.interfaceName = batch.append("eth0")
    flow.etherType = 0x0800
    flow.vlan = 12
    flow.sentTunnel.type = .vxlan
    flow.sentTunnel.id = 77
    flow.duration = 900_000
    flow.figures.sent.packets = 6
    flow.figures.sent.bytes = 600
    flow.figures.received.packets = 4
    flow.figures.received.bytes = 4_000
    flow.figures.sentRetransmissions = 2
    flow.figures.roundTrip.take(300)
    flow.figures.dataResponse.take(1_000)
    flow.figures.dataResponse.take(3_000)
    flow.totalSentBytes = 600
    flow.requestDomain = batch.append("shop.example")
    return flow
  }

  private func metric(
    _ point: ObservationPoint, interval: UInt32 = 1, time: Timestamp = testTime
  ) -> NetworkMetric {
    var metric = NetworkMetric(
      time: time, interval: interval, observationPoint: point, transport: .tcp,
      client: CallEnd(address: Self.clientAddress, port: 0),
      server: CallEnd(address: Self.serverAddress, port: 80))
    metric.figures.sent.bytes = 100
    metric.figures.received.bytes = 1_000
    metric.figures.sentRetransmissions = 3
    metric.figures.roundTrip.take(200)
    metric.newFlows = 2
    metric.closedFlows = 5
    for type in [CloseType.serverRefused, .clientAckMissing, .clientReset, .timeout] {
      metric.closes.count(type)
    }
    return metric
  }

  private func batch() -> RecordBatch {
    var batch = RecordBatch()
    batch.host = hostReport("web-1")
    batch.processes = [processReport(clientKey, "curl")]
    var call = CallRecord(
      client: CallEnd(address: Self.clientAddress, port: 40_000, process: clientKey),
      server: CallEnd(address: Self.serverAddress, port: 80), start: testTime, end: testTime)
    call.observationPoint = .clientProcess
    batch.calls = [call]
    for type in [CloseType.finished, .serverReset, .unknown, .forcedReport] {
      batch.flows.append(flow(type, clientPort: 40_000, in: &batch))
    }
    batch.flows.append(flow(.finished, clientPort: 40_001, in: &batch))
    var old = flow(.finished, clientPort: 40_002, in: &batch)
    old.start = Timestamp(seconds: 5)
    batch.flows.append(old)
    batch.networkMetrics = [
      metric(.client), metric(.server), metric(.local), metric(.rest),
      metric(.clientNode, interval: 60), metric(.client, interval: 7),
      metric(.client, time: Timestamp(seconds: 60)),
    ]
    return batch
  }

  @Test func flowsAndNetworkMetricsAreStored() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 50
      try await withIngest(configuration, catalog: catalog, storage: engine) { ingest, port in
        let client = try AgentClient(port: port)
        _ = try client.greet()
        try client.send(.batch(sequence: 1, batch()))
        try client.waitForAck(1)
        // One call, five flows and five metrics; one flow and two metrics are out of any table.
        #expect(await eventually { ingest.statistics.store.passed == 11 })
        #expect(ingest.statistics.ingest.balances)
        #expect(ingest.statistics.ingest.dropped.map(\.count) == [3])
      }
      try await checkFlows(engine)
      try await checkMetrics(engine)
    }
  }

  private func checkFlows(_ engine: EmbeddedEngine) async throws {
    let flows = "FROM flow_log.l4_flow_log"
    #expect(try await number(engine, "SELECT count() \(flows)") == 5)
    #expect(try await number(engine, "SELECT uniqExact(_id) \(flows)") == 5)
    #expect(
      try await number(
        engine,
        """
        SELECT count() \(flows) WHERE byte_tx = 600 AND byte_rx = 4000 AND packet_tx = 6
          AND retrans_tx = 2 AND rtt = 300 AND art_sum = 4000 AND art_count = 2
          AND art_max = 3000 AND duration = 900000 AND vlan = 12 AND tunnel_type = 1
          AND tunnel_tx_id = 77 AND tcp_flags_bit_0 = 18 AND mac_0 = 2485377892354
          AND request_domain = 'shop.example' AND capture_nic_name = 'eth0' AND nat_source = 6
          AND nat_real_ip_0 = toIPv6('192.0.2.7') AND observation_point = 'c' AND is_ipv4 = 1
          AND total_byte_tx = 600 AND is_new_flow = 1
        """) == 5)
    #expect(
      try await number(
        engine, "SELECT sum(status * 10 + close_type) \(flows) WHERE client_port = 40000")
        == 1 + 32 + 20 + 5)
    // The call named the process behind the port; the port that no call came from has the host.
    let named = try await number(
      engine, "SELECT any(tag_set_id_0) \(flows) WHERE client_port = 40000")
    #expect(try await service(engine, ofTagSet: named) == "curl")
    let other = try await number(
      engine, "SELECT any(tag_set_id_0) \(flows) WHERE client_port = 40001")
    #expect(try await service(engine, ofTagSet: other) == "web-1")
  }

  private func checkMetrics(_ engine: EmbeddedEngine) async throws {
    let one = "FROM flow_metrics.`network.1s`"
    let map = "FROM flow_metrics.`network_map.1s`"
    // What an end sent is its tx, whichever end it is.
    #expect(
      try await number(engine, "SELECT sum(byte_tx * 10 + retrans_tx) \(one) WHERE role = 0")
        == 1_003)
    #expect(
      try await number(
        engine, "SELECT sum(byte_tx * 10 + retrans_rx * 2) \(one) WHERE role = 1") == 10_006)
    #expect(
      try await number(
        engine, "SELECT sum(byte_tx) + count() \(one) WHERE role = 2") == 1_102)
    #expect(try await number(engine, "SELECT uniqExact(ip) \(one) WHERE role = 3") == 2)
    #expect(try await number(engine, "SELECT count() \(map)") == 4)
    #expect(
      try await number(
        engine,
        """
        SELECT count() \(map) WHERE byte = 1100 AND byte_tx = 100 AND retrans = 3 AND rtt_sum = 200
          AND new_flow = 2 AND closed_flow = 5 AND server_reset = 1 AND client_ack_miss = 1
          AND client_establish_fail = 1 AND server_establish_fail = 1 AND tcp_establish_fail = 2
          AND tcp_transfer_fail = 2 AND tcp_rst_fail = 2 AND tcp_timeout = 1
        """) == 4)
    #expect(
      try await number(
        engine, "SELECT count() FROM flow_metrics.`network_map.1m` WHERE observation_point = 'c-nd'"
      ) == 1)
    #expect(
      try await number(
        engine, "SELECT count() FROM flow_metrics.`network.1m` WHERE role = 0") == 1)
  }

  /// Every figure that a table declares has a value of its own: all set, none is stored as zero.
  @Test func everyFigureIsStored() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var batch = RecordBatch()
      var flow = flow(.finished, clientPort: 1, in: &batch)
      flow.figures = everyFigure
      (flow.totalSentPackets, flow.totalReceivedPackets) = (1, 1)
      (flow.totalSentBytes, flow.totalReceivedBytes) = (1, 1)
      batch.flows = [flow]
      var metric = metric(.client)
      metric.figures = everyFigure
      (metric.newFlows, metric.closedFlows, metric.flowLoad) = (1, 1, 1)
      for type in UInt8(0)...20 { metric.closes.count(CloseType(rawValue: type)) }
      batch.networkMetrics = [metric]
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 50
      let sent = batch
      try await withIngest(configuration, catalog: catalog, storage: engine) { ingest, port in
        let client = try AgentClient(port: port)
        _ = try client.greet()
        try client.send(.batch(sequence: 1, sent))
        try client.waitForAck(1)
        #expect(await eventually { ingest.statistics.store.passed == 2 })
      }
      for table in [TableDeclaration.flowLog, .networkSecond, .networkMapSecond] {
        let figures = table.columns.filter { $0.codec == .transposed }
        #expect(figures.count > 30)
        for column in figures {
          let sum = try await number(
            engine, "SELECT sum(\(column.name)) FROM \(table.quotedName)")
          #expect(sum > 0, "\(table.name) \(column.name)")
        }
      }
    }
  }

  private var everyFigure: FlowFigures {
    var traffic = FlowTraffic()
    (traffic.packets, traffic.bytes) = (1, 1)
    (traffic.networkBytes, traffic.transportBytes) = (1, 1)
    var latency = LatencySum()
    latency.take(1)
    var figures = FlowFigures()
    (figures.sent, figures.received) = (traffic, traffic)
    (figures.roundTrip, figures.roundTripClient) = (latency, latency)
    (figures.roundTripServer, figures.systemResponse) = (latency, latency)
    (figures.dataResponse, figures.callResponse, figures.clientIdle) = (latency, latency, latency)
    (figures.sentRetransmissions, figures.receivedRetransmissions) = (1, 1)
    (figures.sentZeroWindows, figures.receivedZeroWindows) = (1, 1)
    (figures.sentOutOfOrder, figures.receivedOutOfOrder) = (1, 1)
    (figures.syns, figures.synAcks, figures.fins) = (1, 1, 1)
    (figures.synRetransmissions, figures.synAckRetransmissions) = (1, 1)
    (figures.requests, figures.responses) = (1, 1)
    (figures.clientErrors, figures.serverErrors) = (1, 1)
    (figures.timeouts, figures.parseFailures) = (1, 1)
    return figures
  }
}

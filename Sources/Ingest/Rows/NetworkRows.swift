// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry

/// The columns that both kinds of network metric tables have.
struct NetworkColumns: Sendable {
  private let time, agent, signalSource, isV4, transport, serverPort, directionScore: Int
  private let figures: FigureColumns<NetworkMetric>

  init(_ batch: ColumnBatch) {
    time = batch.column("time")
    agent = batch.column("agent_id")
    signalSource = batch.column("signal_source")
    isV4 = batch.column("is_ipv4")
    transport = batch.column("protocol")
    serverPort = batch.column("server_port")
    directionScore = batch.column("direction_score")
    figures = FigureColumns(NetworkMetric.columns, in: batch)
  }

  func append(_ metric: NetworkMetric, agent number: UInt16, to batch: inout ColumnBatch) {
    batch.append(metric.time.storedSeconds, to: time)
    batch.append(number, to: agent)
    batch.append(metric.signalSource.rawValue, to: signalSource)
    batch.append(UInt8(metric.server.address.isV4 ? 1 : 0), to: isV4)
    batch.append(metric.transport.rawValue, to: transport)
    batch.append(metric.server.port, to: serverPort)
    batch.append(metric.directionScore, to: directionScore)
    figures.append(metric, to: &batch)
  }
}

/// Writes metrics into a `network` table: the sides of a flow that its observer speaks for, each with
/// what it sent as `tx`.
struct NetworkRows: Sendable {
  var batch: ColumnBatch
  private let columns: NetworkColumns
  private let owners: OwnerColumns

  init(_ table: TableDeclaration) {
    batch = ColumnBatch(table)
    columns = NetworkColumns(batch)
    owners = OwnerColumns(batch)
  }

  /// Appends the rows of ``RowOwner/owners(at:)``.
  mutating func append(
    _ metric: NetworkMetric, agent: UInt16, client: EndTags, server: EndTags
  ) {
    for owner in RowOwner.owners(at: metric.observationPoint) {
      if owner.isServer {
        var seen = metric
        seen.figures.turnAround()
        columns.append(seen, agent: agent, to: &batch)
      } else {
        columns.append(metric, agent: agent, to: &batch)
      }
      owners.append(
        owner, tags: owner.isServer ? server : client,
        address: owner.isServer ? metric.server.address : metric.client.address, to: &batch)
    }
  }
}

/// Writes metrics into a `network_map` table: both sides of a flow, `tx` being what the client sent.
struct NetworkMapRows: Sendable {
  var batch: ColumnBatch
  private let columns: NetworkColumns
  private let pair: PairColumns
  private let tunnelType: Int

  init(_ table: TableDeclaration) {
    batch = ColumnBatch(table)
    columns = NetworkColumns(batch)
    pair = PairColumns(batch)
    tunnelType = batch.column("tunnel_type")
  }

  mutating func append(
    _ metric: NetworkMetric, agent: UInt16, client: EndTags, server: EndTags
  ) {
    columns.append(metric, agent: agent, to: &batch)
    pair.append(
      metric.observationPoint, (metric.client, metric.server), (client, server), to: &batch)
    batch.append(metric.tunnelType.rawValue, to: tunnelType)
  }
}

extension FlowFigures {
  /// Makes the server the one who sent.
  mutating func turnAround() {
    swap(&sent, &received)
    swap(&sentRetransmissions, &receivedRetransmissions)
    swap(&sentZeroWindows, &receivedZeroWindows)
    swap(&sentOutOfOrder, &receivedOutOfOrder)
  }
}

extension NetworkMetric {
  /// The meter of the network metric tables.
  static let columns: [Figure<NetworkMetric>] =
    trafficColumns + delayColumns + healthColumns
    + closeColumns + callColumns

  private static let trafficColumns: [Figure<NetworkMetric>] = [
    Figure("packet") { $0.figures.sent.packets &+ $0.figures.received.packets },
    Figure("packet_tx") { $0.figures.sent.packets },
    Figure("packet_rx") { $0.figures.received.packets },
    Figure("byte") { $0.figures.sent.bytes &+ $0.figures.received.bytes },
    Figure("byte_tx") { $0.figures.sent.bytes },
    Figure("byte_rx") { $0.figures.received.bytes },
    Figure("l3_byte_tx") { $0.figures.sent.networkBytes },
    Figure("l3_byte_rx") { $0.figures.received.networkBytes },
    Figure("l4_byte_tx") { $0.figures.sent.transportBytes },
    Figure("l4_byte_rx") { $0.figures.received.transportBytes },
    Figure("new_flow") { UInt64($0.newFlows) },
    Figure("closed_flow") { UInt64($0.closedFlows) },
    Figure("flow_load") { UInt64($0.flowLoad) },
  ]

  private static let delayColumns: [Figure<NetworkMetric>] =
    latency("rtt") { $0.figures.roundTrip }
    + latency("rtt_client") { $0.figures.roundTripClient }
    + latency("rtt_server") { $0.figures.roundTripServer }
    + latency("srt") { $0.figures.systemResponse } + latency("art") { $0.figures.dataResponse }
    + latency("rrt") { $0.figures.callResponse } + latency("cit") { $0.figures.clientIdle }

  private static let healthColumns: [Figure<NetworkMetric>] = [
    Figure("syn_count") { UInt64($0.figures.syns) },
    Figure("synack_count") { UInt64($0.figures.synAcks) },
    Figure("retrans") {
      UInt64($0.figures.sentRetransmissions) + UInt64($0.figures.receivedRetransmissions)
    },
    Figure("retrans_tx") { UInt64($0.figures.sentRetransmissions) },
    Figure("retrans_rx") { UInt64($0.figures.receivedRetransmissions) },
    Figure("zero_win") {
      UInt64($0.figures.sentZeroWindows) + UInt64($0.figures.receivedZeroWindows)
    },
    Figure("zero_win_tx") { UInt64($0.figures.sentZeroWindows) },
    Figure("zero_win_rx") { UInt64($0.figures.receivedZeroWindows) },
    Figure("ooo_tx") { UInt64($0.figures.sentOutOfOrder) },
    Figure("ooo_rx") { UInt64($0.figures.receivedOutOfOrder) },
    Figure("retrans_syn") { UInt64($0.figures.synRetransmissions) },
    Figure("retrans_synack") { UInt64($0.figures.synAckRetransmissions) },
  ]

  private static let closeColumns: [Figure<NetworkMetric>] = [
    Figure("client_rst_flow") { UInt64($0.closes.clientReset) },
    Figure("server_rst_flow") { UInt64($0.closes.serverReset) },
    Figure("server_syn_miss") { UInt64($0.closes.serverSynAckMissing) },
    Figure("client_ack_miss") { UInt64($0.closes.clientAckMissing) },
    Figure("client_half_close_flow") { UInt64($0.closes.clientHalfClose) },
    Figure("server_half_close_flow") { UInt64($0.closes.serverHalfClose) },
    Figure("client_source_port_reuse") { UInt64($0.closes.clientPortReuse) },
    Figure("server_reset") { UInt64($0.closes.serverRefused) },
    Figure("server_queue_lack") { UInt64($0.closes.serverQueueFull) },
    Figure("client_establish_other_rst") { UInt64($0.closes.clientEstablishReset) },
    Figure("server_establish_other_rst") { UInt64($0.closes.serverEstablishReset) },
    Figure("tcp_timeout") { UInt64($0.closes.timeout) },
    Figure("client_establish_fail") { $0.closes.clientEstablishFailures },
    Figure("server_establish_fail") { $0.closes.serverEstablishFailures },
    Figure("tcp_establish_fail") {
      $0.closes.clientEstablishFailures + $0.closes.serverEstablishFailures
    },
    Figure("tcp_transfer_fail") { $0.closes.transferFailures },
    Figure("tcp_rst_fail") { $0.closes.resets },
  ]

  private static let callColumns: [Figure<NetworkMetric>] = [
    Figure("l7_request") { UInt64($0.figures.requests) },
    Figure("l7_response") { UInt64($0.figures.responses) },
    Figure("l7_client_error") { UInt64($0.figures.clientErrors) },
    Figure("l7_server_error") { UInt64($0.figures.serverErrors) },
    Figure("l7_timeout") { UInt64($0.figures.timeouts) },
    Figure("l7_error") { UInt64($0.figures.clientErrors) + UInt64($0.figures.serverErrors) },
  ]
}

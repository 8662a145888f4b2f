// SPDX-License-Identifier: Apache-2.0

import Catalog
package import Storage
import Telemetry

/// Writes flows into the columns of `flow_log.l4_flow_log`.
package struct FlowLogRows: Sendable {
  package var batch = ColumnBatch(.flowLog)
  private let base: Base
  private let ends: Ends
  private let link: Link
  private let session: Session
  private let figures: FigureColumns<FlowRecord>

  package init() {
    base = Base(batch)
    ends = Ends(batch)
    link = Link(batch)
    session = Session(batch)
    figures = FigureColumns(Self.figures, in: batch)
  }

  /// Appends one row. `text` is that of the batch the flow came in.
  mutating func append(
    _ flow: FlowRecord, _ text: Span<UInt8>, agent: UInt16, client: EndTags,
    server: EndTags, numbers: inout RowNumbers
  ) {
    let second = flow.end.storedSeconds
    batch.append(second, to: base.time)
    batch.append(numbers.next(second: second), to: base.number)
    batch.append(flow.start.microseconds, to: base.startTime)
    batch.append(flow.end.microseconds, to: base.endTime)
    batch.append(agent, to: base.agent)
    batch.append(flow.signalSource.rawValue, to: base.signalSource)
    batch.append(flow.observationPoint.name, to: base.observationPoint)
    batch.append(flow.flow, to: base.flow)
    batch.append(flow.directionScore, to: base.directionScore)
    appendEnds(flow, client, server)
    appendLink(flow, text)
    appendSession(flow, text)
    figures.append(flow, to: &batch)
  }

  private mutating func appendEnds(
    _ flow: FlowRecord, _ client: EndTags, _ server: EndTags
  ) {
    batch.append(client.tagSet, to: ends.tagSet0)
    batch.append(server.tagSet, to: ends.tagSet1)
    batch.append(client.service, to: ends.service0)
    batch.append(server.service, to: ends.service1)
    batch.append(client.serviceKind.rawValue, to: ends.serviceType0)
    batch.append(server.serviceKind.rawValue, to: ends.serviceType1)
    batch.append(flow.client.address, to: ends.ip0)
    batch.append(flow.server.address, to: ends.ip1)
    batch.append(UInt8(flow.server.address.isV4 ? 1 : 0), to: ends.isV4)
    batch.append(flow.transport.rawValue, to: ends.transport)
    batch.append(flow.client.port, to: ends.clientPort)
    batch.append(flow.server.port, to: ends.serverPort)
    batch.append(flow.networkNamespace, to: ends.namespace)
    let isTranslated =
      !flow.client.realAddress.isUnspecified || !flow.server.realAddress.isUnspecified
    batch.append(isTranslated ? Self.toldByOption : 0, to: ends.natSource)
    batch.append(flow.client.realAddress, to: ends.realIP0)
    batch.append(flow.server.realAddress, to: ends.realIP1)
    batch.append(flow.client.realPort, to: ends.realPort0)
    batch.append(flow.server.realPort, to: ends.realPort1)
  }

  private mutating func appendLink(_ flow: FlowRecord, _ text: Span<UInt8>) {
    batch.append(flow.interface, to: link.interface)
    batch.append(flow.interfaceName.bytes(in: text), to: link.interfaceName)
    batch.append(flow.client.linkAddress.value, to: link.mac0)
    batch.append(flow.server.linkAddress.value, to: link.mac1)
    batch.append(flow.etherType, to: link.etherType)
    batch.append(flow.vlan, to: link.vlan)
    batch.append(UInt8(flow.client.isNearLink ? 1 : 0), to: link.nearLink0)
    batch.append(UInt8(flow.server.isNearLink ? 1 : 0), to: link.nearLink1)
    batch.append(UInt8(flow.client.isNearNetwork ? 1 : 0), to: link.nearNetwork0)
    batch.append(UInt8(flow.server.isNearNetwork ? 1 : 0), to: link.nearNetwork1)
    let sent = flow.sentTunnel
    let received = flow.receivedTunnel
    let either = sent.type == .none ? received : sent
    batch.append(either.type.rawValue, to: link.tunnelType)
    batch.append(either.tier, to: link.tunnelTier)
    batch.append(sent.id, to: link.tunnelSentID)
    batch.append(received.id, to: link.tunnelReceivedID)
    batch.append(sent.source, to: link.tunnelSentIP0)
    batch.append(sent.destination, to: link.tunnelSentIP1)
    batch.append(received.source, to: link.tunnelReceivedIP0)
    batch.append(received.destination, to: link.tunnelReceivedIP1)
  }

  private mutating func appendSession(_ flow: FlowRecord, _ text: Span<UInt8>) {
    batch.append(flow.closeType.rawValue, to: session.closeType)
    batch.append(flow.closeType.storedStatus(flow.transport), to: session.status)
    batch.append(UInt8(flow.isNew ? 1 : 0), to: session.isNew)
    batch.append(flow.duration, to: session.duration)
    batch.append(flow.client.flags.rawValue, to: session.flags0)
    batch.append(flow.server.flags.rawValue, to: session.flags1)
    batch.append(flow.synSequence, to: session.synSequence)
    batch.append(flow.synAckSequence, to: session.synAckSequence)
    batch.append(flow.lastKeepaliveSequence, to: session.keepaliveSequence)
    batch.append(flow.lastKeepaliveAcknowledgement, to: session.keepaliveAcknowledgement)
    batch.append(flow.initialIPID, to: session.initialIPID)
    batch.append(flow.applicationProtocol.rawValue, to: session.applicationProtocol)
    batch.append(flow.requestDomain.bytes(in: text), to: session.requestDomain)
  }

  /// `nat_source` of an address that a TCP option told.
  private static let toldByOption: UInt8 = 6
}

extension FlowLogRows {
  static let figures: [Figure<FlowRecord>] =
    traffic + [
      Figure("rtt") { $0.figures.roundTrip.mean },
      Figure("rtt_client") { $0.figures.roundTripClient.mean },
      Figure("rtt_server") { $0.figures.roundTripServer.mean },
    ] + latency("srt") { $0.figures.systemResponse } + latency("art") { $0.figures.dataResponse }
    + latency("rrt") { $0.figures.callResponse } + latency("cit") { $0.figures.clientIdle }
    + health + calls

  private static let traffic: [Figure<FlowRecord>] = [
    Figure("packet_tx") { $0.figures.sent.packets },
    Figure("packet_rx") { $0.figures.received.packets },
    Figure("byte_tx") { $0.figures.sent.bytes },
    Figure("byte_rx") { $0.figures.received.bytes },
    Figure("l3_byte_tx") { $0.figures.sent.networkBytes },
    Figure("l3_byte_rx") { $0.figures.received.networkBytes },
    Figure("l4_byte_tx") { $0.figures.sent.transportBytes },
    Figure("l4_byte_rx") { $0.figures.received.transportBytes },
    Figure("total_packet_tx") { $0.totalSentPackets },
    Figure("total_packet_rx") { $0.totalReceivedPackets },
    Figure("total_byte_tx") { $0.totalSentBytes },
    Figure("total_byte_rx") { $0.totalReceivedBytes },
  ]

  private static let health: [Figure<FlowRecord>] = [
    Figure("retrans_tx") { UInt64($0.figures.sentRetransmissions) },
    Figure("retrans_rx") { UInt64($0.figures.receivedRetransmissions) },
    Figure("zero_win_tx") { UInt64($0.figures.sentZeroWindows) },
    Figure("zero_win_rx") { UInt64($0.figures.receivedZeroWindows) },
    Figure("ooo_tx") { UInt64($0.figures.sentOutOfOrder) },
    Figure("ooo_rx") { UInt64($0.figures.receivedOutOfOrder) },
    Figure("syn_count") { UInt64($0.figures.syns) },
    Figure("synack_count") { UInt64($0.figures.synAcks) },
    Figure("retrans_syn") { UInt64($0.figures.synRetransmissions) },
    Figure("retrans_synack") { UInt64($0.figures.synAckRetransmissions) },
    Figure("fin_count") { UInt64($0.figures.fins) },
  ]

  private static let calls: [Figure<FlowRecord>] = [
    Figure("l7_request") { UInt64($0.figures.requests) },
    Figure("l7_response") { UInt64($0.figures.responses) },
    Figure("l7_client_error") { UInt64($0.figures.clientErrors) },
    Figure("l7_server_error") { UInt64($0.figures.serverErrors) },
    Figure("l7_server_timeout") { UInt64($0.figures.timeouts) },
    Figure("l7_error") { UInt64($0.figures.clientErrors) + UInt64($0.figures.serverErrors) },
    Figure("l7_parse_failed") { UInt64($0.figures.parseFailures) },
  ]
}

extension LatencySum {
  /// Microseconds; 0 without samples.
  var mean: UInt64 { count == 0 ? 0 : sum / count }
}

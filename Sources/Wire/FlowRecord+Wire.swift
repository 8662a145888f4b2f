// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The bits of a flow row's mask: what differs from the row before, or is there.
private enum FlowMask {
  static let head: UInt32 = 1 << 0
  static let client: UInt32 = 1
  static let server: UInt32 = 7
  static let networkNamespace: UInt32 = 1 << 13
  static let interface: UInt32 = 1 << 14
  static let interfaceName: UInt32 = 1 << 15
  static let etherType: UInt32 = 1 << 16
  static let vlan: UInt32 = 1 << 17
  static let sentTunnel: UInt32 = 1 << 18
  static let receivedTunnel: UInt32 = 1 << 19
  static let handshake: UInt32 = 1 << 20
  static let keepalive: UInt32 = 1 << 21
  static let initialIPID: UInt32 = 1 << 22
  static let flow: UInt32 = 1 << 23
  static let duration: UInt32 = 1 << 24
  static let totals: UInt32 = 1 << 25
  static let requestDomain: UInt32 = 1 << 26
  static let isNew: UInt32 = 1 << 27
  static let known: UInt32 = 1 << 28 - 1
}

/// What flow rows are told against: the row before.
struct FlowContext: RowContext {
  var row = FlowRecord.zero
  /// Where the text before ended.
  var text: UInt32 = 0
}

extension FlowRecord: WireRow {
  /// Mask, two times, the mask of its figures.
  static let smallestRow = 8

  func write(to writer: inout WireWriter, context: inout FlowContext) {
    let mask = differences(from: context.row)
    writer.fixed(mask)
    writer.zigzag(start.nanoseconds &- context.row.start.nanoseconds)
    writer.zigzag(end.nanoseconds &- start.nanoseconds)
    if mask & FlowMask.head != 0 { writer.head(head, count: 6) }
    client.write(mask >> FlowMask.client, to: &writer)
    server.write(mask >> FlowMask.server, to: &writer)
    if mask & FlowMask.networkNamespace != 0 { writer.varint(UInt64(networkNamespace)) }
    if mask & FlowMask.interface != 0 { writer.varint(UInt64(interface)) }
    if mask & FlowMask.interfaceName != 0 {
      interfaceName.write(to: &writer, cursor: &context.text)
    }
    if mask & FlowMask.etherType != 0 { writer.fixed(etherType) }
    if mask & FlowMask.vlan != 0 { writer.fixed(vlan) }
    if mask & FlowMask.sentTunnel != 0 { sentTunnel.write(to: &writer) }
    if mask & FlowMask.receivedTunnel != 0 { receivedTunnel.write(to: &writer) }
    if mask & FlowMask.handshake != 0 {
      writer.fixed(synSequence)
      writer.fixed(synAckSequence)
    }
    if mask & FlowMask.keepalive != 0 {
      writer.fixed(lastKeepaliveSequence)
      writer.fixed(lastKeepaliveAcknowledgement)
    }
    if mask & FlowMask.initialIPID != 0 { writer.fixed(initialIPID) }
    if mask & FlowMask.flow != 0 { writer.zigzag(Int64(bitPattern: flow &- context.row.flow)) }
    if mask & FlowMask.duration != 0 { writer.varint(duration) }
    if mask & FlowMask.totals != 0 { writeTotals(to: &writer) }
    if mask & FlowMask.requestDomain != 0 {
      requestDomain.write(to: &writer, cursor: &context.text)
    }
    figures.write(to: &writer)
    context.row = self
  }

  static func read(
    from reader: inout WireReader, context: inout FlowContext, textBytes: Int
  ) {
    let mask = reader.fixed(UInt32.self)
    if mask & ~FlowMask.known != 0 { reader.fail(.malformed, "a known flow mask") }
    context.row.start = Timestamp(
      nanoseconds: context.row.start.nanoseconds &+ reader.zigzag())
    context.row.end = Timestamp(nanoseconds: context.row.start.nanoseconds &+ reader.zigzag())
    if mask & FlowMask.head != 0 { context.row.head = reader.head(count: 6) }
    context.row.client.read(mask >> FlowMask.client, from: &reader)
    context.row.server.read(mask >> FlowMask.server, from: &reader)
    context.row.readCapture(mask, from: &reader, cursor: &context.text, textBytes: textBytes)
    context.row.readSession(mask, from: &reader)
    if mask & FlowMask.totals != 0 { context.row.readTotals(from: &reader) }
    context.row.requestDomain =
      mask & FlowMask.requestDomain != 0
      ? Text(from: &reader, cursor: &context.text, textBytes: textBytes) : .empty
    context.row.isNew = mask & FlowMask.isNew != 0
    context.row.figures = FlowFigures(from: &reader)
    if mask & FlowMask.totals == 0 { context.row.totalOfReport() }
  }
}

extension FlowRecord {
  private func differences(from other: FlowRecord) -> UInt32 {
    var mask: UInt32 = 0
    func set(_ bit: UInt32, _ condition: Bool) { if condition { mask |= bit } }
    set(FlowMask.head, head != other.head)
    mask |= client.differences(from: other.client) << FlowMask.client
    mask |= server.differences(from: other.server) << FlowMask.server
    set(FlowMask.networkNamespace, networkNamespace != other.networkNamespace)
    set(FlowMask.interface, interface != other.interface)
    set(FlowMask.interfaceName, !interfaceName.isEmpty)
    set(FlowMask.etherType, etherType != other.etherType)
    set(FlowMask.vlan, vlan != other.vlan)
    set(FlowMask.sentTunnel, sentTunnel != other.sentTunnel)
    set(FlowMask.receivedTunnel, receivedTunnel != other.receivedTunnel)
    set(FlowMask.handshake, synSequence | synAckSequence != 0)
    set(FlowMask.keepalive, lastKeepaliveSequence | lastKeepaliveAcknowledgement != 0)
    set(FlowMask.initialIPID, initialIPID != other.initialIPID)
    set(FlowMask.flow, flow != other.flow)
    set(FlowMask.duration, duration != 0)
    set(
      FlowMask.totals,
      totalSentPackets != figures.sent.packets || totalReceivedPackets != figures.received.packets
        || totalSentBytes != figures.sent.bytes || totalReceivedBytes != figures.received.bytes)
    set(FlowMask.requestDomain, !requestDomain.isEmpty)
    set(FlowMask.isNew, isNew)
    return mask
  }

  private var head: WireHead {
    get {
      WireHead(
        observationPoint.rawValue, signalSource.rawValue, transport.rawValue,
        applicationProtocol.rawValue, closeType.rawValue, directionScore)
    }
    set {
      observationPoint = ObservationPoint(rawValue: newValue[0])
      signalSource = SignalSource(rawValue: newValue[1])
      transport = TransportProtocol(rawValue: newValue[2])
      applicationProtocol = ApplicationProtocol(rawValue: newValue[3])
      closeType = CloseType(rawValue: newValue[4])
      directionScore = newValue[5]
    }
  }

  private mutating func readCapture(
    _ mask: UInt32, from reader: inout WireReader, cursor: inout UInt32, textBytes: Int
  ) {
    if mask & FlowMask.networkNamespace != 0 { networkNamespace = reader.integer() }
    if mask & FlowMask.interface != 0 { interface = reader.integer() }
    interfaceName =
      mask & FlowMask.interfaceName != 0
      ? Text(from: &reader, cursor: &cursor, textBytes: textBytes) : .empty
    if mask & FlowMask.etherType != 0 { etherType = reader.fixed() }
    if mask & FlowMask.vlan != 0 { vlan = reader.fixed() }
    if mask & FlowMask.sentTunnel != 0 { sentTunnel = Tunnel(from: &reader) }
    if mask & FlowMask.receivedTunnel != 0 { receivedTunnel = Tunnel(from: &reader) }
  }

  private mutating func readSession(_ mask: UInt32, from reader: inout WireReader) {
    let hasHandshake = mask & FlowMask.handshake != 0
    synSequence = hasHandshake ? reader.fixed() : 0
    synAckSequence = hasHandshake ? reader.fixed() : 0
    let hasKeepalive = mask & FlowMask.keepalive != 0
    lastKeepaliveSequence = hasKeepalive ? reader.fixed() : 0
    lastKeepaliveAcknowledgement = hasKeepalive ? reader.fixed() : 0
    if mask & FlowMask.initialIPID != 0 { initialIPID = reader.fixed() }
    if mask & FlowMask.flow != 0 { flow &+= UInt64(bitPattern: reader.zigzag()) }
    duration = mask & FlowMask.duration != 0 ? reader.varint() : 0
  }

  private func writeTotals(to writer: inout WireWriter) {
    writer.varint(totalSentPackets)
    writer.varint(totalReceivedPackets)
    writer.varint(totalSentBytes)
    writer.varint(totalReceivedBytes)
  }

  private mutating func readTotals(from reader: inout WireReader) {
    totalSentPackets = reader.varint()
    totalReceivedPackets = reader.varint()
    totalSentBytes = reader.varint()
    totalReceivedBytes = reader.varint()
  }

  /// Most flows have one report, whose totals are its figures.
  private mutating func totalOfReport() {
    totalSentPackets = figures.sent.packets
    totalReceivedPackets = figures.received.packets
    totalSentBytes = figures.sent.bytes
    totalReceivedBytes = figures.received.bytes
  }
}

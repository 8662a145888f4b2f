// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The groups of ``FlowFigures`` that hold anything but zeros, one bit each.
private enum FigureMask {
  static let sent: UInt32 = 1 << 0
  static let received: UInt32 = 1 << 1
  static let roundTrip: UInt32 = 1 << 2
  static let roundTripClient: UInt32 = 1 << 3
  static let roundTripServer: UInt32 = 1 << 4
  static let systemResponse: UInt32 = 1 << 5
  static let dataResponse: UInt32 = 1 << 6
  static let callResponse: UInt32 = 1 << 7
  static let clientIdle: UInt32 = 1 << 8
  static let health: UInt32 = 1 << 9
  static let handshakes: UInt32 = 1 << 10
  static let calls: UInt32 = 1 << 11
  static let faults: UInt32 = 1 << 12
  static let known: UInt32 = 1 << 13 - 1
}

extension FlowFigures {
  /// Writes a mask of the groups that are not all zero, then those.
  func write(to writer: inout WireWriter) {
    let mask = groups
    writer.fixed(UInt16(truncatingIfNeeded: mask))
    if mask & FigureMask.sent != 0 { sent.write(to: &writer) }
    if mask & FigureMask.received != 0 { received.write(to: &writer) }
    if mask & FigureMask.roundTrip != 0 { roundTrip.write(to: &writer) }
    if mask & FigureMask.roundTripClient != 0 { roundTripClient.write(to: &writer) }
    if mask & FigureMask.roundTripServer != 0 { roundTripServer.write(to: &writer) }
    if mask & FigureMask.systemResponse != 0 { systemResponse.write(to: &writer) }
    if mask & FigureMask.dataResponse != 0 { dataResponse.write(to: &writer) }
    if mask & FigureMask.callResponse != 0 { callResponse.write(to: &writer) }
    if mask & FigureMask.clientIdle != 0 { clientIdle.write(to: &writer) }
    func put(_ bit: UInt32, _ values: [UInt32]) {
      if mask & bit != 0 { for value in values { writer.varint(UInt64(value)) } }
    }
    put(
      FigureMask.health,
      [
        sentRetransmissions, receivedRetransmissions, sentZeroWindows, receivedZeroWindows,
        sentOutOfOrder, receivedOutOfOrder,
      ])
    put(
      FigureMask.handshakes, [syns, synAcks, synRetransmissions, synAckRetransmissions, fins])
    put(FigureMask.calls, [requests, responses])
    put(FigureMask.faults, [clientErrors, serverErrors, timeouts, parseFailures])
  }

  /// Reads what ``write(to:)`` wrote. Faults stick in `reader`.
  init(from reader: inout WireReader) {
    self.init()
    let mask = UInt32(reader.fixed(UInt16.self))
    if mask & ~FigureMask.known != 0 { reader.fail(.malformed, "a known figure mask") }
    if mask & FigureMask.sent != 0 { sent = FlowTraffic(from: &reader) }
    if mask & FigureMask.received != 0 { received = FlowTraffic(from: &reader) }
    if mask & FigureMask.roundTrip != 0 { roundTrip = LatencySum(from: &reader) }
    if mask & FigureMask.roundTripClient != 0 { roundTripClient = LatencySum(from: &reader) }
    if mask & FigureMask.roundTripServer != 0 { roundTripServer = LatencySum(from: &reader) }
    if mask & FigureMask.systemResponse != 0 { systemResponse = LatencySum(from: &reader) }
    if mask & FigureMask.dataResponse != 0 { dataResponse = LatencySum(from: &reader) }
    if mask & FigureMask.callResponse != 0 { callResponse = LatencySum(from: &reader) }
    if mask & FigureMask.clientIdle != 0 { clientIdle = LatencySum(from: &reader) }
    if mask & FigureMask.health != 0 {
      sentRetransmissions = reader.integer()
      receivedRetransmissions = reader.integer()
      sentZeroWindows = reader.integer()
      receivedZeroWindows = reader.integer()
      sentOutOfOrder = reader.integer()
      receivedOutOfOrder = reader.integer()
    }
    if mask & FigureMask.handshakes != 0 {
      syns = reader.integer()
      synAcks = reader.integer()
      synRetransmissions = reader.integer()
      synAckRetransmissions = reader.integer()
      fins = reader.integer()
    }
    if mask & FigureMask.calls != 0 {
      requests = reader.integer()
      responses = reader.integer()
    }
    if mask & FigureMask.faults != 0 {
      clientErrors = reader.integer()
      serverErrors = reader.integer()
      timeouts = reader.integer()
      parseFailures = reader.integer()
    }
  }

  private var groups: UInt32 {
    var mask: UInt32 = 0
    func set(_ bit: UInt32, _ isNeeded: Bool) { if isNeeded { mask |= bit } }
    set(FigureMask.sent, !sent.isZero)
    set(FigureMask.received, !received.isZero)
    set(FigureMask.roundTrip, !roundTrip.isZero)
    set(FigureMask.roundTripClient, !roundTripClient.isZero)
    set(FigureMask.roundTripServer, !roundTripServer.isZero)
    set(FigureMask.systemResponse, !systemResponse.isZero)
    set(FigureMask.dataResponse, !dataResponse.isZero)
    set(FigureMask.callResponse, !callResponse.isZero)
    set(FigureMask.clientIdle, !clientIdle.isZero)
    set(
      FigureMask.health,
      sentRetransmissions | receivedRetransmissions | sentZeroWindows | receivedZeroWindows
        | sentOutOfOrder | receivedOutOfOrder != 0)
    set(
      FigureMask.handshakes,
      syns | synAcks | synRetransmissions | synAckRetransmissions | fins != 0)
    set(FigureMask.calls, requests | responses != 0)
    set(FigureMask.faults, clientErrors | serverErrors | timeouts | parseFailures != 0)
    return mask
  }
}

extension FlowTraffic {
  var isZero: Bool { packets | bytes | networkBytes | transportBytes == 0 }

  func write(to writer: inout WireWriter) {
    writer.varint(packets)
    writer.varint(bytes)
    writer.varint(networkBytes)
    writer.varint(transportBytes)
  }

  init(from reader: inout WireReader) {
    self.init()
    packets = reader.varint()
    bytes = reader.varint()
    networkBytes = reader.varint()
    transportBytes = reader.varint()
  }
}

extension LatencySum {
  var isZero: Bool { sum | count | maximum == 0 }

  func write(to writer: inout WireWriter) {
    writer.varint(sum)
    writer.varint(count)
    writer.varint(maximum)
  }

  init(from reader: inout WireReader) {
    self.init()
    sum = reader.varint()
    count = reader.varint()
    maximum = reader.varint()
  }
}

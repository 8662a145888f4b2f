// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The bits of a metric row's mask: what differs from the row before.
private enum MetricMask {
  static let head: UInt32 = 1 << 0
  static let client: UInt32 = 1
  static let server: UInt32 = 6
  static let endpoint: UInt32 = 1 << 11
  static let faults: UInt32 = 1 << 12
  static let durations: UInt32 = 1 << 13
  static let known: UInt32 = 1 << 14 - 1
}

/// What metric rows are told against: the row before.
struct MetricContext {
  var row = CallMetric(
    time: Timestamp(nanoseconds: 0), interval: 0, observationPoint: .rest, signalSource: .packet,
    transport: TransportProtocol(rawValue: 0), applicationProtocol: .unknown, client: .origin,
    server: .origin)
  /// Where the text before ended.
  var text: UInt32 = 0
}

/// The smallest metric row: mask, time, requests, responses.
let metricRowBytes = 5

extension CallMetric {
  func write(to writer: inout WireWriter, context: inout MetricContext) {
    let before = context.row
    var mask: UInt32 = 0
    if interval != before.interval || observationPoint != before.observationPoint
      || signalSource != before.signalSource || transport != before.transport
      || applicationProtocol != before.applicationProtocol
      || directionScore != before.directionScore
    {
      mask |= MetricMask.head
    }
    mask |= client.differences(from: before.client) << MetricMask.client
    mask |= server.differences(from: before.server) << MetricMask.server
    if !endpoint.isEmpty { mask |= MetricMask.endpoint }
    if clientErrors | serverErrors | timeouts != 0 { mask |= MetricMask.faults }
    if durationSum | durationMax | durationCount != 0 { mask |= MetricMask.durations }
    writer.fixed(UInt16(truncatingIfNeeded: mask))
    writer.zigzag(time.nanoseconds &- before.time.nanoseconds)
    if mask & MetricMask.head != 0 { writeHead(to: &writer) }
    client.write(mask >> MetricMask.client, to: &writer)
    server.write(mask >> MetricMask.server, to: &writer)
    if mask & MetricMask.endpoint != 0 { endpoint.write(to: &writer, cursor: &context.text) }
    writer.varint(requests)
    writer.varint(responses)
    if mask & MetricMask.faults != 0 {
      writer.varint(clientErrors)
      writer.varint(serverErrors)
      writer.varint(timeouts)
    }
    if mask & MetricMask.durations != 0 {
      writer.varint(durationSum)
      writer.varint(durationMax)
      writer.varint(durationCount)
    }
    context.row = self
  }

  /// Reads one row over `context.row`, which then is the row. Faults stick in `reader`.
  static func read(
    from reader: inout WireReader, context: inout MetricContext, textBytes: Int
  ) {
    let mask = UInt32(reader.fixed(UInt16.self))
    if mask & ~MetricMask.known != 0 { reader.fail(.malformed, "a known metric mask") }
    context.row.time = context.row.time + reader.zigzag()
    if mask & MetricMask.head != 0 { context.row.readHead(from: &reader) }
    context.row.client.read(mask >> MetricMask.client, from: &reader)
    context.row.server.read(mask >> MetricMask.server, from: &reader)
    context.row.endpoint =
      mask & MetricMask.endpoint != 0
      ? Text(from: &reader, cursor: &context.text, textBytes: textBytes) : .empty
    context.row.requests = reader.varint()
    context.row.responses = reader.varint()
    let hasFaults = mask & MetricMask.faults != 0
    context.row.clientErrors = hasFaults ? reader.varint() : 0
    context.row.serverErrors = hasFaults ? reader.varint() : 0
    context.row.timeouts = hasFaults ? reader.varint() : 0
    let hasDurations = mask & MetricMask.durations != 0
    context.row.durationSum = hasDurations ? reader.varint() : 0
    context.row.durationMax = hasDurations ? reader.varint() : 0
    context.row.durationCount = hasDurations ? reader.varint() : 0
  }

  private func writeHead(to writer: inout WireWriter) {
    writer.varint(UInt64(interval))
    writer.byte(observationPoint.rawValue)
    writer.byte(signalSource.rawValue)
    writer.byte(transport.rawValue)
    writer.byte(applicationProtocol.rawValue)
    writer.byte(directionScore)
  }

  private mutating func readHead(from reader: inout WireReader) {
    interval = reader.integer()
    observationPoint = ObservationPoint(rawValue: reader.byte())
    signalSource = SignalSource(rawValue: reader.byte())
    transport = TransportProtocol(rawValue: reader.byte())
    applicationProtocol = ApplicationProtocol(rawValue: reader.byte())
    directionScore = reader.byte()
  }
}

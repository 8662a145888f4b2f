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
struct MetricContext: RowContext {
  var row = CallMetric.zero
  /// Where the text before ended.
  var text: UInt32 = 0
}

extension CallMetric: WireRow {
  /// Mask, time, requests, responses.
  static let smallestRow = 5

  func write(to writer: inout WireWriter, context: inout MetricContext) {
    let before = context.row
    var mask: UInt32 = 0
    if interval != before.interval || head != before.head { mask |= MetricMask.head }
    mask |= client.differences(from: before.client) << MetricMask.client
    mask |= server.differences(from: before.server) << MetricMask.server
    if !endpoint.isEmpty { mask |= MetricMask.endpoint }
    if clientErrors | serverErrors | timeouts != 0 { mask |= MetricMask.faults }
    if durationSum | durationMax | durationCount != 0 { mask |= MetricMask.durations }
    writer.fixed(UInt16(truncatingIfNeeded: mask))
    writer.zigzag(time.nanoseconds &- before.time.nanoseconds)
    if mask & MetricMask.head != 0 {
      writer.varint(UInt64(interval))
      writer.head(head, count: 5)
    }
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

  static func read(
    from reader: inout WireReader, context: inout MetricContext, textBytes: Int
  ) {
    let mask = UInt32(reader.fixed(UInt16.self))
    if mask & ~MetricMask.known != 0 { reader.fail(.malformed, "a known metric mask") }
    context.row.time = context.row.time + reader.zigzag()
    if mask & MetricMask.head != 0 {
      context.row.interval = reader.integer()
      context.row.head = reader.head(count: 5)
    }
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

  private var head: WireHead {
    get {
      WireHead(
        observationPoint.rawValue, signalSource.rawValue, transport.rawValue,
        applicationProtocol.rawValue, directionScore)
    }
    set {
      observationPoint = ObservationPoint(rawValue: newValue[0])
      signalSource = SignalSource(rawValue: newValue[1])
      transport = TransportProtocol(rawValue: newValue[2])
      applicationProtocol = ApplicationProtocol(rawValue: newValue[3])
      directionScore = newValue[4]
    }
  }
}

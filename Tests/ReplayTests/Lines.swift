// SPDX-License-Identifier: Apache-2.0

import Foundation
import Protocols
import Replay
import Telemetry

/// What a sink writes that `body` feeds, read back from a file.
func written(
  _ selection: RecordSelection = .all, protocols: [any ProtocolKind] = builtInProtocols,
  _ body: (inout LineSink) throws -> Void
) throws -> String {
  let path = FileManager.default.temporaryDirectory
    .appending(path: "metaflow-lines-\(UUID().uuidString)").path
  let file = unsafe open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
  defer {
    close(file)
    unsafe unlink(path)
  }
  var sink = LineSink(to: file, selection, protocols: protocols)
  try body(&sink)
  try sink.finish()
  return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
}

/// What a sink writes of `batch`.
func text(of batch: RecordBatch, _ selection: RecordSelection = .all) throws -> String {
  try written(selection) { sink in
    var copy = batch
    try sink.take(&copy)
  }
}

/// The same, each line as an object.
func lines(
  of batch: RecordBatch, _ selection: RecordSelection = .all
) throws -> [[String: Any]] {
  try text(of: batch, selection).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    .map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return object as? [String: Any] ?? [:]
    }
}

extension CallEnd {
  static func sample(_ number: UInt32) -> CallEnd {
    CallEnd(address: IPAddress(v4: 0x0a00_0000 | number), port: number == 1 ? 40_000 : 80)
  }
}

extension CallRecord {
  /// A call with nothing but its ends.
  static var sample: CallRecord {
    let time = Timestamp(nanoseconds: 1_790_000_000_000_000_000)
    var call = CallRecord(client: .sample(1), server: .sample(2), start: time, end: time)
    call.signalSource = .packet
    call.flow = 7
    return call
  }
}

extension RecordBatch {
  /// One record of each kind with nothing left out.
  static var full: RecordBatch {
    var batch = RecordBatch()
    var call = CallRecord.sample
    call.start.nanoseconds = 1_790_000_000_999_998_999
    call.end.nanoseconds = 1_790_000_001_000_500_000
    call.hasDuration = true
    call.client.address = IPAddress(v4: 0x0ac8_032d)
    call.server.address = IPAddress(v4: 0x0a00_0001)
    call.client.port = .max
    call.flow = .max
    call.flags = [.tls, .reversed]
    call.applicationProtocol = ApplicationProtocol(rawValue: 20)
    call.status = .serverError
    call.directionScore = 255
    call.networkNamespace = 1
    call.requestSequence = 1
    call.responseSequence = 2
    call.requestID = 3
    call.responseCode = 503
    call.requestLength = 4
    call.responseLength = 0
    call.affectedRows = 5
    call.capturedRequestBytes = 6
    call.capturedResponseBytes = 7
    call.texts.visit { _, text in text = batch.append("text") }
    call.texts.requestResource = batch.append("/a?b=\"c\"")
    call.texts.userAgent = batch.append("curl/8")
    call.texts.referer = batch.append("http://x/")
    var attributes: [UInt8] = []
    Attributes.append(
      name: Array("kafka.topic".utf8).span, value: Array("a \"b\"".utf8).span, to: &attributes)
    call.attributes = batch.append(attributes.span)
    call.carrier = ApplicationProtocol(rawValue: 60)
    call.requestMessages = 2
    call.responseMessages = 3
    batch.calls = [call]
    batch.flows = [.full(&batch)]
    for interval: UInt32 in [1, 60] {
      batch.metrics.append(.full(interval, &batch))
    }
    batch.networkMetrics = [.full]
    return batch
  }
}

extension FlowFigures {
  static var full: FlowFigures {
    var figures = FlowFigures()
    figures.sent.packets = 1
    figures.received.bytes = 2
    for path: WritableKeyPath<FlowFigures, LatencySum> in [
      \.roundTrip, \.roundTripClient, \.roundTripServer, \.systemResponse, \.dataResponse,
      \.callResponse, \.clientIdle,
    ] { figures[keyPath: path].take(9) }
    for path: WritableKeyPath<FlowFigures, UInt32> in [
      \.sentRetransmissions, \.receivedRetransmissions, \.sentZeroWindows, \.receivedZeroWindows,
      \.sentOutOfOrder, \.receivedOutOfOrder, \.syns, \.synAcks, \.synRetransmissions,
      \.synAckRetransmissions, \.fins, \.requests, \.responses, \.clientErrors, \.serverErrors,
      \.timeouts, \.parseFailures,
    ] { figures[keyPath: path] = 3 }
    return figures
  }
}

extension FlowRecord {
  static func full(_ batch: inout RecordBatch) -> FlowRecord {
    let time = Timestamp(nanoseconds: 1_790_000_000_000_000_000)
    var client = FlowEnd(address: IPAddress(v4: 0x0a00_0001), port: 1)
    client.isNearLink = true
    client.isNearNetwork = true
    client.linkAddress = LinkAddress(0x0242_ac11_0002)
    client.flags = [.syn, .ack]
    client.realAddress = IPAddress(v4: 1)
    client.realPort = 2
    var server = client
    server.port = 80
    var flow = FlowRecord(
      transport: .tcp, client: client, server: server, start: time, end: time + 1_000)
    flow.flow = 1
    flow.closeType = .serverReset
    flow.isNew = true
    flow.directionScore = 255
    flow.networkNamespace = 3
    flow.interface = 4
    flow.interfaceName = batch.append("eth0")
    flow.etherType = 0x0800
    flow.vlan = 5
    flow.sentTunnel.type = .vxlan
    flow.sentTunnel.tier = 1
    flow.sentTunnel.id = 6
    flow.sentTunnel.source = IPAddress(v4: 7)
    flow.sentTunnel.destination = IPAddress(v4: 8)
    flow.receivedTunnel = flow.sentTunnel
    flow.synSequence = 1
    flow.synAckSequence = 2
    flow.lastKeepaliveSequence = 3
    flow.lastKeepaliveAcknowledgement = 4
    flow.initialIPID = 5
    flow.duration = 1
    flow.figures = .full
    flow.totalSentPackets = 1
    flow.totalReceivedPackets = 2
    flow.totalSentBytes = 3
    flow.totalReceivedBytes = 4
    flow.requestDomain = batch.append("example.org")
    return flow
  }
}

extension CallMetric {
  static func full(_ interval: UInt32, _ batch: inout RecordBatch) -> CallMetric {
    var metric = CallMetric(
      time: Timestamp(seconds: 1_790_000_040), interval: interval, observationPoint: .rest,
      signalSource: .packet, transport: .tcp,
      applicationProtocol: ApplicationProtocol(rawValue: 20), client: .sample(1), server: .sample(2)
    )
    metric.endpoint = batch.append("/a")
    metric.directionScore = 1
    metric.requests = 2
    metric.responses = 3
    metric.clientErrors = 4
    metric.serverErrors = 5
    metric.timeouts = 6
    metric.durationSum = 7
    metric.durationCount = 8
    metric.durationMax = 9
    return metric
  }
}

extension NetworkMetric {
  static var full: NetworkMetric {
    var metric = NetworkMetric(
      time: Timestamp(seconds: 1_790_000_040), interval: 1, observationPoint: .rest,
      transport: .tcp, client: .sample(1), server: .sample(2))
    metric.tunnelType = .gre
    metric.directionScore = 1
    metric.figures = .full
    metric.newFlows = 1
    metric.closedFlows = 2
    metric.flowLoad = 3
    for number in 0..<21 { metric.closes.count(CloseType(rawValue: UInt8(number))) }
    return metric
  }
}

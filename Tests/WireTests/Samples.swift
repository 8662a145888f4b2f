// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Wire

/// Records of any values at all, the same for the same seed.
extension SeededGenerator {
  /// Small, large and extreme values alike.
  mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) -> T {
    switch next() % 8 {
    case 0: 0
    case 1: T.max
    case 2: T.min
    case 3, 4: T(truncatingIfNeeded: next())
    default: T(truncatingIfNeeded: next() % 200)
    }
  }

  /// Fills the fields of `record` with any values.
  mutating func fill<Record, Value: FixedWidthInteger>(
    _ record: inout Record, _ fields: [WritableKeyPath<Record, Value>]
  ) {
    for field in fields { record[keyPath: field] = integer() }
  }

  mutating func text(in batch: inout RecordBatch) -> Text {
    switch next() % 4 {
    case 0: return .empty
    case 1 where !batch.text.isEmpty:
      let offset = Int.random(in: 0..<batch.text.count, using: &self)
      let length = Int.random(in: 1...(batch.text.count - offset), using: &self)
      return Text(offset: UInt32(offset), length: UInt32(length))
    default: return batch.append(bytes(count: Int(next() % 40)).span)
    }
  }

  mutating func end() -> CallEnd {
    CallEnd(
      address: next() % 2 == 0
        ? IPAddress(v4: integer()) : IPAddress(high: integer(), low: integer()),
      port: integer(), process: ProcessKey(pid: integer(), startedAfterBoot: integer()),
      thread: integer(), threadName: ThreadName(first: integer(), second: integer()))
  }

  mutating func optional<T: FixedWidthInteger>(_: T.Type = T.self) -> T? {
    next() % 2 == 0 ? nil : integer()
  }

  mutating func call(in batch: inout RecordBatch) -> CallRecord {
    var call = CallRecord(
      client: end(), server: end(), start: Timestamp(nanoseconds: integer()),
      end: Timestamp(nanoseconds: integer()))
    call.kind = CallKind(rawValue: integer())
    call.flags = CallRecord.Flags(rawValue: integer())
    call.observationPoint = ObservationPoint(rawValue: integer())
    call.signalSource = SignalSource(rawValue: integer())
    call.transport = TransportProtocol(rawValue: integer())
    call.applicationProtocol = ApplicationProtocol(rawValue: integer())
    call.status = ResponseStatus(rawValue: integer())
    call.directionScore = integer()
    call.hasDuration = next() % 2 == 0
    fill(
      &call,
      [
        \.flow, \.syscallTraceRequest, \.syscallTraceResponse, \.coroutineRequest,
        \.coroutineResponse,
      ])
    fill(
      &call,
      [
        \.networkNamespace, \.requestSequence, \.responseSequence, \.captureSequenceRequest,
        \.captureSequenceResponse, \.capturedRequestBytes, \.capturedResponseBytes,
      ])
    call.requestID = optional()
    call.responseCode = optional()
    call.requestLength = optional()
    call.responseLength = optional()
    call.affectedRows = optional()
    call.texts.visit { _, place in place = text(in: &batch) }
    return call
  }

  /// Gives some calls of `batch` what travels beside their rows, and the batch changes of resources.
  mutating func addDetails(to batch: inout RecordBatch) {
    for _ in 0..<roll(5) { batch.resources.append(change()) }
    if !batch.resources.isEmpty { batch.resourcesTold = Timestamp(nanoseconds: integer()) }
    if next() % 2 == 0 { batch.coverage = coverage() }
    for index in batch.calls.indices where next() % 3 == 0 {
      batch.calls[index].carrier = ApplicationProtocol(rawValue: integer())
      fill(&batch.calls[index], [\.requestMessages, \.responseMessages])
      batch.calls[index].attributes = text(in: &batch)
    }
  }

  mutating func coverage() -> CoverageReport {
    var report = CoverageReport(
      time: Timestamp(nanoseconds: integer()), rows: [], leftOut: integer())
    for _ in 0..<roll(9) {
      report.rows.append(
        CoverageReport.Row(
          process: ProcessKey(pid: integer(), startedAfterBoot: integer()), name: string(),
          gap: CoverageGap(rawValue: integer()),
          applicationProtocol: ApplicationProtocol(rawValue: integer()), port: integer(),
          subject: string(), count: integer()))
    }
    return report
  }

  mutating func metric(in batch: inout RecordBatch) -> CallMetric {
    var metric = CallMetric(
      time: Timestamp(nanoseconds: integer()), interval: integer(),
      observationPoint: ObservationPoint(rawValue: integer()),
      signalSource: SignalSource(rawValue: integer()),
      transport: TransportProtocol(rawValue: integer()),
      applicationProtocol: ApplicationProtocol(rawValue: integer()), client: end(), server: end())
    metric.directionScore = integer()
    metric.endpoint = text(in: &batch)
    fill(
      &metric,
      [
        \.requests, \.responses, \.clientErrors, \.serverErrors, \.timeouts, \.durationSum,
        \.durationMax, \.durationCount,
      ])
    return metric
  }

  mutating func flowEnd() -> FlowEnd {
    var end = FlowEnd(address: IPAddress(high: integer(), low: integer()), port: integer())
    end.linkAddress = LinkAddress(integer())
    end.flags = TCPFlags(rawValue: integer())
    end.isNearLink = next() % 2 == 0
    end.isNearNetwork = next() % 2 == 0
    if next() % 4 == 0 { end.realAddress = IPAddress(v4: integer()) }
    end.realPort = integer()
    return end
  }

  mutating func tunnel() -> Tunnel {
    var tunnel = Tunnel()
    guard next() % 2 == 0 else { return tunnel }
    tunnel.type = TunnelType(rawValue: integer())
    tunnel.tier = integer()
    tunnel.id = integer()
    tunnel.source = IPAddress(v4: integer())
    tunnel.destination = IPAddress(high: integer(), low: integer())
    return tunnel
  }

  /// Each group of figures is missing as often as not: rows leave out what is zero.
  mutating func figures() -> FlowFigures {
    var figures = FlowFigures()
    for side: WritableKeyPath<FlowFigures, FlowTraffic> in [\.sent, \.received]
    where next() % 2 == 0 {
      fill(&figures[keyPath: side], [\.packets, \.bytes, \.networkBytes, \.transportBytes])
    }
    for latency: WritableKeyPath<FlowFigures, LatencySum> in [
      \.roundTrip, \.roundTripClient, \.roundTripServer, \.systemResponse, \.dataResponse,
      \.callResponse, \.clientIdle,
    ] where next() % 2 == 0 {
      fill(&figures[keyPath: latency], [\.sum, \.count, \.maximum])
    }
    let groups: [[WritableKeyPath<FlowFigures, UInt32>]] = [
      [
        \.sentRetransmissions, \.receivedRetransmissions, \.sentZeroWindows,
        \.receivedZeroWindows, \.sentOutOfOrder, \.receivedOutOfOrder,
      ],
      [\.syns, \.synAcks, \.synRetransmissions, \.synAckRetransmissions, \.fins],
      [\.requests, \.responses],
      [\.clientErrors, \.serverErrors, \.timeouts, \.parseFailures],
    ]
    for group in groups where next() % 2 == 0 { fill(&figures, group) }
    return figures
  }

  mutating func flow(in batch: inout RecordBatch) -> FlowRecord {
    var flow = FlowRecord(
      transport: TransportProtocol(rawValue: integer()), client: flowEnd(), server: flowEnd(),
      start: Timestamp(nanoseconds: integer()), end: Timestamp(nanoseconds: integer()))
    flow.flow = integer()
    flow.observationPoint = ObservationPoint(rawValue: integer())
    flow.signalSource = SignalSource(rawValue: integer())
    flow.applicationProtocol = ApplicationProtocol(rawValue: integer())
    flow.closeType = CloseType(rawValue: integer())
    flow.isNew = next() % 2 == 0
    flow.directionScore = integer()
    flow.networkNamespace = integer()
    flow.interface = integer()
    flow.interfaceName = text(in: &batch)
    flow.etherType = integer()
    flow.vlan = integer()
    flow.sentTunnel = tunnel()
    flow.receivedTunnel = tunnel()
    fill(
      &flow,
      [
        \.synSequence, \.synAckSequence, \.lastKeepaliveSequence, \.lastKeepaliveAcknowledgement,
      ])
    flow.initialIPID = integer()
    flow.duration = integer()
    flow.figures = figures()
    if next() % 2 == 0 {
      flow.totalSentPackets = flow.figures.sent.packets
      flow.totalReceivedPackets = flow.figures.received.packets
      flow.totalSentBytes = flow.figures.sent.bytes
      flow.totalReceivedBytes = flow.figures.received.bytes
    } else {
      fill(
        &flow,
        [\.totalSentPackets, \.totalReceivedPackets, \.totalSentBytes, \.totalReceivedBytes])
    }
    flow.requestDomain = text(in: &batch)
    return flow
  }

  mutating func networkMetric() -> NetworkMetric {
    var metric = NetworkMetric(
      time: Timestamp(nanoseconds: integer()), interval: integer(),
      observationPoint: ObservationPoint(rawValue: integer()),
      transport: TransportProtocol(rawValue: integer()), client: end(), server: end())
    metric.signalSource = SignalSource(rawValue: integer())
    metric.directionScore = integer()
    metric.tunnelType = TunnelType(rawValue: integer())
    metric.figures = figures()
    fill(&metric, [\.newFlows, \.closedFlows, \.flowLoad])
    fill(
      &metric.closes,
      [
        \.clientReset, \.serverReset, \.serverSynAckMissing, \.clientAckMissing,
        \.clientHalfClose, \.serverHalfClose, \.clientPortReuse, \.serverRefused,
        \.serverQueueFull, \.clientEstablishReset, \.serverEstablishReset, \.timeout,
      ])
    if next() % 2 == 0 { metric.closes = CloseCounts() }
    return metric
  }

  mutating func string() -> String {
    ["", "nginx", "caf\u{e9} \u{1f600}", "java -jar shop.jar --port 80"].randomElement(
      using: &self)!
  }

  mutating func process() -> ProcessReport {
    ProcessReport(
      key: ProcessKey(pid: integer(), startedAfterBoot: integer()), parentPID: integer(),
      startTime: Timestamp(nanoseconds: integer()), name: string(), kernelName: string(),
      commandLine: string(), executable: string(), userID: integer(),
      networkNamespace: integer(), containerID: string())
  }

  mutating func host() -> HostReport {
    var host = HostReport(
      hostname: string(), machineID: string(), bootID: string(),
      bootTime: Timestamp(nanoseconds: integer()), kernelRelease: string(),
      operatingSystem: string(), architecture: string(), processors: integer(),
      memoryBytes: integer(), addresses: [])
    for _ in 0..<(next() % 4) {
      host.addresses.append(
        .init(
          interface: string(), address: IPAddress(high: integer(), low: integer()),
          prefixLength: integer()))
    }
    return host
  }

  /// A batch of any values at all, up to `rows` of each kind.
  mutating func batch(rows: UInt64) -> RecordBatch {
    var batch = RecordBatch()
    for _ in 0..<(next() % (rows + 1)) { batch.calls.append(call(in: &batch)) }
    for _ in 0..<(next() % (rows + 1)) { batch.metrics.append(metric(in: &batch)) }
    for _ in 0..<(next() % (rows + 1)) { batch.flows.append(flow(in: &batch)) }
    for _ in 0..<(next() % (rows + 1)) { batch.networkMetrics.append(networkMetric()) }
    for _ in 0..<(next() % (rows + 1)) {
      batch.losses.append(
        LossEntry(
          time: Timestamp(nanoseconds: integer()), stage: Stage(rawValue: integer()),
          reason: LossReason(rawValue: integer()), received: integer(), passed: integer(),
          dropped: integer()))
    }
    for _ in 0..<(next() % (rows + 1)) { batch.processes.append(process()) }
    for _ in 0..<(next() % (rows + 1)) {
      batch.endedProcesses.append(ProcessKey(pid: integer(), startedAfterBoot: integer()))
    }
    if next() % 2 == 0 { batch.host = host() }
    return batch
  }
}

extension Frame {
  /// One of each kind.
  static func samples(_ random: inout SeededGenerator) -> [Frame] {
    [
      .hello(
        Hello(
          identity: AgentIdentity(
            machineID: "0123456789abcdef0123456789abcdef", instanceHigh: 1, instanceLow: .max),
          bootID: "b", hostname: "shop-1", agentVersion: "0.1.0",
          protocols: [AnnouncedProtocol(number: ApplicationProtocol(rawValue: 20), name: "HTTP")],
          capabilities: ["sock_send_length"])),
      .helloAck(HelloAck(accepted: true, agentID: 7, lastSequence: 99, configuration: "log: info")),
      .helloAck(HelloAck(accepted: false, text: "agent 0.1.0 is too old")),
      .batch(sequence: 100, random.batch(rows: 20)),
      .ack(through: 100),
      .reject(Reject(sequence: 3, code: .malformed, text: "malformed frame at byte 3")),
      .ping,
    ]
  }
}

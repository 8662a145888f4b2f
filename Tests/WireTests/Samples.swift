// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Wire

/// SplitMix64: the same seed gives the same run on every machine.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

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

  mutating func text(in batch: inout RecordBatch) -> Text {
    switch next() % 4 {
    case 0: return .empty
    case 1 where !batch.text.isEmpty:
      let offset = Int.random(in: 0..<batch.text.count, using: &self)
      let length = Int.random(in: 1...(batch.text.count - offset), using: &self)
      return Text(offset: UInt32(offset), length: UInt32(length))
    default: return batch.append(bytes(Int(next() % 40)).span)
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
    call.networkNamespace = integer()
    call.flow = integer()
    call.hasDuration = next() % 2 == 0
    call.requestSequence = integer()
    call.responseSequence = integer()
    call.syscallTraceRequest = integer()
    call.syscallTraceResponse = integer()
    call.coroutineRequest = integer()
    call.coroutineResponse = integer()
    call.captureSequenceRequest = integer()
    call.captureSequenceResponse = integer()
    call.requestID = optional()
    call.responseCode = optional()
    call.requestLength = optional()
    call.responseLength = optional()
    call.affectedRows = optional()
    call.capturedRequestBytes = integer()
    call.capturedResponseBytes = integer()
    call.texts.update { $0 = text(in: &batch) }
    return call
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
    metric.requests = integer()
    metric.responses = integer()
    metric.clientErrors = integer()
    metric.serverErrors = integer()
    metric.timeouts = integer()
    metric.durationSum = integer()
    metric.durationMax = integer()
    metric.durationCount = integer()
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

  mutating func latency() -> LatencySum {
    var latency = LatencySum()
    latency.sum = integer()
    latency.count = integer()
    latency.maximum = integer()
    return latency
  }

  mutating func traffic() -> FlowTraffic {
    var traffic = FlowTraffic()
    traffic.packets = integer()
    traffic.bytes = integer()
    traffic.networkBytes = integer()
    traffic.transportBytes = integer()
    return traffic
  }

  /// Each group of figures is missing as often as not: rows leave out what is zero.
  mutating func figures() -> FlowFigures {
    var figures = FlowFigures()
    if next() % 2 == 0 { figures.sent = traffic() }
    if next() % 2 == 0 { figures.received = traffic() }
    if next() % 2 == 0 { figures.roundTrip = latency() }
    if next() % 2 == 0 { figures.roundTripClient = latency() }
    if next() % 2 == 0 { figures.roundTripServer = latency() }
    if next() % 2 == 0 { figures.systemResponse = latency() }
    if next() % 2 == 0 { figures.dataResponse = latency() }
    if next() % 2 == 0 { figures.callResponse = latency() }
    if next() % 2 == 0 { figures.clientIdle = latency() }
    if next() % 2 == 0 {
      figures.sentRetransmissions = integer()
      figures.receivedRetransmissions = integer()
      figures.sentZeroWindows = integer()
      figures.receivedZeroWindows = integer()
      figures.sentOutOfOrder = integer()
      figures.receivedOutOfOrder = integer()
    }
    if next() % 2 == 0 {
      figures.syns = integer()
      figures.synAcks = integer()
      figures.synRetransmissions = integer()
      figures.synAckRetransmissions = integer()
      figures.fins = integer()
    }
    if next() % 2 == 0 { (figures.requests, figures.responses) = (integer(), integer()) }
    if next() % 2 == 0 {
      figures.clientErrors = integer()
      figures.serverErrors = integer()
      figures.timeouts = integer()
      figures.parseFailures = integer()
    }
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
    flow.synSequence = integer()
    flow.synAckSequence = integer()
    flow.lastKeepaliveSequence = integer()
    flow.lastKeepaliveAcknowledgement = integer()
    flow.initialIPID = integer()
    flow.duration = integer()
    flow.figures = figures()
    if next() % 2 == 0 {
      flow.totalSentPackets = flow.figures.sent.packets
      flow.totalReceivedPackets = flow.figures.received.packets
      flow.totalSentBytes = flow.figures.sent.bytes
      flow.totalReceivedBytes = flow.figures.received.bytes
    } else {
      flow.totalSentPackets = integer()
      flow.totalReceivedPackets = integer()
      flow.totalSentBytes = integer()
      flow.totalReceivedBytes = integer()
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
    metric.newFlows = integer()
    metric.closedFlows = integer()
    metric.flowLoad = integer()
    metric.closes.clientReset = integer()
    metric.closes.serverReset = integer()
    metric.closes.serverSynAckMissing = integer()
    metric.closes.clientAckMissing = integer()
    metric.closes.clientHalfClose = integer()
    metric.closes.serverHalfClose = integer()
    metric.closes.clientPortReuse = integer()
    metric.closes.serverRefused = integer()
    metric.closes.serverQueueFull = integer()
    metric.closes.clientEstablishReset = integer()
    metric.closes.serverEstablishReset = integer()
    metric.closes.timeout = integer()
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
  static func samples(_ random: inout Seeded) -> [Frame] {
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

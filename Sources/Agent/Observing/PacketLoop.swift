// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Protocols
import Telemetry

/// A packet thread's work: drain the rings, feed the pipeline, hand on batches.
struct PacketLoop: ~Copyable, ObservingLoop {
  /// The longest wait for packets, milliseconds; a block that is not full is handed over as late.
  private static let drainTimeout: Int32 = 40
  /// Packets after which a batch is taken before its time, so that it stays inside a frame's bounds.
  private static let packetsPerBatch = 49_152

  private var session: PacketSession
  private var observer: PacketObserver
  private var gate: BatchGate
  /// Of the only observing thread; nil when another watches.
  private var watch: SelfWatch?
  private let gauges: AgentGauges
  private let flushNanoseconds: Int64
  private let number: Int

  private var batch = RecordBatch()
  private var counted = PacketCounters()
  private var lastFlush: Int64 = 0
  private var lastSecond: Int64 = 0
  /// Why the rings could not be waited for, once.
  private(set) var trouble: SystemError?

  /// What of the network is seen.
  struct Report: Sendable {
    var interfaces: [InterfaceDescription]
    var leftOut: [PacketSession.LeftOut]
    /// Why containers are not looked into; nil when they are, or are not wanted.
    var namespaceRefusal: SystemError?
  }

  /// - Parameters:
  ///   - number: of this thread among those that share the packets, from 0.
  ///   - host: to be told with the first batch; the loop that is given it also watches the agent's
  ///     own use of the host.
  init(
    configuration: AgentConfiguration, number: Int = 0, host: HostReport?,
    protocols: [any ProtocolParser.Type], queue: BatchQueue, ledger: Ledger, gauges: AgentGauges
  ) throws(PacketError) {
    session = try PacketSession.open(configuration.packets.options(for: configuration))
    observer = PacketObserver(
      pipeline: PacketPipeline(
        limits: Self.limits(configuration, thread: number), protocols: protocols))
    gate = BatchGate(queue: queue, ledger: ledger, gauges: gauges, host: host)
    watch = host == nil ? nil : SelfWatch(configuration)
    self.gauges = gauges
    self.number = number
    flushNanoseconds = Int64(configuration.flushInterval) * 1_000_000
  }

  var report: Report {
    Report(
      interfaces: session.interfaces, leftOut: session.leftOut,
      namespaceRefusal: session.namespaceRefusal)
  }

  mutating func step() {
    do {
      try session.drain(timeoutMilliseconds: Self.drainTimeout, into: &observer)
    } catch {
      trouble = error
    }
    let now = CaptureLoop.now()
    if now.nanoseconds - lastFlush >= flushNanoseconds || now.nanoseconds < lastFlush {
      lastFlush = now.nanoseconds
      observer.pipeline.flush(now: now)
      if now.seconds != lastSecond {
        lastSecond = now.seconds
        eachSecond(now)
      }
      handOn(now)
    } else if observer.fed >= Self.packetsPerBatch {
      handOn(now)
    }
  }

  mutating func finish() {
    _ = try? session.drain(timeoutMilliseconds: 0, into: &observer)
    let now = CaptureLoop.now()
    observer.pipeline.finish(now: now)
    countPackets(now)
    handOn(now)
  }

  private mutating func handOn(_ now: Timestamp) {
    observer.fed = 0
    observer.pipeline.takeBatch(into: &batch)
    guard !batch.isEmpty || watch != nil else { return }
    gate.push(&batch, level: gauges.current.shedding, now: now)
  }

  private mutating func eachSecond(_ now: Timestamp) {
    countPackets(now)
    _ = watch?.look(gauges)
    observer.isPaused = gauges.current.shedding == .paused
    let (number, flows) = (number, observer.pipeline.flowCount)
    let interfaces = session.interfaces.count
    gauges.update {
      $0.flows[number] = flows
      $0.interfaces = interfaces
    }
  }

  /// What the kernel and the rings did since the last time.
  private mutating func countPackets(_ now: Timestamp) {
    let counters = session.counters()
    var tally = counters.tally(since: counted)
    counted = counters
    tally.passed = tally.passed &- min(tally.passed, observer.shedPackets)
    tally.drop(.shedLoad, count: observer.shedPackets)
    observer.shedPackets = 0
    gate.note(tally.entries(stage: .packets, time: Timestamp(seconds: now.seconds - 1)))
  }

  private static func limits(_ configuration: AgentConfiguration, thread: Int) -> PacketLimits {
    var limits = PacketLimits()
    var random = SystemRandomNumberGenerator()
    limits.setHashSeed(random.next())
    // Identifiers of two runs, and of threads side by side, differ.
    let first = UInt64(bitPattern: CaptureLoop.now().nanoseconds) &+ UInt64(thread) << 40
    limits.flows.firstFlowID = first
    limits.calls.firstTraceID = first
    limits.flows.sampleSeed = random.next()
    limits.flows.serverPorts = configuration.packets.serverPorts
    // Inside what one frame takes, see WireLimits; a window of the sample is written at once.
    limits.flows.batchFlows = 32_768
    limits.flows.flowRecordsPerSecond = 8_000
    limits.flows.batchNetworkMetrics = 65_536
    limits.flows.batchTextBytes = 8 << 20
    limits.calls.batchCalls = 32_768
    limits.calls.batchMetrics = 65_536
    limits.calls.batchTextBytes = 8 << 20
    return limits
  }
}

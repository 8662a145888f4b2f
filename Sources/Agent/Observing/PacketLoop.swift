// SPDX-License-Identifier: Apache-2.0

import Bytes
import CCrash
import Capture
import Flows
import Protocols
import Telemetry

/// A packet thread's work: drain the rings, feed the pipeline, hand on batches.
struct PacketLoop: ~Copyable, ObservingLoop {
  /// The longest wait for packets, milliseconds; a block that is not full is handed over as late.
  static let longestWait: Int32 = 40
  /// Packets after which a batch is taken before its time: with a call in every other packet its
  /// records take 2 MiB, and several batches are on their way at a time.
  private static let packetsPerBatch = 8_192

  /// Bytes kept of a frame when lean: the headers of a packet in two tunnels.
  private static let leanSnapLength: UInt32 = 256

  private var session: PacketSession
  private var observer: PacketObserver
  private var gate: BatchGate
  /// Of the only observing thread; nil when another watches.
  private var watch: SelfWatch?
  private var relief = MemoryRelief()
  private let gauges: AgentGauges
  private let ownPeers: OwnPeers
  private let number: Int
  private let snapLength: UInt32
  var pace: FlushPace

  private var batch = RecordBatch()
  private var counted = PacketCounters()
  /// What of the network is seen.
  struct Report: Sendable {
    var interfaces: [InterfaceDescription]
    var leftOut: [PacketSession.LeftOut]
    /// Why containers are not looked into; nil when they are, or are not wanted.
    var namespaceRefusal: SystemError?
  }

  /// - Parameters:
  ///   - number: of this thread among those that share the packets, from 0.
  ///   - isAlone: whether no probes watch: then the first of these loops tells of the host with its
  ///     first batch, and watches the agent's own use of it.
  init(
    configuration: AgentConfiguration, number: Int = 0, isAlone: Bool,
    protocols: [any ProtocolKind], queue: BatchQueue, ledger: Ledger, gauges: AgentGauges,
    ownPeers: OwnPeers = OwnPeers()
  ) throws(PacketError) {
    var options = configuration.packets.options(isAlone: isAlone)
    options.ignoredPeers = ownPeers.all
    session = try PacketSession.open(options)
    snapLength = options.snapLength
    let isFirst = isAlone && number == 0
    observer = PacketObserver(
      pipeline: PacketPipeline(
        limits: Self.limits(configuration, thread: number), protocols: protocols,
        privacy: configuration.privacy))
    gate = BatchGate(
      queue: queue, ledger: ledger, gauges: gauges,
      host: isFirst ? HostReader.report() : nil)
    watch = isFirst ? SelfWatch(configuration) : nil
    self.gauges = gauges
    self.ownPeers = ownPeers
    self.number = number
    pace = FlushPace(configuration)
  }

  var report: Report {
    Report(
      interfaces: session.interfaces, leftOut: session.leftOut,
      namespaceRefusal: session.namespaceRefusal)
  }

  var isBatchFull: Bool { observer.fed >= Self.packetsPerBatch }

  mutating func drain(waiting milliseconds: Int32) {
    ownPeers.follow(as: number) { peers in filter(ignoring: peers) }
    do {
      try session.drain(timeoutMilliseconds: milliseconds, into: &observer)
    } catch {
      gauges.note(error)
    }
  }

  mutating func flush(now: Timestamp) {
    // What a full batch had no room for comes with the next one.
    if !observer.pipeline.flush(now: now) { pace.hurry() }
  }

  mutating func end(now: Timestamp) {
    ownPeers.leave(number)
    while !observer.pipeline.finish(now: now) { handOn(now) }
  }

  mutating func eachSecond(_ now: Timestamp) {
    countPackets(now)
    _ = watch?.look(gauges)
    shed(gauges.current.shedding)
    if let bytes = relief.target(gauges, footprint: observer.pipeline.footprint) {
      observer.pipeline.shrink(to: bytes, now: now)
      batch = RecordBatch()
      MemoryRelief.returnFreed()
    }
    let (number, flows) = (number, observer.pipeline.flowCount)
    let interfaces = session.interfaces.count
    gauges.update {
      $0.flows[number] = flows
      $0.interfaces = interfaces
    }
  }

  mutating func handOn(_ now: Timestamp) {
    observer.fed = 0
    observer.pipeline.takeBatch(into: &batch)
    guard !batch.isEmpty || watch != nil else { return }
    gate.push(&batch, level: gauges.current.shedding, now: now)
  }
}

extension PacketLoop {
  /// Reading calls in packets is the first to go: it costs most, and the flows tell of traffic, delays
  /// and failures without it. The kernel then copies headers only.
  private mutating func shed(_ level: LoadGuard.Level) {
    observer.isPaused = level == .paused
    let readsCalls = level < .lean
    guard readsCalls != observer.pipeline.readsCalls else { return }
    observer.pipeline.readsCalls = readsCalls
    filter(ignoring: ownPeers.all)
  }

  private mutating func filter(ignoring peers: [PacketOptions.Peer]) {
    do {
      try session.filter(
        ignoring: peers,
        snapLength: observer.pipeline.readsCalls ? snapLength : min(snapLength, Self.leanSnapLength)
      )
    } catch {
      gauges.note(error)
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
    limits.calls.rollsUpByBatch = true
    limits.calls.breadcrumb = Breadcrumb(at: mf_crash_thread())
    // Identifiers of two runs, and of threads side by side, differ.
    let first = UInt64(bitPattern: Timestamp.timeOfDay().nanoseconds) &+ UInt64(thread) << 40
    limits.flows.firstFlowID = first
    limits.calls.firstTraceID = first
    limits.flows.sampleSeed = random.next()
    limits.flows.serverPorts = configuration.packets.serverPorts
    // Inside what one frame takes, see WireLimits, and little memory for each batch on its way.
    limits.flows.flowsAtOnce = 8_192
    limits.flows.batchFlows = 32_768
    limits.flows.flowRecordsPerSecond = 8_000
    limits.flows.batchNetworkMetrics = 65_536
    limits.flows.batchTextBytes = 8 << 20
    limits.calls.batchCalls = 32_768
    limits.calls.batchMetrics = 65_536
    limits.calls.longestSilence = 10_000_000_000
    limits.calls.batchTextBytes = 8 << 20
    return limits
  }
}

// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Glibc
import Protocols
import Telemetry

/// The capture thread's work: drain the ring, feed the pipeline, write verdicts, hand on batches,
/// watch the agent's own use of the host.
struct CaptureLoop: ~Copyable {
  /// The longest that an event lies in the ring, milliseconds.
  private static let drainTimeout: Int32 = 5
  /// Events after which a batch is taken before its time, so that it stays inside a frame's bounds.
  private static let eventsPerBatch = 24_576
  /// Payload bytes per call when lean.
  private static let leanPayload: UInt32 = 256
  /// Of how many call records one is kept when sampling.
  private static let sampleOf = 8

  private var session: ProbeSession
  private var observer: Observer
  private var loadGuard: LoadGuard
  private let queue: BatchQueue
  private let ledger: Ledger
  private let gauges: AgentGauges
  private let flushNanoseconds: Int64

  private var batch = RecordBatch()
  private var verdicts: [SocketVerdict] = []
  private var mentioned: [ProcessKey] = []
  /// What a full queue left behind, for the next batch.
  private var leftOver = RecordBatch()
  private var host: HostReport?
  private var counted = ProbeCounters()
  private var lastUsage: SelfUsage?
  private var lastFlush: Int64 = 0
  private var lastSecond: Int64 = 0
  private var sampleCounter = 0
  /// Why verdicts or counters could not be had, once.
  private(set) var trouble: SystemError?

  init(
    configuration: AgentConfiguration, protocols: [any ProtocolParser.Type], queue: BatchQueue,
    ledger: Ledger, gauges: AgentGauges
  ) throws(ProbeError) {
    var options = ProbeOptions()
    options.ignoredProcess = UInt32(getpid())
    options.payloadLimit = UInt32(configuration.payloadLimit)
    options.ringBytes = UInt32(configuration.ringBytes)
    switch configuration.hooks {
    case .automatic: options.socketHooks = .automatic
    case .tracepoints: options.socketHooks = .tracepoints
    case .syscalls: options.socketHooks = .systemCalls
    }
    session = try ProbeSession(options)
    var limits = FlowLimits()
    var random = SystemRandomNumberGenerator()
    limits.hashSeed = random.next()
    limits.firstTraceID = UInt64(bitPattern: Self.now().nanoseconds)
    // Inside what one frame takes, see WireLimits.
    limits.batchCalls = 32_768
    limits.batchMetrics = 65_536
    limits.batchTextBytes = 8 << 20
    observer = Observer(pipeline: FlowPipeline(limits: limits, protocols: protocols))
    loadGuard = LoadGuard(
      processorLimit: configuration.processorLimit, memoryLimit: configuration.memoryLimit)
    self.queue = queue
    self.ledger = ledger
    self.gauges = gauges
    flushNanoseconds = Int64(configuration.flushInterval) * 1_000_000
    host = HostReader.report()
  }

  /// Every hook and whether it is on.
  var hooks: [HookReport] { session.hooks }

  /// One round: waits for events for a few milliseconds at most.
  mutating func step() {
    do {
      try session.drain(timeoutMilliseconds: Self.drainTimeout, into: &observer)
    } catch {
      trouble = error
    }
    observer.processes.readWaiting()
    applyVerdicts()
    let now = Self.now()
    if now.nanoseconds - lastFlush >= flushNanoseconds || now.nanoseconds < lastFlush {
      lastFlush = now.nanoseconds
      observer.pipeline.flush(now: now)
      if now.seconds != lastSecond {
        lastSecond = now.seconds
        watchSelf(now)
      }
      handOn(now)
    } else if observer.fed >= Self.eventsPerBatch {
      handOn(now)
    }
  }

  /// Takes what is left in the ring and hands on everything.
  mutating func finish() {
    _ = try? session.drain(timeoutMilliseconds: 0, into: &observer)
    let now = Self.now()
    observer.pipeline.finish(now: now)
    lastSecond = 0
    countProbes(now)
    handOn(now)
  }

  static func now() -> Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(
      nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }
}

extension CaptureLoop {
  private mutating func applyVerdicts() {
    observer.pipeline.takeVerdicts(into: &verdicts)
    guard !verdicts.isEmpty else { return }
    if loadGuard.level >= .lean {
      for index in verdicts.indices where verdicts[index].payloadLimit != SocketVerdict.muted {
        verdicts[index].payloadLimit = min(verdicts[index].payloadLimit, Self.leanPayload)
      }
    }
    do { try session.apply(verdicts.span) } catch { trouble = error }
    verdicts.removeAll(keepingCapacity: true)
  }

  private mutating func handOn(_ now: Timestamp) {
    observer.fed = 0
    observer.pipeline.takeBatch(into: &batch)
    observer.pipeline.takeNewProcesses(into: &mentioned)
    batch.processes += observer.processes.describe(mentioned, now: now)
    mentioned.removeAll(keepingCapacity: true)
    observer.processes.forgetEnded()
    if loadGuard.level >= .sampling { sample(now) }
    ledger.add(batch.losses)
    batch.host = host
    batch.losses += leftOver.losses
    batch.processes += leftOver.processes
    batch.endedProcesses += leftOver.endedProcesses
    if queue.push(batch, time: now) {
      host = nil
      leftOver = RecordBatch()
    } else {
      keep(now)
    }
    gauges.update { $0.queuedBatches = queue.count }
  }

  /// The queue is full: the records go, what must not be lost waits for the next batch.
  private mutating func keep(_ now: Timestamp) {
    leftOver.losses = Array(batch.losses.suffix(4_096))
    leftOver.processes = Array(batch.processes.suffix(4_096))
    leftOver.endedProcesses = Array(batch.endedProcesses.suffix(4_096))
    let entries = Self.lost(UInt64(batch.calls.count + batch.metrics.count), .batchFull, now)
    leftOver.losses += entries
    ledger.add(entries)
  }

  /// What the uplink's ledger says of records that never reached it.
  private static func lost(
    _ count: UInt64, _ reason: LossReason, _ now: Timestamp
  ) -> [LossEntry] {
    var tally = Tally()
    tally.received = count
    tally.drop(reason, count: count)
    return tally.entries(stage: .uplink, time: Timestamp(seconds: now.seconds))
  }

  /// Keeps one call record in ``sampleOf``; the texts of the others travel on, unreferenced.
  private mutating func sample(_ now: Timestamp) {
    let before = batch.calls.count
    var counter = sampleCounter
    batch.calls.removeAll { _ in
      counter += 1
      return counter % Self.sampleOf != 0
    }
    sampleCounter = counter % Self.sampleOf
    batch.losses += Self.lost(UInt64(before - batch.calls.count), .shedLoad, now)
  }

  private mutating func watchSelf(_ now: Timestamp) {
    countProbes(now)
    let conversations = observer.pipeline.conversationCount
    guard let usage = try? SelfUsage.now() else { return }
    if let last = lastUsage {
      let used = usage.processorNanoseconds &- last.processorNanoseconds
      let level = loadGuard.take(
        LoadGuard.Sample(
          processor: Int(truncatingIfNeeded: used / 10_000_000),
          residentBytes: Int(truncatingIfNeeded: usage.residentBytes)))
      observer.isPaused = level == .paused
      gauges.update { $0.shedding = level }
    }
    lastUsage = usage
    gauges.update {
      $0.residentBytes = usage.residentBytes
      $0.processorNanoseconds = usage.processorNanoseconds
      $0.conversations = conversations
    }
  }

  /// What the probes and the ring did since the last time, as ledger entries for the next batch.
  private mutating func countProbes(_ now: Timestamp) {
    guard let counters = try? session.counters() else { return }
    let time = Timestamp(seconds: now.seconds - 1)
    var probes = Tally()
    let ringFull = counters.ringFull &- counted.ringFull
    let lookupFailed = counters.lookupFailed &- counted.lookupFailed
    let malformed = counters.malformed &- counted.malformed
    let received = counters.received &- counted.received
    // Counted as seen once they are off the ring, so that every second adds up.
    probes.passed = received &+ malformed
    probes.received = probes.passed &+ ringFull &+ lookupFailed
    probes.drop(.ringFull, count: ringFull)
    probes.drop(.lookupFailed, count: lookupFailed)
    var ring = Tally()
    ring.received = received &+ malformed
    ring.passed = received &- min(received, observer.shedEvents)
    ring.drop(.malformedEvent, count: malformed)
    ring.drop(.shedLoad, count: observer.shedEvents)
    observer.shedEvents = 0
    counted = counters
    let entries =
      probes.entries(stage: .probes, time: time) + ring.entries(stage: .ring, time: time)
    ledger.add(entries)
    leftOver.losses += entries
  }
}

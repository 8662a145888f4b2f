// SPDX-License-Identifier: Apache-2.0

import Bytes
import CCrash
import Capture
import Flows
import Glibc
import Protocols
import Telemetry

/// The capture thread's work: drain the ring, feed the pipeline, write verdicts, hand on batches,
/// watch the agent's own use of the host.
struct CaptureLoop: ~Copyable, ObservingLoop {
  /// The longest that an event lies in the ring, milliseconds.
  static let longestWait: Int32 = 5
  /// The same while much happens. Each wake-up takes a processor from a service that wants it, and what
  /// fills a lane wakes anyway.
  private static let longestWaitUnderLoad: Int32 = 50
  /// Bytes in one round that mean load: more than 10 MB/s begin it, less than 1 MB/s end it.
  private static let loadBytes = 50_000
  /// Events after which a batch is taken before its time, so that it stays inside a frame's bounds.
  private static let eventsPerBatch = 24_576
  /// Milliseconds that a stopping loop waits for the last processes to be read.
  private static let patience = 200
  /// The same before a batch leaves in its time; one that is full leaves at once.
  private static let batchPatience = 20
  /// Payload bytes per call when lean.
  private static let leanPayload: UInt32 = 256

  private var session: ProbeSession
  private let libraries: LibraryProbes?
  private var observer: Observer
  private var watch: SelfWatch
  private var gate: BatchGate
  private let gauges: AgentGauges
  private var relief = MemoryRelief()
  var pace: FlushPace

  private var batch = RecordBatch()
  private var verdicts: [SocketVerdict] = []
  private var mentioned: [ProcessKey] = []
  private var counted = ProbeCounters()
  private var isUnderLoad = false
  /// The minute in which connections that go on were asked what they carried.
  private var toldMinute: Int64 = 0

  /// - Parameter told: called on another thread, for each library of TLS as it comes and goes.
  init(
    configuration: AgentConfiguration, protocols: [any ProtocolKind], queue: BatchQueue,
    ledger: Ledger, gauges: AgentGauges,
    told: @escaping @Sendable (LibraryReport) -> Void = { _ in }
  ) throws(ProbeError) {
    var options = ProbeOptions()
    options.ignoredProcess = try Self.ownProcess(gauges)
    options.payloadLimit = UInt32(configuration.payloadLimit)
    options.ringBytes = UInt32(configuration.ringBytes)
    options.givesWay = true
    switch configuration.hooks {
    case .automatic: options.socketHooks = .automatic
    case .tracepoints: options.socketHooks = .tracepoints
    case .syscalls: options.socketHooks = .systemCalls
    }
    session = try ProbeSession(options)
    libraries = configuration.readsTLS ? session.probeLibraries(options, told: told) : nil
    var limits = FlowLimits()
    var random = SystemRandomNumberGenerator()
    limits.hashSeed = random.next()
    limits.rollsUpByBatch = true
    limits.breadcrumb = Breadcrumb(at: mf_crash_thread())
    limits.firstTraceID = UInt64(bitPattern: Timestamp.timeOfDay().nanoseconds)
    // Inside what one frame takes, see WireLimits.
    limits.batchCalls = 32_768
    limits.batchMetrics = 65_536
    limits.longestSilence = 10_000_000_000
    limits.batchTextBytes = 8 << 20
    observer = Observer(
      pipeline: FlowPipeline(
        limits: limits, protocols: protocols, privacy: configuration.privacy))
    // Packets of them would tell the same.
    observer.pipeline.tellsInsideFlows = configuration.packets.loopback != .on
    watch = SelfWatch(configuration)
    gate = BatchGate(queue: queue, ledger: ledger, gauges: gauges, host: HostReader.report())
    self.gauges = gauges
    pace = FlushPace(configuration)
  }

  /// Whose calls are left out: those of the agent, by the number that the host knows it by.
  private static func ownProcess(_ gauges: AgentGauges) throws(ProbeError) -> UInt32 {
    guard let number = try OwnProcess.number() else {
      gauges.note(SystemError(code: ESRCH, during: "looking for the agent among the processes"))
      return 0
    }
    gauges.update { $0.processID = number }
    return number
  }

  /// Every hook and whether it is on.
  var report: [HookReport] { session.hooks + (libraries?.hooks ?? []) }

  var isBatchFull: Bool { observer.fed >= Self.eventsPerBatch }

  mutating func drain(waiting milliseconds: Int32) {
    do {
      let wait = isUnderLoad && milliseconds > 0 ? Self.longestWaitUnderLoad : milliseconds
      isUnderLoad = try session.drain(timeoutMilliseconds: wait, into: &observer) > Self.loadBytes
    } catch {
      gauges.note(error)
    }
    observer.processes.takeReports()
    applyVerdicts()
  }

  mutating func flush(now: Timestamp) {
    // Calls that leave before it is read who their process is keep no name for ever.
    for _ in 0..<Self.batchPatience where !observer.processes.isIdle { usleep(1_000) }
    observer.processes.takeReports()
    observer.pipeline.flush(now: now)
  }

  mutating func end(now: Timestamp) {
    libraries?.stop()
    // Nothing is drained any more: those who were asked for last may be waited for.
    for _ in 0..<Self.patience where !observer.processes.isIdle { usleep(1_000) }
    observer.processes.end()
    while !observer.pipeline.finish(now: now) { handOn(now) }
  }

  mutating func eachSecond(_ now: Timestamp) {
    countProbes(now)
    if now.seconds / 60 != toldMinute {
      toldMinute = now.seconds / 60
      session.tellOpenConnections()
    }
    tellCoverage()
    let conversations = observer.pipeline.conversationCount
    observer.isPaused = watch.look(gauges) == .paused
    let unknown = observer.pipeline.unknownPorts
    gauges.update {
      $0.conversations = conversations
      $0.unknownPorts = unknown
    }
    if let bytes = relief.target(gauges, footprint: observer.pipeline.footprint) {
      observer.pipeline.shrink(to: bytes, now: now)
      batch = RecordBatch()
      MemoryRelief.returnFreed()
    }
  }

  mutating func handOn(_ now: Timestamp) {
    observer.fed = 0
    observer.pipeline.takeBatch(into: &batch)
    observer.pipeline.takeNewProcesses(into: &mentioned)
    batch.processes += observer.processes.describe(mentioned, now: now)
    mentioned.removeAll(keepingCapacity: true)
    observer.processes.forgetEnded()
    gate.push(&batch, level: watch.level, now: now)
  }
}

extension CaptureLoop {
  private mutating func applyVerdicts() {
    observer.pipeline.takeVerdicts(into: &verdicts)
    guard !verdicts.isEmpty else { return }
    if watch.level >= .lean {
      for index in verdicts.indices {
        verdicts[index].egress.limit(to: Self.leanPayload)
        verdicts[index].ingress.limit(to: Self.leanPayload)
      }
    }
    do { try session.apply(verdicts.span) } catch { gauges.note(error) }
    verdicts.removeAll(keepingCapacity: true)
  }

  private mutating func tellCoverage() {
    let noted = observer.pipeline.takeCoverage()
    if !noted.entries.isEmpty { gauges.coverage.add(noted.entries, leftOut: noted.leftOut) }
    gauges.coverage.set(hooks: report, libraries: libraries?.uses ?? [])
  }

  /// What the probes and the ring did since the last time, as ledger entries for the next batch.
  private mutating func countProbes(_ now: Timestamp) {
    let counters: ProbeCounters
    do {
      counters = try session.counters()
    } catch {
      // They only grow: the next second tells of this one too.
      return gauges.note(error)
    }
    let time = Timestamp(seconds: now.seconds - 1)
    var probes = Tally()
    let ringFull = counters.ringFull &- counted.ringFull
    let lookupFailed = counters.lookupFailed &- counted.lookupFailed
    let malformed = counters.malformed &- counted.malformed
    let received = counters.received &- counted.received
    // Counted as seen once they are off the ring, so that every second adds up.
    probes.passed = received &+ malformed
    let missed = counters.missed &- counted.missed
    probes.received = probes.passed &+ ringFull &+ lookupFailed &+ missed
    if lookupFailed &+ malformed &+ missed > 0 { observer.pipeline.eventsWereLost() }
    probes.drop(.probeMissed, count: missed)
    probes.drop(.ringFull, count: ringFull)
    probes.drop(.lookupFailed, count: lookupFailed)
    var ring = Tally()
    ring.received = received &+ malformed
    ring.passed = received &- min(received, observer.shedEvents)
    ring.drop(.malformedEvent, count: malformed)
    ring.drop(.shedLoad, count: observer.shedEvents)
    observer.shedEvents = 0
    counted = counters
    let processes = observer.processes.takeTally()
    gate.note(
      probes.entries(stage: .probes, time: time) + ring.entries(stage: .ring, time: time)
        + processes.entries(stage: .processes, time: time))
  }
}

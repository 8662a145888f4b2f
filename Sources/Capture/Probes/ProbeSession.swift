// SPDX-License-Identifier: Apache-2.0

internal import BPFObjects
internal import CLibBPF
internal import CProbes
internal import Glibc
package import Telemetry

/// The probes in the kernel and the reading end of their lanes and ring.
///
/// One thread owns it: it drains them, writes verdicts and reads the counters. Giving it up
/// takes every program out of the kernel; if the process is killed the kernel does the same.
package struct ProbeSession: ~Copyable {
  /// Every hook the probes know of and whether it is on.
  package let hooks: [HookReport]
  private let socketProbe: LoadedProbe
  private let otherProbes: [LoadedProbe]
  private var streams: EventStreams
  private var decoder: EventDecoder
  private var received: UInt64 = 0
  private var malformed: UInt64 = 0
  /// Events that found their lanes full, up to the last round.
  private var lost: UInt64 = 0
  /// Data of sockets whose facts had not come.
  private var unplaced: UInt64 = 0
  /// Whether the last round had some.
  private var hasMissed = false
  private let processors: Int

  /// Loads and attaches the probes.
  ///
  /// The socket probe must come up, by tracepoints or by system calls. The others may be refused;
  /// ``hooks`` then says so and what is not seen for it.
  ///
  /// - Throws: ``ProbeError`` when nothing could be seen of sockets. Nothing is left behind.
  package init(_ options: ProbeOptions = ProbeOptions()) throws(ProbeError) {
    // libbpf would write the verifier's log to standard error.
    unsafe _ = libbpf_set_print(nil)
    let kernel = KernelTypes()
    let probe = try Self.loadSocketProbe(options, kernel)
    var hooks = probe.loaded.hooks + probe.alternatives
    var others: [LoadedProbe] = []
    let optional: [(BPFObject, [ProbeProgram])] = [
      (.connections, ProbeProgram.connections), (.releases, ProbeProgram.releases),
      (.processes, ProbeProgram.processes),
    ]
    for (image, programs) in optional {
      do {
        let loaded = try LoadedProbe(
          image, programs: programs, options: options, kernel: kernel,
          sharing: SharedMaps(of: probe.loaded))
        hooks += loaded.hooks
        others.append(loaded)
      } catch {
        hooks += programs.map { $0.report(.afterFailure(error.code)) }
      }
    }
    do {
      streams = try EventStreams(of: probe.loaded, options: options)
    } catch {
      throw ProbeError(Self.reason(error.code), subject: "ring")
    }
    self.hooks = hooks
    socketProbe = probe.loaded
    otherProbes = others
    decoder = EventDecoder(clock: KernelClock(CLOCK_MONOTONIC))
    processors = Int(max(1, libbpf_num_possible_cpus()))
  }

  /// What other probes need to tell this session.
  var sharedMaps: SharedMaps { SharedMaps(of: socketProbe) }

  /// Whether bytes are seen at the system calls and not at the socket tracepoints.
  package var usesSystemCalls: Bool {
    hooks.contains { $0.name == "sys_exit" && $0.state == .on }
  }

  /// Waits for events, at most `timeoutMilliseconds`, and hands every one that is there to
  /// `consumer` in the order they happened. Returns how many bytes they took.
  ///
  /// Fewer than ``ProbeOptions/wakeBytes`` new bytes do not end the wait: the timeout is the
  /// longest that an event lies there, and 2 to 10 ms keep the cost of waking down.
  ///
  /// - Throws: ``SystemError`` when the ring cannot be waited for; it can still be drained later.
  @discardableResult
  package mutating func drain<Consumer: ProbeConsumer & ~Copyable>(
    timeoutMilliseconds: Int32, into consumer: inout Consumer
  ) throws(SystemError) -> Int {
    try streams.ring.wait(milliseconds: timeoutMilliseconds)
    decoder.clock.refresh()
    let lost = streams.lanes.lost
    consumer.roundBegins(isWhole: lost == self.lost && !hasMissed)
    self.lost = lost
    var decoder = EventDecoder(clock: decoder.clock)
    swap(&decoder, &self.decoder)
    var received: UInt64 = 0
    var malformed: UInt64 = 0
    var forgotten: [UInt64] = []
    let freed = streams.drain(upTo: decoder.clock.now()) { record, stream in
      received &+= 1
      switch decoder.decode(record, of: stream) {
      case .socket(let event, let start, let captured):
        let payload = Span<UInt8>(
          _bytes: record.extracting(droppingFirst: start).extracting(first: captured))
        consumer.socketEvent(event, payload: payload)
      case .connection(let event, let totals): consumer.connection(event, totals)
      case .processStarted(let process, let parent):
        consumer.processStarted(process, parent: parent)
      case .processEnded(let process): consumer.processEnded(process)
      case .facts: received &-= 1
      case .unplaced(let socket):
        received &-= 1
        forgotten.append(socket)
      case .malformed:
        received &-= 1
        malformed &+= 1
      }
    }
    swap(&decoder, &self.decoder)
    // They are told again with the sockets' next events.
    for socket in forgotten { streams.slots.forget(socket) }
    unplaced &+= UInt64(forgotten.count)
    hasMissed = !forgotten.isEmpty
    self.received &+= received
    self.malformed &+= malformed
    return freed
  }

  /// Has the connections that do not leave the host told, as they are now. Nothing happens where the
  /// kernel has no such look at them.
  package func tellOpenConnections() {
    for probe in otherProbes { probe.runAgain() }
  }

  /// Tells the probes what to send of these sockets from now on, in a call to the kernel
  /// for each plane.
  ///
  /// - Throws: ``SystemError`` when the kernel refuses; some of the verdicts may then be in force.
  package func apply(_ verdicts: Span<SocketVerdict>) throws(SystemError) {
    for (plane, map) in [(Plane.wire, "verdicts"), (.plainText, "plain_verdicts")] {
      try apply(verdicts, of: plane, to: socketProbe.map(map))
    }
  }

  private func apply(
    _ verdicts: Span<SocketVerdict>, of plane: Plane, to map: CInt
  ) throws(SystemError) {
    var sockets: [UInt64] = []
    var values: [mf_verdict] = []
    for index in verdicts.indices where verdicts[index].plane == plane {
      sockets.append(verdicts[index].socket)
      values.append(mf_verdict(verdicts[index]))
    }
    guard !sockets.isEmpty else { return }
    var count = UInt32(sockets.count)
    guard unsafe bpf_map_update_batch(map, sockets, values, &count, nil) == 0 else {
      throw SystemError.last("writing socket verdicts")
    }
    // Only the wire's are remembered in slots.
    guard plane == .wire else { return }
    for socket in sockets { streams.slots.advance(socket) }
  }

  /// What happened so far. The kernel's part is read now, so the sum agrees only when no event
  /// is under way and the ring was drained before.
  package func counters() throws(SystemError) -> ProbeCounters {
    var key: UInt32 = 0
    var perProcessor = [mf_counters](repeating: mf_counters(), count: processors)
    let map = socketProbe.map("counters")
    guard unsafe bpf_map_lookup_elem(map, &key, &perProcessor) == 0 else {
      throw SystemError.last("reading the probes' counters")
    }
    var sum = ProbeCounters()
    for one in perProcessor {
      sum.seen &+= one.seen
      sum.muted &+= one.muted
      sum.ringFull &+= one.ring_full
      sum.lookupFailed &+= one.lookup_failed
      sum.mapFull &+= one.map_full
      sum.payloadUnreadable &+= one.payload_unreadable
    }
    sum.missed = otherProbes.reduce(socketProbe.misses) { $0 &+ $1.misses }
    sum.seen &+= streams.lanes.seen
    sum.lookupFailed &+= unplaced
    sum.received = received
    sum.malformed = malformed
    return sum
  }
}

extension ProbeSession {
  /// Brings up the probe that sees bytes, and reports the hooks of the one that is not used.
  private static func loadSocketProbe(
    _ options: ProbeOptions, _ kernel: KernelTypes
  ) throws(ProbeError) -> (loaded: LoadedProbe, alternatives: [HookReport]) {
    var refusal = LoadedProbe.Refusal(code: ENOENT)
    if options.socketHooks != .systemCalls {
      do {
        let loaded = try LoadedProbe(
          .sockets, programs: ProbeProgram.sockets, options: options, kernel: kernel,
          sharing: nil)
        return (loaded, ProbeProgram.systemCalls.map { $0.report(.notNeeded) })
      } catch {
        refusal = error
      }
    }
    if options.socketHooks != .tracepoints {
      do {
        let loaded = try LoadedProbe(
          .syscalls, programs: ProbeProgram.systemCalls, options: options, kernel: kernel,
          sharing: nil)
        let unused = ProbeProgram.sockets.map {
          $0.report($0.isPresent(kernel) ? .notNeeded : .absent)
        }
        return (loaded, unused)
      } catch {
        refusal = error
      }
    }
    throw ProbeError(reason(refusal.code), subject: "socket probes")
  }

  private static func reason(_ code: CInt) -> ProbeError.Reason {
    switch code {
    case EPERM: .notPermitted
    case EACCES: .notAccepted
    case ENOENT: .noSuchHook
    case ESRCH, EINVAL, EOPNOTSUPP: .kernelTooOld
    case ENOMEM, E2BIG: .outOfMemory
    default: .other(code)
    }
  }
}

extension mf_verdict {
  fileprivate init(_ verdict: SocketVerdict) {
    self.init(wants: (Self.wants(verdict.egress), Self.wants(verdict.ingress)))
  }

  private static func wants(_ wanted: SocketVerdict.Wanted) -> UInt32 {
    guard !wanted.isMuted else { return MF_MUTED }
    let bytes = min(wanted.bytes, UInt32(MF_CALL_MAX.rawValue))
    return wanted.hasTail ? bytes | MF_WANTS_TAIL : bytes
  }
}

extension ProbeError {
  fileprivate init(_ reason: Reason, subject: String) {
    self.init(reason: reason, subject: subject)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Gives out syscall trace ids: what a thread received and what it sends next share one.
///
/// A received message makes a new id, which the thread's next sent message takes; more bytes of the
/// same socket and direction keep the id of the first. So a service's inbound request and its first
/// outbound request share an id, that one's answer and the next outbound request share another, and
/// the last answer and the service's own answer share the last.
///
/// Where the thread may have received something that was not seen, what it sends follows from nothing.
struct ThreadChains {
  private struct Last {
    var thread: UInt32
    var direction: SocketEvent.Direction
    var process: ProcessKey
    var user: ProcessBucket
    var socket: UInt64
    var trace: UInt64
    /// ``ChainEnds/mark(_:)`` of the process when this was.
    var mark: UInt32
    /// Whether it was met again since the search for a slot passed by.
    var isRecent = false

    @inline(__always)
    func isOf(_ event: inout SocketEvent) -> Bool {
      thread == event.thread && process.isSame(as: event.process)
    }
  }

  private var threads: [Last] = []
  private var index = SlotIndex()
  private var ends = ChainEnds()
  private var nextTrace: UInt64
  /// Where the search for a slot goes on when all are in use. Threads that were met again are passed by
  /// once, so that many that live for one call take each other's slots.
  private var hand = 0
  private let seed: UInt64
  private let limit: Int

  init(limits: FlowLimits) {
    nextTrace = max(1, limits.firstTraceID)
    seed = limits.hashSeed
    limit = max(1, limits.threads)
  }

  /// The id of the bytes that `event` moved, 0 when there is nothing to join; and whose they are.
  ///
  /// - Parameter place: where the thread was found that used the same socket before, which mostly is the
  ///   same; any number will do.
  mutating func chain(
    _ event: inout SocketEvent, place: inout UInt32
  ) -> (chain: UInt64, user: ProcessBucket) {
    var found = Int(place)
    if found >= threads.count || !threads[found].isOf(&event) {
      guard let other = find(&event) else { return begin(&event) }
      found = other
      place = UInt32(truncatingIfNeeded: other)
    }
    let last = threads[found]
    let bucket = last.user
    let mark = ends.mark(bucket)
    if !last.isRecent { threads[found].isRecent = true }
    let goesOn = last.mark == mark && !ends.isLosing
    if goesOn, last.direction.index == event.direction.index, last.socket == event.socket {
      return (last.trace, bucket)
    }
    let trace: UInt64 =
      switch event.direction {
      case .ingress: newTrace()
      case .egress:
        goesOn && !ends.isMuted(bucket) && last.direction.index == 1 ? last.trace : 0
      }
    threads[found].direction = event.direction
    threads[found].socket = event.socket
    threads[found].trace = trace
    threads[found].mark = mark
    return (trace, bucket)
  }

  private func find(_ event: inout SocketEvent) -> Int? {
    index.find(hash(event.process, event.thread)) { threads[$0].isOf(&event) }
  }

  /// The thread was not seen before, or is forgotten.
  private mutating func begin(
    _ event: inout SocketEvent
  ) -> (chain: UInt64, user: ProcessBucket) {
    let bucket = bucket(of: event.process)
    let trace = event.direction.index == 1 ? newTrace() : 0
    remember(
      Last(
        thread: event.thread, direction: event.direction, process: event.process, user: bucket,
        socket: event.socket, trace: trace, mark: ends.mark(bucket)),
      hash: hash(event.process, event.thread))
    return (trace, bucket)
  }

  mutating func end(at gap: EvidenceGap) {
    switch gap {
    case .events: ends.endAll()
    case .socket(of: let process): ends.end(process)
    }
  }

  mutating func mute(_ process: ProcessBucket) { ends.mute(process) }

  mutating func unmute(_ process: ProcessBucket) { ends.unmute(process) }

  mutating func isLosing(_ isLosing: Bool) {
    // Whatever was lost, was lost before now.
    if isLosing || ends.isLosing { ends.endAll() }
    ends.isLosing = isLosing
  }

  private mutating func newTrace() -> UInt64 {
    defer { nextTrace &+= 1 }
    return nextTrace
  }

  private mutating func remember(_ last: Last, hash: UInt32) {
    guard threads.count >= limit else {
      index.insert(hash, slot: threads.count)
      threads.append(last)
      return
    }
    for _ in 0..<64 where threads[hand].isRecent {
      threads[hand].isRecent = false
      hand = hand + 1 < limit ? hand + 1 : 0
    }
    index.remove(self.hash(threads[hand].process, threads[hand].thread), slot: hand)
    threads[hand] = last
    index.insert(hash, slot: hand)
    hand = hand + 1 < limit ? hand + 1 : 0
  }

  func bucket(of process: ProcessKey) -> ProcessBucket {
    var hash = Hash(seed: seed)
    hash.combine(process)
    return ProcessBucket(hash: hash.value)
  }

  private func hash(_ process: ProcessKey, _ thread: UInt32) -> UInt32 {
    var hash = Hash(seed: seed)
    hash.combine(process)
    hash.combine(UInt64(thread))
    return hash.value
  }
}

/// Where the chains of processes have ended.
struct ChainEnds {
  /// By bucket: how often chains have ended, and how many sockets are not told of.
  private var ended = [UInt32](repeating: 0, count: ProcessBucket.count)
  private var muted = [UInt32](repeating: 0, count: ProcessBucket.count)
  private var endedAll: UInt32 = 0
  var isLosing = false

  /// A chain goes on while this is what it was.
  @inline(__always)
  func mark(_ process: ProcessBucket) -> UInt32 { ended[process.index] &+ endedAll }

  /// Whether such a process has a socket that is not told of.
  @inline(__always)
  func isMuted(_ process: ProcessBucket) -> Bool { muted[process.index] != 0 }

  mutating func end(_ process: ProcessBucket) { ended[process.index] &+= 1 }

  mutating func endAll() { endedAll &+= 1 }

  mutating func mute(_ process: ProcessBucket) { muted[process.index] &+= 1 }

  /// What was done meanwhile was not seen either.
  mutating func unmute(_ process: ProcessBucket) {
    if muted[process.index] > 0 { muted[process.index] -= 1 }
    ended[process.index] &+= 1
  }
}

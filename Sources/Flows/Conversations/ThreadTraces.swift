// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Gives out syscall trace ids: what a thread received and what it sends next share one.
///
/// A received message makes a new id, which the thread's next sent message takes; more bytes of the
/// same socket and direction keep the id of the first. So a service's inbound request and its first
/// outbound request share an id, that one's answer and the next outbound request share another, and
/// the last answer and the service's own answer share the last.
struct ThreadTraces {
  private struct Last {
    var thread: UInt32
    var direction: SocketEvent.Direction
    var process: ProcessKey
    var socket: UInt64
    var trace: UInt64
    /// Whether it was met again since the search for a slot passed by.
    var isRecent = false
  }

  private var threads: [Last] = []
  private var index = SlotIndex()
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

  /// The id of the bytes that `event` moved; 0 when there is nothing to join.
  mutating func trace(_ event: SocketEvent) -> UInt64 {
    let hash = hash(event.process, event.thread)
    let found = index.find(hash) {
      threads[$0].thread == event.thread && threads[$0].process.isSame(as: event.process)
    }
    guard let found else {
      let trace = event.direction == .ingress ? newTrace() : 0
      remember(
        Last(
          thread: event.thread, direction: event.direction, process: event.process,
          socket: event.socket, trace: trace), hash: hash)
      return trace
    }
    let last = threads[found]
    if !last.isRecent { threads[found].isRecent = true }
    if last.direction.index == event.direction.index, last.socket == event.socket {
      return last.trace
    }
    let trace: UInt64 =
      switch event.direction {
      case .ingress: newTrace()
      case .egress: last.direction.index == 1 ? last.trace : 0
      }
    threads[found].direction = event.direction
    threads[found].socket = event.socket
    threads[found].trace = trace
    return trace
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

  private func hash(_ process: ProcessKey, _ thread: UInt32) -> UInt32 {
    var hash = Hash(seed: seed)
    hash.combine(process)
    hash.combine(UInt64(thread))
    return hash.value
  }
}

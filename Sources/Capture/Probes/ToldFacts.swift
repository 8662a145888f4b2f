// SPDX-License-Identifier: Apache-2.0

internal import CProbes

/// What the probes told of sockets and threads and do not repeat with every event: a mirror of what
/// they remember having told, in the probes' slots and lanes.
///
/// What is not here is never guessed: facts belong to the event's own socket or thread, or it has none.
struct ToldFacts {
  private struct Socket {
    var socket: UInt64
    var facts: mf_socket_facts
  }

  private struct Thread {
    var process: UInt32
    var thread: UInt32
    var facts: mf_thread_facts
  }

  /// By the low bits of the cookies, as the probes' slots; empty until there are any.
  private var sockets: [Socket] = []
  /// By stream: of a lane's next events.
  private var threads: [Thread] = []

  private static let none = Thread(process: 0, thread: 0, facts: mf_thread_facts())
  private static let slots = Int(MF_SLOTS.rawValue)
  /// More than there are streams on any machine.
  private static let streams = 65_536

  mutating func keep(_ record: mf_socket_record) {
    if sockets.isEmpty {
      sockets = Array(
        repeating: Socket(socket: 0, facts: mf_socket_facts()), count: Self.slots)
    }
    sockets[Int(record.socket & UInt64(Self.slots - 1))] = Socket(
      socket: record.socket, facts: record.facts)
  }

  mutating func keep(_ record: mf_thread_record, of stream: Int) {
    guard stream >= 0, stream < Self.streams else { return }
    while threads.count <= stream { threads.append(Self.none) }
    threads[stream] = Thread(
      process: record.head.process, thread: record.head.thread, facts: record.facts)
  }

  @inline(__always)
  func socket(_ cookie: UInt64) -> mf_socket_facts? {
    let slot = Int(cookie & UInt64(Self.slots - 1))
    guard slot < sockets.count, sockets[slot].socket == cookie else { return nil }
    return sockets[slot].facts
  }

  @inline(__always)
  func thread(_ head: mf_head, of stream: Int) -> mf_thread_facts? {
    guard stream >= 0, stream < threads.count, threads[stream].thread == head.thread,
      threads[stream].process == head.process
    else { return nil }
    return threads[stream].facts
  }
}

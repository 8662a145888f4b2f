// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc
package import Telemetry

/// Live packets of this host's interfaces, and of its containers'.
///
/// One thread makes it, reads it and lets it go; making it and draining it move that thread into
/// other network namespaces for moments, so it must be a thread of the session's own. Interfaces and
/// namespaces may come and go while it runs. Giving it up closes everything.
package struct PacketSession: ~Copyable {
  /// An interface that is not captured although it was wanted.
  package struct LeftOut: Hashable, Sendable {
    package var name: String
    package var networkNamespace: UInt32
    /// "no room for another ring".
    package var reason: String
  }

  /// An interface being captured.
  struct Capture {
    var ring: PacketRing
    var link: NetworkLink
    var space: UInt32
    var description: InterfaceDescription
    var number: UInt32
  }

  private static let mostEvents = 64

  var options: PacketOptions
  let choice: InterfaceChoice
  let events: CInt
  var namespaces: NamespaceWatch
  /// By interface number; nil where the interface is gone.
  var captures: [Capture?] = []
  /// Interfaces that went away and may still hold frames.
  var leaving: [Capture] = []
  /// Interfaces that the consumer has not been told of.
  var untold: [UInt32] = []
  var ringBytes = 0
  /// Bytes of a frame that are kept now; rings have room for those of the options.
  var snapLength: UInt32
  private var limit: RateLimit
  private var total = PacketCounters()
  /// Interfaces that were wanted and could not be captured, with the reason in words.
  package internal(set) var leftOut: [LeftOut] = []

  private init(
    _ options: PacketOptions, choice: InterfaceChoice, events: CInt,
    namespaces: consuming NamespaceWatch
  ) {
    self.options = options
    self.choice = choice
    self.events = events
    self.namespaces = namespaces
    snapLength = options.snapLength
    limit = RateLimit(perSecond: options.packetsPerSecond)
  }

  /// Opens a ring on every interface that is wanted and there.
  ///
  /// - Throws: ``PacketError`` when packets cannot be captured at all. Nothing is left behind.
  package static func open(
    _ options: PacketOptions = PacketOptions()
  ) throws(PacketError) -> PacketSession {
    var choice = try InterfaceChoice(options)
    do throws(SystemError) {
      // Without a single interface the permission would go unasked.
      let probe = socket(AF_PACKET, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
      guard probe >= 0 else { throw SystemError.last("opening a packet socket") }
      close(probe)
    } catch {
      throw PacketError(error)
    }
    let events = mf_epoll_open()
    do throws(SystemError) {
      guard events >= 0 else { throw SystemError.last("making an event queue") }
      let namespaces = try NamespaceWatch.open(events: events, options: options)
      choice.looksIntoContainers = options.namespaces == .all && namespaces.refusal == nil
      var session = PacketSession(
        options, choice: choice, events: events, namespaces: namespaces)
      session.update()
      return session
    } catch {
      if events >= 0 { close(events) }
      throw PacketError(error)
    }
  }

  deinit { close(events) }

  /// The network namespace that the session was made in.
  var ownNamespace: UInt32 { namespaces.ownInode }

  /// Why containers cannot be looked into; nil when they can, or are not wanted.
  package var namespaceRefusal: SystemError? {
    options.namespaces == .all ? namespaces.refusal : nil
  }

  /// The interfaces that are captured now.
  package var interfaces: [InterfaceDescription] { captures.compactMap { $0?.description } }

  /// Waits for frames, at most `timeoutMilliseconds`, and hands every one that is there to
  /// `consumer`. Returns how many.
  ///
  /// - Throws: ``SystemError`` when it cannot wait; frames may still be there the next time.
  @discardableResult
  package mutating func drain<Consumer: PacketConsumer & ~Copyable>(
    timeoutMilliseconds: Int32, into consumer: inout Consumer
  ) throws(SystemError) -> Int {
    tell(&consumer)
    let failure = wait(timeoutMilliseconds)
    update()
    let before = total.received
    for capture in leaving {
      drain(capture, into: &consumer)
      count(capture.ring)
      ringBytes -= capture.ring.bytes
    }
    leaving.removeAll(keepingCapacity: true)
    tell(&consumer)
    for index in captures.indices {
      if let capture = captures[index] { drain(capture, into: &consumer) }
    }
    if let failure { throw failure }
    return Int(total.received &- before)
  }

  /// What happened so far; the kernel's part is read now.
  package mutating func counters() -> PacketCounters {
    for capture in captures {
      if let capture { count(capture.ring) }
    }
    total.passed = limit.passed
    total.limited = limit.refused
    return total
  }
}

extension PacketSession {
  private mutating func tell<Consumer: PacketConsumer & ~Copyable>(_ consumer: inout Consumer) {
    guard !untold.isEmpty else { return }
    for number in untold.sorted() {
      if let capture = captures[Int(number)] {
        consumer.interface(number, is: capture.description)
      }
    }
    untold.removeAll(keepingCapacity: true)
  }

  private mutating func drain<Consumer: PacketConsumer & ~Copyable>(
    _ capture: Capture, into consumer: inout Consumer
  ) {
    let drained = capture.ring.drain(interface: capture.number, limit: &limit, into: &consumer)
    total.received &+= drained.frames
    total.malformed &+= drained.malformed
  }

  private mutating func count(_ ring: PacketRing) {
    let statistics = ring.takeStatistics()
    total.seen &+= statistics.seen
    total.dropped &+= statistics.dropped
  }

  /// Waits; what is to be looked at anew is marked. What an event is about is in its number: a
  /// namespace's news, or an interface's frames.
  private mutating func wait(_ milliseconds: Int32) -> SystemError? {
    var data = [UInt64](repeating: 0, count: Self.mostEvents)
    var failed = [UInt8](repeating: 0, count: Self.mostEvents)
    let count = unsafe mf_epoll_wait(
      events, &data, &failed, CInt(Self.mostEvents), milliseconds)
    guard count >= 0 else {
      return errno == EINTR ? nil : SystemError.last("waiting for packets")
    }
    for index in 0..<Int(count) {
      if data[index] & NamespaceWatch.newsFlag != 0 {
        namespaces.takeNews(of: UInt32(truncatingIfNeeded: data[index]))
      } else if failed[index] != 0, data[index] < captures.count,
        let capture = captures[Int(data[index])]
      {
        capture.ring.takeError()
        namespaces.lookAgain(at: capture.space)
      }
    }
    return nil
  }
}

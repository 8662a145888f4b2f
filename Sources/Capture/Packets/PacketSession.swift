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
  private let options: PacketOptions
  private let choice: InterfaceChoice
  private let own: NetworkNamespace
  private let events: CInt
  private var limit: RateLimit
  private var spaces: [Space] = []
  /// By interface number; nil where the interface is gone.
  private var captures: [Capture?] = []
  /// Interfaces that went away and may still hold frames.
  private var leaving: [Capture] = []
  /// Interfaces that the consumer has not been told of.
  private var untold: [UInt32] = []
  private var ringBytes = 0
  private var nextSearch: Int64 = 0
  private var total = PacketCounters()
  /// Why namespaces cannot be entered; nil when they can, or are not wanted.
  package private(set) var namespaceRefusal: SystemError?
  /// Interfaces that were wanted and could not be captured, with the reason in words.
  package private(set) var leftOut: [LeftOut] = []

  /// An interface that is not captured although it was wanted.
  package struct LeftOut: Hashable, Sendable {
    package var name: String
    package var networkNamespace: UInt32
    /// "no room for another ring".
    package var reason: String
  }

  /// An interface being captured.
  private struct Capture {
    var ring: PacketRing
    var link: NetworkLink
    var space: UInt32
    var description: InterfaceDescription
    var number: UInt32
  }

  /// A network namespace being watched.
  private struct Space {
    var inode: UInt32
    var routes: RouteSocket
    var needsLook = true
    /// Milliseconds of the monotonic clock.
    var lastLook = -PacketSession.lookInterval
  }

  private init(
    _ options: PacketOptions, choice: InterfaceChoice, own: consuming NetworkNamespace,
    events: CInt
  ) {
    self.options = options
    self.choice = choice
    self.own = own
    self.events = events
    limit = RateLimit(perSecond: options.packetsPerSecond)
  }

  /// Opens a ring on every interface that is wanted and there.
  ///
  /// - Throws: ``PacketError`` when packets cannot be captured at all. Nothing is left behind.
  package static func open(
    _ options: PacketOptions = PacketOptions()
  ) throws(PacketError) -> PacketSession {
    let refusal = options.namespaces == .all ? entering() : nil
    let choice = try InterfaceChoice(
      options, looksIntoContainers: options.namespaces == .all && refusal == nil)
    do throws(SystemError) {
      // Without a single interface the permission would go unasked.
      let probe = socket(AF_PACKET, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
      guard probe >= 0 else { throw SystemError.last("opening a packet socket") }
      close(probe)
      let own = try NetworkNamespace.current()
      let events = mf_epoll_open()
      guard events >= 0 else { throw SystemError.last("making an event queue") }
      let inode = own.inode
      var session = PacketSession(options, choice: choice, own: own, events: events)
      session.namespaceRefusal = refusal
      try session.watch(inode: inode)
      session.search()
      session.look()
      return session
    } catch {
      throw PacketError(error)
    }
  }

  deinit { close(events) }

  /// The network namespace that the session was made in.
  var ownNamespace: UInt32 { own.inode }

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
    search()
    look()
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

  private mutating func tell<Consumer: PacketConsumer & ~Copyable>(_ consumer: inout Consumer) {
    guard !untold.isEmpty else { return }
    for number in untold.sorted() {
      if let capture = captures[Int(number)] {
        consumer.interface(number, is: capture.description)
      }
    }
    untold.removeAll(keepingCapacity: true)
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
}

extension PacketSession {
  /// What an event is about is in its number: a namespace's news, or an interface's frames.
  private static let newsFlag: UInt64 = 1 << 63
  private static let mostEvents = 64

  /// Waits; what is to be looked at anew is marked.
  private mutating func wait(_ milliseconds: Int32) -> SystemError? {
    var data = [UInt64](repeating: 0, count: Self.mostEvents)
    var failed = [UInt8](repeating: 0, count: Self.mostEvents)
    let count = unsafe mf_epoll_wait(
      events, &data, &failed, CInt(Self.mostEvents), milliseconds)
    guard count >= 0 else {
      return errno == EINTR ? nil : SystemError.last("waiting for packets")
    }
    for index in 0..<Int(count) {
      if data[index] & Self.newsFlag != 0 {
        let inode = UInt32(truncatingIfNeeded: data[index])
        guard let space = spaces.firstIndex(where: { $0.inode == inode }) else { continue }
        spaces[space].routes.takeNews()
        spaces[space].needsLook = true
      } else if failed[index] != 0, data[index] < captures.count,
        let capture = captures[Int(data[index])]
      {
        capture.ring.takeError()
        if let space = spaces.firstIndex(where: { $0.inode == capture.space }) {
          spaces[space].needsLook = true
        }
      }
    }
    return nil
  }

  /// Finds namespaces that came or went, when it is time to.
  private mutating func search() {
    guard options.namespaces == .all, namespaceRefusal == nil else { return }
    let now = Self.milliseconds()
    guard now >= nextSearch else { return }
    nextSearch = now + options.namespaceInterval
    let found = NetworkNamespace.findAll(limit: options.namespaceLimit)
    // A namespace without processes is kept alive by our sockets alone.
    for space in spaces where space.inode != own.inode {
      guard !found.contains(where: { $0.inode == space.inode }) else { continue }
      for capture in captures {
        if let capture, capture.space == space.inode { leave(capture) }
      }
      spaces.removeAll { $0.inode == space.inode }
    }
    for place in found where !spaces.contains(where: { $0.inode == place.inode }) {
      // It may be gone already, or not be ours to enter; the next search tries again.
      guard let space = try? NetworkNamespace(path: place.path), space.inode == place.inode else {
        continue
      }
      visit(space) { session in try? session.watch(inode: place.inode) }
    }
  }

  /// Does something in another namespace and comes back.
  private mutating func visit(
    _ space: borrowing NetworkNamespace, _ body: (inout PacketSession) -> Void
  ) {
    guard (try? space.enter()) != nil else { return }
    body(&self)
    // The thread may enter what it came from: it holds it open and has just entered another.
    guard (try? own.enter()) != nil else {
      preconditionFailure("a thread can return to the network namespace it came from")
    }
  }

  private mutating func leave(_ capture: Capture) {
    captures[Int(capture.number)] = nil
    leaving.append(capture)
  }

  /// Opens what tells of changes in the namespace that the thread is in.
  private mutating func watch(inode: UInt32) throws(SystemError) {
    let routes = try RouteSocket()
    guard mf_epoll_add(events, routes.descriptor, Self.newsFlag | UInt64(inode)) == 0 else {
      throw SystemError.last("watching a network namespace")
    }
    spaces.append(Space(inode: inode, routes: routes))
  }
}

extension PacketSession {
  /// Between two looks at one namespace, milliseconds: news come in swarms.
  fileprivate static let lookInterval: Int64 = 100

  /// Brings what is captured in line with the interfaces of namespaces that have news.
  private mutating func look() {
    let now = Self.milliseconds()
    for index in spaces.indices where spaces[index].needsLook {
      guard now - spaces[index].lastLook >= Self.lookInterval else { continue }
      spaces[index].needsLook = false
      spaces[index].lastLook = now
      let (inode, routes) = (spaces[index].inode, spaces[index].routes)
      if inode == own.inode {
        look(at: inode, routes)
      } else if let space = try? NetworkNamespace(of: routes.descriptor) {
        visit(space) { session in session.look(at: inode, routes) }
      }
    }
  }

  /// The same for the namespace that the thread is in.
  private mutating func look(at space: UInt32, _ routes: RouteSocket) {
    guard var view = try? routes.look() else { return }
    view.forwardsPackets =
      Self.isSet("/proc/sys/net/ipv4/ip_forward")
      || Self.isSet("/proc/sys/net/ipv6/conf/all/forwarding")
    let chosen = choice.chosen(of: view, isOwn: space == own.inode)
    for index in captures.indices {
      guard let capture = captures[index], capture.space == space else { continue }
      guard let link = chosen.first(where: { $0.index == capture.link.index }),
        link.framing == capture.link.framing
      else {
        leave(capture)
        continue
      }
      let description = Self.describe(link, of: view, in: space)
      if description != capture.description {
        captures[index]?.link = link
        captures[index]?.description = description
        untold.append(capture.number)
      }
    }
    leftOut.removeAll { $0.networkNamespace == space }
    for link in chosen {
      let isKnown = captures.contains { $0?.space == space && $0?.link.index == link.index }
      if !isKnown { capture(link, of: view, in: space) }
    }
  }

  private mutating func capture(_ link: NetworkLink, of view: NamespaceView, in space: UInt32) {
    guard let framing = link.framing else { return }
    let free = captures.firstIndex { $0 == nil } ?? captures.count
    let room = options.totalRingBytes - ringBytes
    // The last quarter of the room is shared by all that may still come.
    let bytes = min(options.ringBytes, max(PacketRing.smallestRing, room / 4))
    guard free < options.interfaceLimit, room >= PacketRing.smallestRing else {
      return leftOut.append(
        LeftOut(name: link.name, networkNamespace: space, reason: "no room for another ring"))
    }
    do {
      let ring = try PacketRing(link: link, framing: framing, bytes: bytes, options: options)
      guard mf_epoll_add(events, ring.descriptor, UInt64(free)) == 0 else {
        throw SystemError.last("watching an interface")
      }
      let capture = Capture(
        ring: ring, link: link, space: space,
        description: Self.describe(link, of: view, in: space), number: UInt32(free))
      if free < captures.count { captures[free] = capture } else { captures.append(capture) }
      ringBytes += ring.bytes
      untold.append(UInt32(free))
    } catch {
      leftOut.append(
        LeftOut(name: link.name, networkNamespace: space, reason: "\(error)"))
    }
  }

  private static func describe(
    _ link: NetworkLink, of view: NamespaceView, in space: UInt32
  ) -> InterfaceDescription {
    InterfaceDescription(
      name: link.name, index: link.index, networkNamespace: space, linkAddress: link.linkAddress,
      addresses: view.addresses, isLoopback: link.isLoopback, forwards: view.forwards,
      isHere: true)
  }

  /// Why this thread may not enter namespaces; nil when it may.
  private static func entering() -> SystemError? {
    do {
      try NetworkNamespace.current().enter()
      return nil
    } catch {
      return error
    }
  }

  private static func isSet(_ path: String) -> Bool {
    guard let text = try? HostFile.text(path, limit: 16) else { return false }
    return text.utf8.first.map { $0 != UInt8(ascii: "0") } ?? false
  }

  private static func milliseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) &* 1_000 &+ Int64(time.tv_nsec) / 1_000_000
  }
}

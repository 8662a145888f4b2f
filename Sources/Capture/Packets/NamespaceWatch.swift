// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// The network namespaces of this host: finds them, hears of their changes and looks into them.
///
/// Owned by one thread, which it moves into other namespaces for moments.
struct NamespaceWatch: ~Copyable {
  /// Milliseconds between two looks at one namespace, and between two searches after news: both come
  /// in swarms.
  private static let lookInterval: Int64 = 100

  private struct Space {
    let inode: UInt32
    let routes: RouteSocket
    var place = ContainerMap.Place()
    var needsLook = true
    /// Milliseconds of the monotonic clock.
    var lastLook = -NamespaceWatch.lookInterval
  }

  private let own: NetworkNamespace
  private let events: CInt
  private let interval: Int64
  private let limit: Int
  /// The agent's own first.
  private var spaces: [Space] = []
  private var nextSearch: Int64 = 0
  /// Why other namespaces cannot be entered; nil when they can.
  let refusal: SystemError?

  private init(
    own: consuming NetworkNamespace, events: CInt, refusal: SystemError?, options: PacketOptions
  ) {
    self.own = own
    self.events = events
    self.refusal = refusal
    interval = options.namespaceInterval
    limit = options.namespaceLimit
  }

  /// Watches the calling thread's namespace; the others are found by ``search()``.
  ///
  /// - Parameter events: where news are waited for, under numbers that ``newsFlag`` marks.
  static func open(events: CInt, options: PacketOptions) throws(SystemError) -> NamespaceWatch {
    let own = try NetworkNamespace.current()
    let inode = own.inode
    var watch = NamespaceWatch(own: own, events: events, refusal: entering(), options: options)
    try watch.watch(inode)
    return watch
  }

  /// The inode of the namespace that the thread belongs to.
  var ownInode: UInt32 { own.inode }

  /// Tells events about a namespace, whose inode is the rest of the number, from others.
  static let newsFlag: UInt64 = 1 << 63

  /// Something changed in a namespace.
  mutating func takeNews(of inode: UInt32) {
    guard let index = spaces.firstIndex(where: { $0.inode == inode }) else { return }
    spaces[index].routes.takeNews()
    spaces[index].needsLook = true
    // A new link may be a new container's.
    nextSearch = min(nextSearch, Self.milliseconds() + Self.lookInterval)
  }

  mutating func lookAgain(at inode: UInt32) {
    if let index = spaces.firstIndex(where: { $0.inode == inode }) {
      spaces[index].needsLook = true
    }
  }

  /// Finds namespaces that came or went, when it is time to; the inodes of those that went.
  mutating func search() -> [UInt32] {
    let now = Self.milliseconds()
    guard refusal == nil, now >= nextSearch else { return [] }
    nextSearch = now + interval
    let found = NetworkNamespace.findAll(limit: limit)
    // A namespace without processes is kept alive by our sockets alone.
    let gone = spaces.map(\.inode).filter { inode in
      inode != own.inode && !found.contains { $0.inode == inode }
    }
    for inode in gone { forget(inode) }
    for place in found where !spaces.contains(where: { $0.inode == place.inode }) {
      // It may be gone already, or not be ours to enter; the next search tries again.
      guard let space = try? NetworkNamespace(path: place.path), space.inode == place.inode,
        (try? space.enter()) != nil
      else { continue }
      try? watch(place.inode)
      comeBack()
    }
    return gone
  }

  /// Looks at the namespaces that have news, and returns the inodes of those.
  mutating func look() -> [UInt32] {
    let now = Self.milliseconds()
    var looked: [UInt32] = []
    for index in spaces.indices where spaces[index].needsLook {
      guard now - spaces[index].lastLook >= Self.lookInterval, enter(spaces[index].inode) else {
        continue
      }
      spaces[index].needsLook = false
      spaces[index].lastLook = now
      if var view = try? spaces[index].routes.look() {
        view.forwardsPackets =
          Self.isSet("/proc/sys/net/ipv4/ip_forward")
          || Self.isSet("/proc/sys/net/ipv6/conf/all/forwarding")
        spaces[index].place.view = view
        looked.append(spaces[index].inode)
      }
      comeBack()
    }
    if !looked.isEmpty { findPeers() }
    return looked
  }

  /// What is known of all namespaces.
  var containers: ContainerMap {
    var map = ContainerMap()
    for space in spaces { map.places[space.inode] = space.place }
    map.hosts = [own.inode]
    var status = stat()
    if unsafe stat("/proc/1/ns/net", &status) == 0 {
      map.hosts.insert(UInt32(truncatingIfNeeded: status.st_ino))
    }
    return map
  }

  /// Moves the thread into a watched namespace; false when that cannot be. ``comeBack()`` must follow.
  func enter(_ inode: UInt32) -> Bool {
    guard inode != own.inode else { return true }
    guard let routes = spaces.first(where: { $0.inode == inode })?.routes,
      let space = try? NetworkNamespace(of: routes.descriptor)
    else { return false }
    return (try? space.enter()) != nil
  }

  /// Moves the thread back to where it belongs.
  func comeBack() {
    // Where it never left, it may lack the right to move.
    guard refusal == nil else { return }
    // The thread may enter what it came from: it holds it open and has just entered another.
    guard (try? own.enter()) != nil else {
      preconditionFailure("a thread can return to the network namespace it came from")
    }
  }
}

extension NamespaceWatch {
  /// Opens what tells of changes in the namespace that the thread is in.
  private mutating func watch(_ inode: UInt32) throws(SystemError) {
    let routes = try RouteSocket()
    guard mf_epoll_add(events, routes.descriptor, Self.newsFlag | UInt64(inode)) == 0 else {
      throw SystemError.last("watching a network namespace")
    }
    spaces.append(Space(inode: inode, routes: routes))
  }

  private mutating func forget(_ inode: UInt32) {
    spaces.removeAll { $0.inode == inode }
    for index in spaces.indices {
      spaces[index].place.peers = spaces[index].place.peers.filter { $0.value != inode }
    }
  }

  /// Finds out which namespaces the numbers of links stand for. Nearly every link of a container leads
  /// to the agent's own, which is asked for first.
  private mutating func findPeers() {
    for index in spaces.indices {
      let place = spaces[index].place
      var unknown = Set(place.view.links.compactMap(\.parentNamespace))
      unknown.subtract(place.peers.keys)
      for other in spaces.indices where other != index && !unknown.isEmpty {
        guard !place.peers.values.contains(spaces[other].inode),
          let namespace = try? NetworkNamespace(of: spaces[other].routes.descriptor),
          let number = try? spaces[index].routes.number(of: namespace),
          unknown.remove(number) != nil
        else { continue }
        spaces[index].place.peers[number] = spaces[other].inode
      }
    }
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

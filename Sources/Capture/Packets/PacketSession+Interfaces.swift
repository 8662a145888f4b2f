// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Telemetry

/// Which interfaces are captured: kept in line with what namespaces there are and what is in them.
extension PacketSession {
  /// Rings in the agent's own namespace get a quarter of the room that is left at most, so that some
  /// is left for those that come later; rings in containers, of which there are many with little
  /// traffic each, a smaller part.
  private static let ownShare = 4
  private static let containerShare = 64

  /// Looks at what changed since the last time.
  mutating func update() {
    for inode in namespaces.search() {
      for case let capture? in captures where capture.space == inode { leave(capture) }
      leftOut.removeAll { $0.networkNamespace == inode }
    }
    let looked = namespaces.look()
    guard !looked.isEmpty else { return }
    let containers = namespaces.containers
    for inode in looked where inode == namespaces.ownInode || options.namespaces == .all {
      guard let place = containers.places[inode], namespaces.enter(inode) else { continue }
      choose(place.view, in: inode, containers)
      namespaces.comeBack()
    }
    // What changed in one namespace may say something about the interfaces of another.
    for case let capture? in captures {
      guard let view = containers.places[capture.space]?.view else { continue }
      let description = Self.describe(capture.link, of: view, in: capture.space, containers)
      guard description != capture.description else { continue }
      captures[Int(capture.number)]?.description = description
      untold.append(capture.number)
    }
  }

  /// From now on leaves out what passes between the agent and `peers`, and keeps `snapLength` bytes of
  /// other frames, or those of the options when they are fewer.
  ///
  /// - Throws: ``SystemError`` when the kernel refuses the new filter; the old one stays.
  package mutating func filter(
    ignoring peers: [PacketOptions.Peer], snapLength: UInt32
  ) throws(SystemError) {
    options.ignoredPeers = peers
    self.snapLength = min(snapLength, options.snapLength)
    for case let capture? in captures { try filter(capture.ring) }
  }

  private func filter(_ ring: PacketRing) throws(SystemError) {
    try ring.filter(ignoring: options.ignoredPeers, snapLength: snapLength)
  }

  private mutating func leave(_ capture: Capture) {
    captures[Int(capture.number)] = nil
    leaving.append(capture)
  }

  /// Begins and ends captures in the namespace that the thread is in.
  private mutating func choose(
    _ view: NamespaceView, in space: UInt32, _ containers: ContainerMap
  ) {
    let chosen = choice.chosen(of: view, isOwn: space == namespaces.ownInode)
    var known: Set<UInt32> = []
    for case let capture? in captures where capture.space == space {
      let link = chosen.first { $0.index == capture.link.index }
      if let link, link.framing == capture.link.framing {
        captures[Int(capture.number)]?.link = link
        known.insert(link.index)
      } else {
        leave(capture)
      }
    }
    leftOut.removeAll { $0.networkNamespace == space }
    for link in chosen where !known.contains(link.index) {
      capture(link, of: view, in: space, containers)
    }
  }

  private mutating func capture(
    _ link: NetworkLink, of view: NamespaceView, in space: UInt32, _ containers: ContainerMap
  ) {
    guard let framing = link.framing else { return }
    let free = captures.firstIndex { $0 == nil } ?? captures.count
    let room = options.totalRingBytes - ringBytes
    let share = space == namespaces.ownInode ? Self.ownShare : Self.containerShare
    let bytes = min(options.ringBytes, max(PacketRing.smallestRing, room / share))
    guard free < options.interfaceLimit, room >= PacketRing.smallestRing else {
      return leftOut.append(
        LeftOut(name: link.name, networkNamespace: space, reason: "no room for another ring"))
    }
    do {
      let ring = try PacketRing(link: link, framing: framing, bytes: bytes, options: options)
      if snapLength < options.snapLength { try filter(ring) }
      guard mf_epoll_add(events, ring.descriptor, UInt64(free)) == 0 else {
        throw SystemError.last("watching an interface")
      }
      let capture = Capture(
        ring: ring, link: link, space: space,
        description: Self.describe(link, of: view, in: space, containers), number: UInt32(free))
      if free < captures.count { captures[free] = capture } else { captures.append(capture) }
      ringBytes += ring.bytes
      untold.append(UInt32(free))
    } catch {
      leftOut.append(
        LeftOut(name: link.name, networkNamespace: space, reason: "\(error)"))
    }
  }

  private static func describe(
    _ link: NetworkLink, of view: NamespaceView, in space: UInt32, _ containers: ContainerMap
  ) -> InterfaceDescription {
    InterfaceDescription(
      name: link.name, index: link.index, networkNamespace: space, linkAddress: link.linkAddress,
      addresses: view.addresses, guests: containers.guests(of: link, in: space),
      facesContainer: containers.facesContainer(link, in: space), isLoopback: link.isLoopback,
      forwards: view.forwards, isHere: true)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Capture

/// Namespace 1 is the host's. It has a card (2), a virtual link to container 10 (7), and a bridge (6)
/// whose port (8) leads to container 20. Container 20 is a node itself: container 21 is behind it.
/// Container 30 stands on the host's card.
@Suite struct ContainerMapTests {
  static let host: UInt32 = 1

  private static func link(
    _ index: UInt32, _ kind: String = "", parent: UInt32 = 0, in number: Int32? = nil,
    master: UInt32 = 0
  ) -> NetworkLink {
    var link = NetworkLink()
    (link.index, link.kind, link.parent, link.master) = (index, kind, parent, master)
    link.parentNamespace = number
    return link
  }

  private static func place(
    _ links: [NetworkLink], _ addresses: [UInt32], peers: [Int32: UInt32]
  ) -> ContainerMap.Place {
    var place = ContainerMap.Place()
    place.view.links = links
    place.view.addresses = (addresses + [0x7f00_0001]).map { IPAddress(v4: $0) }
    place.peers = peers
    return place
  }

  static let card = link(2)
  static let toContainer = link(7, "veth", parent: 2, in: 0)
  static let bridge = link(6, "bridge")
  static let port = link(8, "veth", parent: 2, in: 1, master: 6)
  static let toInner = link(9, "veth", parent: 2, in: 1)
  static let up = link(2, "veth", parent: 8, in: 0)

  static let map = {
    var map = ContainerMap()
    map.hosts = [host]
    map.places[host] = place(
      [card, toContainer, bridge, port], [0x0101_0101], peers: [0: 10, 1: 20])
    map.places[10] = place([link(2, "veth", parent: 7, in: 0)], [10], peers: [0: host])
    // The host has this container's second address too; what is ambiguous says nothing.
    map.places[20] = place([up, toInner], [20, 0x0101_0101], peers: [0: host, 1: 21])
    map.places[21] = place([link(2, "veth", parent: 9, in: 0)], [21], peers: [0: 20])
    map.places[30] = place([link(2, "macvlan", parent: 2, in: 0)], [30], peers: [0: host])
    return map
  }()

  @Test(
    arguments: [
      (card, host, [30]), (toContainer, host, [10]), (bridge, host, [20, 21]),
      (port, host, [20, 21]), (toInner, 20, [21]), (up, 20, []), (card, 77, []),
    ] as [(NetworkLink, UInt32, [UInt32])])
  func guests(link: NetworkLink, inode: UInt32, addresses: [UInt32]) {
    #expect(Self.map.guests(of: link, in: inode) == addresses.map { IPAddress(v4: $0) })
  }

  @Test(
    arguments: [
      (card, host, false), (toContainer, host, true), (port, host, true), (bridge, host, false),
      (toInner, 20, true), (up, 20, false),
    ] as [(NetworkLink, UInt32, Bool)])
  func facing(link: NetworkLink, inode: UInt32, isFacing: Bool) {
    #expect(Self.map.facesContainer(link, in: inode) == isFacing)
  }

  /// Where the agent may not enter other namespaces, links of the host's lead to containers and those
  /// of containers to the host.
  @Test func withoutLookingInsideTheHostsLinksFaceContainers() {
    var map = Self.map
    for inode in map.places.keys { map.places[inode]?.peers = [:] }
    #expect(map.facesContainer(Self.toContainer, in: Self.host))
    #expect(!map.facesContainer(Self.up, in: 20))
    #expect(map.guests(of: Self.toContainer, in: Self.host).isEmpty)
  }
}

// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Which containers are reached through which interface, as far as the namespaces that are watched
/// tell.
struct ContainerMap {
  /// A namespace that was looked into.
  struct Place {
    var view = NamespaceView()
    /// Other namespaces by the number that this one's links have for them.
    var peers: [Int32: UInt32] = [:]
  }

  /// By inode.
  var places: [UInt32: Place] = [:]
  /// Namespaces that are nobody's container: the agent's own, and that of the host's first process.
  var hosts: Set<UInt32> = []

  /// Addresses of the containers that `link` of the namespace `inode` leads to: on the other end of a
  /// virtual link, on the ports of a bridge, on interfaces that stand on a card, and behind those in
  /// turn. Not those that the namespace itself has, nor any of loopback.
  func guests(of link: NetworkLink, in inode: UInt32) -> [IPAddress] {
    guard let place = places[inode] else { return [] }
    var found: Set<UInt32> = [inode]
    var waiting = Array(containers(on: link, in: inode, place))
    while let next = waiting.popLast() {
      guard found.insert(next).inserted, let place = places[next] else { continue }
      for link in place.view.links { waiting += containers(on: link, in: next, place) }
    }
    found.remove(inode)
    let own = Set(place.view.addresses)
    var guests: Set<IPAddress> = []
    for container in found {
      for address in places[container]?.view.addresses ?? []
      where !address.isLoopback && !own.contains(address) {
        guests.insert(address)
      }
    }
    return guests.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
  }

  /// Whether the other end of `link` lies in a container, as far as one can tell.
  func facesContainer(_ link: NetworkLink, in inode: UInt32) -> Bool {
    guard link.kind == "veth", let number = link.parentNamespace else { return false }
    guard let peer = places[inode]?.peers[number] else { return hosts.contains(inode) }
    return !hosts.contains(peer)
  }

  private func containers(
    on link: NetworkLink, in inode: UInt32, _ place: Place
  ) -> Set<UInt32> {
    var found: Set<UInt32> = []
    let ports = link.kind == "bridge" ? place.view.links.filter { $0.master == link.index } : []
    for end in [link] + ports where end.kind == "veth" {
      if let number = end.parentNamespace, let peer = place.peers[number] { found.insert(peer) }
    }
    for (other, there) in places where other != inode && isOnCard(link, of: inode, there) {
      found.insert(other)
    }
    return found.subtracting(hosts)
  }

  /// Whether an interface of `place` stands on the card `link` of another namespace.
  private func isOnCard(_ link: NetworkLink, of inode: UInt32, _ place: Place) -> Bool {
    place.view.links.contains { stands in
      guard let number = stands.parentNamespace, stands.parent == link.index else { return false }
      return ["macvlan", "ipvlan"].contains(stands.kind) && place.peers[number] == inode
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A network interface as the kernel's routing messages tell it (rtnetlink(7)).
package struct NetworkLink: Hashable, Sendable {
  /// Kernel index, unique in its namespace.
  package var index: UInt32 = 0
  package var name = ""
  package var linkAddress = LinkAddress.none
  /// ARPHRD_ number of the link's header.
  package var hardware: UInt16 = 0
  package var isUp = false
  package var isLoopback = false
  /// What kind of virtual link it is: `veth`, `vlan`, `bridge`; empty for a card.
  package var kind = ""
  /// Index of the bond or bridge it is part of; 0 for none.
  package var master: UInt32 = 0
  /// Index of the link it stands on, or of its peer; 0 for none.
  package var parent: UInt32 = 0
  /// The number that its namespace has for the one in which ``parent`` is an index; nil when that is
  /// its own.
  package var parentNamespace: Int32?

  package init() {}

  var isParentElsewhere: Bool { parentNamespace != nil }

  /// How the kernel hands over its frames; nil for a link whose frames cannot be told apart.
  var framing: Framing? {
    switch hardware {
    case 1, 772: .ethernet
    // No header (tun, WireGuard), PPP, IP tunnels: the kernel takes off what there is.
    case 65_534, 512, 768, 769, 776, 778, 823: .bare
    default: nil
    }
  }

  enum Framing {
    case ethernet
    /// From the IP header on.
    case bare
  }
}

/// What one look into a network namespace found.
struct NamespaceView {
  var links: [NetworkLink] = []
  var addresses: [IPAddress] = []
  /// net.ipv4.ip_forward or net.ipv6.conf.all.forwarding.
  var forwardsPackets = false

  /// Whether it lets packets of other namespaces or of virtual machines through.
  var forwards: Bool {
    forwardsPackets
      && links.contains {
        ($0.kind == "veth" && $0.isParentElsewhere) || $0.kind == "bridge" || $0.kind == "tun"
      }
  }
}

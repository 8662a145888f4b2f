// SPDX-License-Identifier: Apache-2.0

/// Decides which interfaces of a namespace are captured, so that every packet is seen once at every
/// place it passes.
///
/// Unless told otherwise: in the agent's own namespace network cards, bonds and virtual machines'
/// taps, and the near ends of containers' links only when containers are not looked into; in a
/// container everything. The loopback interface only when it is asked for: where there are probes,
/// they see its calls already. Never an interface that stands on a captured one (VLANs and macvlans on
/// their card, cards in their bond): it would show the same packets again.
struct InterfaceChoice {
  /// Cards as the kernel, systemd and vendors name them; bonds and teams; modems; tunnels; taps.
  static let cards = [
    "eth.*", "en[ospxP].*", "em[0-9].*", "p[0-9]+p[0-9]+.*", "wl.*", "ww.*", "ib.*", "bond.*",
    "team.*", "venet.*", "ens.*", "usb.*", "tap.*", "vnet.*", "vif.*",
  ]
  /// The host's ends of the links into containers.
  static let containerEnds = ["veth.*", "cali.*", "lxc.*", "nsm.*"]

  private let wanted: [NamePattern]
  private let ends: [NamePattern]
  private let unwanted: [NamePattern]
  private let isAutomatic: Bool
  private let loopback: PacketOptions.Loopback
  /// Whether containers' own ends of their links are captured.
  var looksIntoContainers = true

  init(_ options: PacketOptions) throws(PacketError) {
    isAutomatic = options.interfaces.isEmpty
    loopback = options.loopback
    wanted = try Self.compile(isAutomatic ? Self.cards : options.interfaces)
    ends = try Self.compile(isAutomatic ? Self.containerEnds : [])
    unwanted = try Self.compile(options.excluded)
  }

  /// The links of one namespace that are to be captured, in the order of their indices.
  ///
  /// - Parameter isOwn: whether it is the namespace the agent runs in.
  func chosen(of view: NamespaceView, isOwn: Bool) -> [NetworkLink] {
    let named = view.links.filter { link in
      guard link.isUp, link.framing != nil else { return false }
      guard !unwanted.contains(where: { $0.matches(link.name) }) else { return false }
      if link.isLoopback && loopback != .asNamed { return loopback == .wanted }
      if isAutomatic && !isOwn { return link.kind != "bridge" && !link.isLoopback }
      let patterns = looksIntoContainers ? wanted : wanted + ends
      return patterns.contains { $0.matches(link.name) }
    }
    return named.filter { link in !named.contains { shows($0, framesOf: link) } }
      .sorted { $0.index < $1.index }
  }

  /// Whether every frame of `link` passes `other` as well.
  private func shows(_ other: NetworkLink, framesOf link: NetworkLink) -> Bool {
    if link.master == other.index, link.master != 0 {
      return other.kind == "bond" || other.kind == "team"
    }
    guard link.parent == other.index, link.parent != 0, !link.isParentElsewhere else {
      return false
    }
    return ["vlan", "macvlan", "ipvlan", "macvtap", "ipvtap"].contains(link.kind)
  }

  private static func compile(_ texts: [String]) throws(PacketError) -> [NamePattern] {
    var patterns: [NamePattern] = []
    for text in texts {
      guard let pattern = NamePattern(text) else {
        throw PacketError(reason: .badPattern(text))
      }
      patterns.append(pattern)
    }
    return patterns
  }
}

extension PacketOptions {
  /// Whether every expression can be understood; call it before a session is made of them.
  ///
  /// - Throws: ``PacketError`` for the first that cannot.
  package func check() throws(PacketError) {
    _ = try InterfaceChoice(self)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Capture

@Suite struct InterfaceChoiceTests {
  private func link(
    _ index: UInt32, _ name: String, kind: String = "", master: UInt32 = 0, parent: UInt32 = 0,
    elsewhere: Int32? = nil, hardware: UInt16 = 1
  ) -> NetworkLink {
    var link = NetworkLink()
    (link.index, link.name, link.kind, link.isUp) = (index, name, kind, true)
    (link.master, link.parent, link.parentNamespace) = (master, parent, elsewhere)
    (link.hardware, link.isLoopback) = (hardware, name == "lo")
    return link
  }

  /// A node with a bond of two cards, a VLAN, containers, a virtual machine and things unknown.
  private var node: NamespaceView {
    var view = NamespaceView()
    view.links = [
      link(1, "lo", hardware: 772), link(2, "eth0", master: 4), link(3, "eth1", master: 4),
      link(4, "bond0", kind: "bond"), link(5, "bond0.7", kind: "vlan", parent: 4),
      link(6, "docker0", kind: "bridge"),
      link(7, "veth12ab", kind: "veth", master: 6, parent: 2, elsewhere: 0),
      link(8, "tap3", kind: "tun"), link(9, "ib0", hardware: 32), link(10, "wg0", hardware: 65_534),
    ]
    return view
  }

  private func names(
    _ options: PacketOptions = PacketOptions(), looksIntoContainers: Bool = true,
    isOwn: Bool = true
  ) throws -> [String] {
    var choice = try InterfaceChoice(options)
    choice.looksIntoContainers = looksIntoContainers
    return choice.chosen(of: node, isOwn: isOwn).map(\.name)
  }

  /// Every packet once: the bond and not its cards, the container's end and not the host's.
  @Test func theDefaultShowsEveryPacketOnceAtItsPlace() throws {
    #expect(try names() == ["bond0", "tap3"])
    #expect(try names(looksIntoContainers: false) == ["bond0", "veth12ab", "tap3"])
    #expect(
      try names(isOwn: false) == ["bond0", "veth12ab", "tap3", "wg0"], "a container, whatever named"
    )
  }

  @Test func whatWasAskedForIsTaken() throws {
    var options = PacketOptions()
    options.interfaces = ["lo", "eth[0-9]", "docker0"]
    #expect(try names(options) == ["lo", "eth0", "eth1", "docker0"])
    options.excluded = ["eth1", "dock"]
    #expect(try names(options) == ["lo", "eth0", "docker0"], "a pattern is for the whole name")
  }

  /// Loopback shows again what probes see, so it is for hosts without them.
  @Test func loopbackIsTakenWhenItIsWanted() throws {
    var options = PacketOptions()
    options.loopback = .wanted
    #expect(try names(options) == ["lo", "bond0", "tap3"])
    #expect(try names(options, isOwn: false).contains("lo"), "sidecars talk over it")
    options.interfaces = ["eth0"]
    #expect(try names(options) == ["lo", "eth0"])
    options.interfaces = ["lo"]
    options.loopback = .unwanted
    #expect(try names(options) == [])
  }

  @Test(arguments: ["eth[", "(", "a{2"])
  func aPatternThatIsNoneIsRefused(text: String) {
    var options = PacketOptions()
    options.excluded = [text]
    #expect(throws: PacketError(reason: .badPattern(text))) { try options.check() }
  }

  /// A node lets packets of its containers through; a host with forwarding alone does not.
  @Test func aNodeForwardsForItsContainers() {
    var view = node
    #expect(!view.forwards)
    view.forwardsPackets = true
    #expect(view.forwards)
    view.links = [link(1, "lo"), link(2, "eth0", kind: "veth")]
    #expect(!view.forwards)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

@Suite struct PlaceTests {
  static let own = LinkAddress(0x0200_0000_0001)
  static let other = LinkAddress(0x0200_0000_0002)
  static let client = IPAddress(v4: 0x0a00_0001)
  static let server = IPAddress(v4: 0x0a00_0002)
  static let node = IPAddress(v4: 0xc0a8_0001)

  static func interface(
    _ addresses: [IPAddress], forwards: Bool = false, isLoopback: Bool = false,
    guests: [IPAddress] = [], facesContainer: Bool = false, link: LinkAddress = own
  ) -> InterfaceDescription {
    InterfaceDescription(
      name: "eth0", index: 2, networkNamespace: 7, linkAddress: link, addresses: addresses,
      guests: guests, facesContainer: facesContainer, isLoopback: isLoopback, forwards: forwards,
      isHere: true)
  }

  struct Case: CustomTestStringConvertible {
    var name: String
    var interface: InterfaceDescription
    var from = other
    var to = other
    var point: ObservationPoint

    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "a capture file", interface: InterfaceDescription(name: "a.pcap"), point: .rest),
    Case(name: "loopback", interface: interface([], isLoopback: true), point: .local),
    Case(name: "the client's card", interface: interface([client]), from: own, point: .client),
    Case(name: "the server's card", interface: interface([server]), to: own, point: .server),
    Case(
      name: "both ends", interface: interface([client, server]), from: own, to: own, point: .local),
    Case(
      name: "one link on both sides", interface: interface([]), from: other, to: other,
      point: .local),
    Case(
      name: "a container's packets leave its node", interface: interface([node], forwards: true),
      from: own, point: .clientNode),
    Case(
      name: "packets come to a container's node", interface: interface([node], forwards: true),
      to: own, point: .serverNode),
    Case(
      name: "a router sends on what a client sent", interface: interface([node]), from: own,
      point: .serverGateway),
    Case(
      name: "a router takes what is for a server", interface: interface([node]), to: own,
      point: .clientGateway),
    Case(
      name: "a bridge of containers", interface: interface([client], forwards: true),
      from: LinkAddress(3), point: .clientNode),
    Case(
      name: "a bridge that belongs to nobody", interface: interface([client]),
      from: LinkAddress(3), point: .rest),
    Case(
      name: "others' packets", interface: interface([node], forwards: true), from: LinkAddress(3),
      point: .rest),
    Case(
      name: "a container sends to its node's end",
      interface: interface([node], forwards: true, guests: [client], facesContainer: true), to: own,
      point: .clientNode),
    Case(
      name: "a node's end sends to a container",
      interface: interface([node], forwards: true, guests: [server], facesContainer: true),
      from: own, point: .serverNode),
    Case(
      name: "a container whose addresses are not known sends",
      interface: interface([node], forwards: true, facesContainer: true), to: own,
      point: .clientNode),
    Case(
      name: "a container whose addresses are not known is called",
      interface: interface([node], forwards: true, facesContainer: true), from: own,
      point: .serverNode),
    Case(
      name: "a port of a bridge", interface: interface([node], guests: [server]),
      from: LinkAddress(3), point: .serverNode),
    Case(
      name: "between two containers", interface: interface([node], guests: [client, server]),
      point: .local),
    Case(
      name: "a container calls its node",
      interface: interface([server], forwards: true, guests: [client], facesContainer: true),
      to: own, point: .server),
    Case(
      name: "a link without addresses", interface: interface([server], link: .none), from: .none,
      to: .none, point: .server),
  ]

  @Test(arguments: cases) func observed(_ it: Case) {
    var run = FlowRun()
    let interface = run.table.addInterface(it.interface)
    for var packet in script(CloseTests.handshake) {
      packet.interface = interface
      let isClient = packet.source == Self.client
      packet.sourceLink = isClient ? it.from : it.to
      packet.destinationLink = isClient ? it.to : it.from
      run.feed(packet)
    }
    run.finish()
    #expect(run.batch.flows.map(\.observationPoint) == [it.point])
    #expect(run.batch.networkMetrics.allSatisfy { $0.observationPoint == it.point })
    #expect(run.batch.string(run.batch.flows[0].interfaceName) == it.interface.name)
    #expect(run.batch.flows[0].interface == it.interface.index)
    #expect(run.batch.flows[0].networkNamespace == it.interface.networkNamespace)
    #expect(run.batch.flows[0].client.linkAddress == it.from)
  }

  /// The node at which a tunnel begins is that of the end it carries packets for.
  @Test(arguments: [(true, ObservationPoint.clientNode), (false, .serverNode)])
  func tunnelled(_ isSenderHere: Bool, _ point: ObservationPoint) {
    var run = FlowRun()
    let interface = run.table.addInterface(Self.interface([Self.node], forwards: true))
    for var packet in script(CloseTests.handshake) {
      packet.interface = interface
      let isFromNode = (packet.source == Self.client) == isSenderHere
      packet.tunnel.type = .vxlan
      packet.tunnel.tier = 1
      packet.tunnel.id = 42
      packet.tunnel.source = isFromNode ? Self.node : Self.server
      packet.tunnel.destination = isFromNode ? Self.server : Self.node
      run.feed(packet)
    }
    run.finish()
    #expect(run.batch.flows.map(\.observationPoint) == [point])
    #expect(run.batch.flows[0].sentTunnel.id == 42)
    #expect(run.batch.flows[0].receivedTunnel.source == run.batch.flows[0].sentTunnel.destination)
    #expect(run.batch.networkMetrics.allSatisfy { $0.tunnelType == .vxlan })
  }

  /// The same packets in a tunnel and out of it are two flows, and those of two interfaces are.
  @Test func oneFlowAPlace() {
    var run = FlowRun()
    for index in 0..<2 { _ = run.table.addInterface(InterfaceDescription(name: "eth\(index)")) }
    for packet in script(CloseTests.handshake) {
      for (interface, tunnel) in [(0, 0), (1, 0), (1, 5), (1, 6)] {
        var copy = packet
        copy.interface = UInt32(interface)
        copy.tunnel.id = UInt32(tunnel)
        copy.tunnel.tier = tunnel > 0 ? 1 : 0
        run.feed(copy)
      }
    }
    run.finish()
    #expect(run.batch.flows.count == 4)
    #expect(run.batch.flows.allSatisfy { $0.figures.roundTrip.count == 1 })
  }
}

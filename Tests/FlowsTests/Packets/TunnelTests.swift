// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Flows

@Suite struct TunnelTests {
  @Test("the inner packet is the packet, the outer addresses are kept", arguments: tunnelFixtures)
  func everyTunnel(fixture: Fixture) {
    let decoded = decode(fixture.bytes)
    expectHello(decoded, from: fixture.source, to: fixture.destination, in: fixture.bytes)
    let tunnel = decoded.packet.tunnel
    #expect(tunnel.type == fixture.tunnel)
    #expect(tunnel.id == fixture.tunnelID)
    #expect(tunnel.tier == fixture.tier)
    let isOuterV4 = fixture.bytes.contains(0x45) && tunnel.source.isV4
    #expect(tunnel.source == IPAddress(isOuterV4 ? "10.0.0.1" : "2001:db8::1"))
    #expect(tunnel.destination == IPAddress(isOuterV4 ? "10.0.0.2" : "2001:db8::2"))
  }

  @Test func theInnerLinkIsTheLink() {
    let packet = decode(
      ethernet("8100 0064 0800", ipv4(17, udp(to: 4789, hex("08000000 00007b00") + innerFrame)))
    ).packet
    #expect(packet.sourceLink.description == "0a:00:00:00:00:01")
    #expect(packet.destinationLink.description == "0a:00:00:00:00:02")
    #expect(packet.vlan == 0)
  }

  /// IP in IP has no link of its own.
  @Test func withoutAnInnerLinkTheOuterOneStays() {
    let packet = decode(ethernet("8100 0064 0800", ipv4(4, innerIP))).packet
    #expect(packet.sourceLink.description == "02:00:00:00:00:01")
    #expect(packet.vlan == 100)
  }

  /// The third UDP tunnel is a flow like any other; below other headers there is none.
  @Test func aThirdTunnelStaysClosed() {
    func vxlan(_ inside: [UInt8]) -> [UInt8] {
      ethernet("0800", ipv4(17, udp(to: 4789, hex("08000000 00007b00") + inside)))
    }
    let third = decode(vxlan(vxlan(vxlan(innerFrame))))
    #expect(third.reason == nil)
    #expect(third.packet.transport == .udp && third.packet.destinationPort == 4789)
    #expect(third.packet.tunnel.tier == 2)
    #expect(decode(ethernet("0800", ipv4(4, ipv4(4, ipv4(4, innerIP))))).reason == .notIP)
    #expect(
      decode(vxlan(vxlan(ethernet("0800", ipv4(47, hex("00000800") + innerIP))))).reason == .notIP)
  }

  @Test func whatIsNotIPInsideHasNoFlow() {
    let arp = hex("ffffffffffff 0a0000000001 0806 0001 0800 06 04 0001")
    let frame = ethernet("0800", ipv4(17, udp(to: 4789, hex("08000000 00007b00") + arp)))
    #expect(decode(frame).reason == .notIP)
  }

  @Test(
    "datagrams to a tunnel's port that hold no tunnel are datagrams",
    arguments: [
      // No flag, no room, another version, a type not known, options longer than the datagram, an
      // inner header that is none.
      (4789, "00000000 00007b00"), (4789, "08000000"), (4789, ""), (6081, "c000 6558 00000300"),
      (6081, "0000 1234 00000300"), (6081, "3f00 6558 00000300"), (4790, "0c000009 00000700"),
      (4790, "00000001 00000700"),
      (8472, "08000000 00007b00 0a0000000002 0a0000000001 0800 99"),
      (4790, "0c000004 00000700 0fc1 02 01 00000aff 00"),
    ])
  func notATunnel(port: Int, text: String) {
    let decoded = decode(ethernet("0800", ipv4(17, udp(to: port, hex(text)))))
    #expect(decoded.reason == nil)
    #expect(decoded.packet.transport == .udp)
    #expect(decoded.packet.source == IPAddress("10.0.0.1"))
    #expect(Int(decoded.packet.destinationPort) == port)
    #expect(decoded.packet.tunnel == Tunnel())
    #expect(decoded.packet.payloadLength == hex(text).count)
  }

  @Test(
    "broken headers below IP are refused",
    arguments: [
      "4000 0800 00000000", "0000", "1000 88be 00000001 2000 0000 00000000",
      "1000 22eb 00000001 1000 0064 00000000 0000 0000", "3000 0800 00000001",
    ])
  func brokenTunnels(header: String) {
    #expect(decode(ethernet("0800", ipv4(47, hex(header)))).reason == .malformedPacket)
  }

  /// Interfaces that segment leave the outer lengths of the big packet, or of a small one, behind.
  @Test func theInnerLengthIsBelieved() {
    let inside = hex("08000000 00007b00") + innerFrame
    let frame = ethernet("0800", ipv4(17, udp(to: 4789, inside, length: 60)))
    expectHello(decode(frame), from: "10.244.0.1", in: frame)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Flows

@Suite struct LinkTests {
  @Test("the segment is found behind every kind of link header", arguments: linkFixtures)
  func everyLinkType(fixture: Fixture) {
    let decoded = decode(fixture.bytes, fixture.linkType)
    expectHello(decoded, from: fixture.source, to: fixture.destination, in: fixture.bytes)
    #expect(decoded.packet.vlan == fixture.vlan)
    #expect(decoded.packet.tunnel == Tunnel())
    #expect(decoded.packet.etherType == (fixture.isIPv6 ? 0x86dd : 0x0800))
    #expect(decoded.packet.frameLength == UInt32(fixture.bytes.count))
    #expect(decoded.packet.networkLength == (fixture.isIPv6 ? 87 : 67))
    #expect(decoded.packet.timeToLive == (fixture.isIPv6 ? 63 : 64))
    #expect(decoded.packet.identification == (fixture.isIPv6 ? 0 : 0x1234))
    #expect(decoded.packet.interface == 7)
    #expect(decoded.packet.time == Timestamp(nanoseconds: 1_000_000))
  }

  @Test func ethernetAddressesAreKept() {
    let packet = decode(ethernet("0800", ipv4(6, tcp(hello)))).packet
    #expect(packet.sourceLink.description == "02:00:00:00:00:01")
    #expect(packet.destinationLink.description == "02:00:00:00:00:02")
  }

  @Test(
    "a cooked header names the sender only",
    arguments: linkFixtures.filter { $0.name.hasPrefix("cooked") })
  func cookedAddress(fixture: Fixture) {
    let packet = decode(fixture.bytes, fixture.linkType).packet
    #expect(packet.sourceLink.description == "02:00:00:00:00:01")
    #expect(packet.destinationLink == .none)
  }

  @Test(
    "what is not IP has no flow",
    arguments: [
      ethernet("0806", hex("0001 0800 06 04 0001")),
      ethernet("88cc", hex("0207")),
      // IEEE 802.3: a length, then LLC.
      ethernet("0026", hex("424203 0000")),
      ethernet("8847 00010140", hex("10000021")),
      ethernet("8864 1100 0001 0000 c021", hex("0901")),
      ethernet("0800", ipv4(132, hex("d431 0050 00000000"))),
      ethernet("86dd", ipv6(59, [])),
      ethernet("0800", ipv4(47, hex("3001 880b 0004 0001") + innerIP)),
    ])
  func notIP(frame: [UInt8]) {
    #expect(decode(frame).reason == .notIP)
  }

  @Test(
    "information about a packet that is none hides no packet",
    arguments: [
      // Shorter than its own header, another version, in itself, and an unknown link.
      "00 00 0700 01000000", "01 00 0800 01000000", "00 00 0800 c0000000", "00 00 0800 93000000",
      "00 00 0800 01000100",
    ])
  func perPacketInformation(header: String) {
    let frame = hex(header) + ethernet("0800", ipv4(6, tcp(hello)))
    #expect(decode(frame, .perPacketInformation).reason == .malformedPacket)
  }

  @Test func anUnknownLinkTypeIsNotDecoded() {
    let frame = ethernet("0800", ipv4(6, tcp(hello)))
    #expect(decode(frame, LinkType(rawValue: 147)).reason == .malformedPacket)
  }
}

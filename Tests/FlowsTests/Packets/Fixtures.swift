// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

/// A frame whose innermost packet is the segment of ``tcp(_:options:)``.
struct Fixture: CustomTestStringConvertible, Sendable {
  var name: String
  var linkType: LinkType = .ethernet
  var bytes: [UInt8]
  var source = "10.0.0.1"
  var destination = "10.0.0.2"
  var vlan: UInt16 = 0
  var tunnel: TunnelType = .none
  var tunnelID: UInt32 = 0
  var tier: UInt8 = 0
  var isIPv6: Bool { source.contains(":") }

  var testDescription: String { name }
}

private let segment = ipv4(6, tcp(hello))
private let segment6 = ipv6(6, tcp(hello))

let linkFixtures = [
  Fixture(name: "Ethernet", bytes: ethernet("0800", segment)),
  Fixture(
    name: "Ethernet, IPv6", bytes: ethernet("86dd", segment6), source: "2001:db8::1",
    destination: "2001:db8::2"),
  Fixture(name: "VLAN", bytes: ethernet("8100 6064 0800", segment), vlan: 100),
  Fixture(name: "QinQ", bytes: ethernet("88a8 0005 8100 0007 0800", segment), vlan: 7),
  Fixture(name: "old QinQ", bytes: ethernet("9100 0005 8100 0fff 0800", segment), vlan: 4095),
  Fixture(name: "MPLS", bytes: ethernet("8847 00010140", segment)),
  Fixture(name: "MPLS labels", bytes: ethernet("8847 00010040 00020040 00030140", segment)),
  Fixture(
    name: "MPLS multicast, IPv6", bytes: ethernet("8848 00010140", segment6),
    source: "2001:db8::1", destination: "2001:db8::2"),
  Fixture(
    name: "MPLS pseudowire, control word",
    bytes: ethernet("8847 00010140 00000000", ethernet("8100 0009 0800", segment)), vlan: 9),
  Fixture(
    name: "MPLS pseudowire, bare",
    bytes: ethernet("8847 00010140", hex("e00000000002 020000000001 0800") + segment)),
  Fixture(name: "PPPoE", bytes: ethernet("8864 1100 0001 0000 0021", segment)),
  Fixture(
    name: "cooked", linkType: .linuxCooked,
    bytes: hex("0000 0001 0006 020000000001 0000 0800") + segment),
  Fixture(
    name: "cooked, VLAN", linkType: .linuxCooked,
    bytes: hex("0000 0001 0006 020000000001 0000 8100 0064 0800") + segment, vlan: 100),
  Fixture(
    name: "cooked, version 2", linkType: .linuxCookedV2,
    bytes: hex("0800 0000 00000003 0001 00 06 020000000001 0000") + segment),
  Fixture(
    name: "PPI, no fields", linkType: .perPacketInformation,
    bytes: hex("00 00 0800 01000000") + ethernet("0800", segment)),
  Fixture(
    name: "PPI, a field, cooked", linkType: .perPacketInformation,
    bytes: hex("00 01 1000 71000000 0300 0400 01020304")
      + hex("0000 0001 0006 020000000001 0000 0800") + segment),
  Fixture(name: "raw", linkType: .raw, bytes: segment),
  Fixture(name: "raw 12", linkType: LinkType(rawValue: 12), bytes: segment),
  Fixture(
    name: "raw 14, IPv6", linkType: LinkType(rawValue: 14), bytes: segment6,
    source: "2001:db8::1", destination: "2001:db8::2"),
  Fixture(name: "IPv4", linkType: .ipv4, bytes: segment),
  Fixture(
    name: "IPv6", linkType: .ipv6, bytes: segment6, source: "2001:db8::1",
    destination: "2001:db8::2"),
  Fixture(name: "null, little-endian", linkType: .null, bytes: hex("02000000") + segment),
  Fixture(
    name: "null, big-endian, IPv6", linkType: .null, bytes: hex("0000001e") + segment6,
    source: "2001:db8::1", destination: "2001:db8::2"),
  Fixture(
    name: "loop, IPv6", linkType: .loop, bytes: hex("00000018") + segment6,
    source: "2001:db8::1", destination: "2001:db8::2"),
  Fixture(name: "PPP", linkType: .ppp, bytes: hex("ff03 0021") + segment),
  Fixture(name: "PPP, compressed", linkType: .ppp, bytes: hex("21") + segment),
  Fixture(
    name: "PPP in HDLC, IPv6", linkType: .pppHDLC, bytes: hex("ff03 0057") + segment6,
    source: "2001:db8::1", destination: "2001:db8::2"),
  Fixture(name: "PPP, MPLS", linkType: .ppp, bytes: hex("ff03 0281 00010140") + segment),
  Fixture(name: "Cisco HDLC", linkType: .pppHDLC, bytes: hex("0f00 0800") + segment),
]

private func tunnelled(
  _ name: String, _ bytes: [UInt8], _ type: TunnelType, id: UInt32 = 0, tier: UInt8 = 1
) -> Fixture {
  Fixture(
    name: name, bytes: bytes, source: "10.244.0.1", tunnel: type, tunnelID: id, tier: tier)
}

private func overUDP(_ port: Int, _ header: String, _ inside: [UInt8]) -> [UInt8] {
  ethernet("0800", ipv4(17, udp(to: port, hex(header) + inside)))
}

private func overGRE(_ header: String, _ inside: [UInt8]) -> [UInt8] {
  ethernet("0800", ipv4(47, hex(header) + inside))
}

let tunnelFixtures = [
  tunnelled("VXLAN", overUDP(4789, "08000000 00007b00", innerFrame), .vxlan, id: 123),
  tunnelled("VXLAN of Linux", overUDP(8472, "08000000 ffffff00", innerFrame), .vxlan, id: 0xffffff),
  tunnelled("VXLAN of Weave", overUDP(6784, "88000001 00000100", innerFrame), .vxlan, id: 1),
  tunnelled(
    "VXLAN between equal ports",
    hex("ffff3e70073e 020000000001 0800")
      + ipv4(17, udp(from: 58678, to: 58678, hex("08000000 00000100") + innerFrame)),
    .vxlan, id: 1),
  tunnelled(
    "VXLAN, VLAN outside",
    ethernet("8100 0064 0800", ipv4(17, udp(to: 4789, hex("08000000 00007b00") + innerFrame))),
    .vxlan, id: 123),
  tunnelled("Geneve", overUDP(6081, "0000 6558 00000300", innerFrame), .geneve, id: 3),
  tunnelled(
    "Geneve with options", overUDP(6081, "0240 6558 00000300 01028001 01bd01be", innerFrame),
    .geneve, id: 3),
  tunnelled("Geneve, IP", overUDP(6081, "0000 0800 00000300", innerIP), .geneve, id: 3),
  tunnelled("GRE", overGRE("0000 0800", innerIP), .gre),
  tunnelled(
    "GRE with everything", overGRE("b000 0800 00000000 01020304 00000001", innerIP), .gre,
    id: 0x0102_0304),
  tunnelled("GRE with a key", overGRE("2000 0800 00000007", innerIP), .gre, id: 7),
  tunnelled("GRE, MPLS", overGRE("0000 8847 00010140", innerIP), .gre),
  tunnelled("TEB", overGRE("2000 6558 02000000", innerFrame), .gre, id: 0x0200_0000),
  tunnelled("ERSPAN I", overGRE("0000 88be", innerFrame), .gre),
  tunnelled(
    "ERSPAN II", overGRE("1000 88be 00000001 1064 1bff 00000000", innerFrame), .gre, id: 0x3ff),
  tunnelled(
    "ERSPAN III", overGRE("1000 22eb 00000001 2000 0064 00000000 0000 0000", innerFrame), .gre,
    id: 100),
  tunnelled(
    "ERSPAN III with a subheader",
    overGRE("1000 22eb 00000001 2000 0064 00000000 0000 0001 0102030405060708", innerFrame), .gre,
    id: 100),
  tunnelled(
    "ERSPAN III, IP", overGRE("1000 22eb 00000001 2000 0064 00000000 0000 0800", innerIP), .gre,
    id: 100),
  tunnelled("IPIP", ethernet("0800", ipv4(4, innerIP)), .ipip),
  tunnelled("4in6", ethernet("86dd", ipv6(4, innerIP)), .ipip),
  Fixture(
    name: "6in4", bytes: ethernet("0800", ipv4(41, segment6)), source: "2001:db8::1",
    destination: "2001:db8::2", tunnel: .ipip, tier: 1),
  Fixture(
    name: "6in6", bytes: ethernet("86dd", ipv6(41, segment6)), source: "2001:db8::1",
    destination: "2001:db8::2", tunnel: .ipip, tier: 1),
  tunnelled("GPE, IP", overUDP(4790, "0c000001 00000700", innerIP), .vxlanGPE, id: 7),
  tunnelled("GPE, Ethernet", overUDP(4790, "0c000003 00000700", innerFrame), .vxlanGPE, id: 7),
  tunnelled("GPE without a type", overUDP(4790, "08000000 00000700", innerFrame), .vxlanGPE, id: 7),
  tunnelled(
    "GPE, MPLS", overUDP(4790, "0c000005 00000700 00010140", innerIP), .vxlanGPE, id: 7),
  tunnelled(
    "NSH", overUDP(4790, "0c000004 00000700 0fc2 02 01 00000aff", innerIP), .vxlanGPE, id: 7),
  tunnelled(
    "NSH with metadata, Ethernet",
    overUDP(
      4790, "0c000004 00000700 0fc6 01 03 00000aff 00112233445566778899aabbccddeeff", innerFrame),
    .vxlanGPE, id: 7),
  tunnelled(
    "VXLAN in GRE",
    overGRE(
      "2000 0800 00000009", ipv4(17, udp(to: 4789, hex("08000000 00007b00") + innerFrame))),
    .gre, id: 9, tier: 2),
  tunnelled(
    "IPIP in VXLAN",
    overUDP(
      4789, "08000000 00007b00",
      ethernet("8100 0005 0800", ipv4(4, innerIP, source: "0a010001"))), .vxlan, id: 123, tier: 2),
]

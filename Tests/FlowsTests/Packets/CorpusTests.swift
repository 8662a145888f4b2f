// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

/// Captures of real networks, next to the project; without them these tests have nothing to read. What
/// is expected was read off with `tshark -r FILE -V`.
@Suite struct CorpusTests {
  /// The flow, payload and tunnel of every frame of one capture, as text, or why there is none.
  private func decoded(_ path: String) throws -> [String] {
    var decoder = PacketDecoder(limits: FragmentLimits())
    var packet = DecodedPacket()
    return try packets(inCaptureFile: path).map { frame in
      if let reason = decoder.decode(frame.captured, frame.bytes.span, into: &packet) {
        return reason.name
      }
      return text(of: packet)
    }
  }

  private func text(of packet: DecodedPacket) -> String {
    let ends = "\(packet.source) > \(packet.destination)"
    var text =
      switch packet.transport {
      case .tcp: "tcp \(ends) \(packet.sourcePort) \(packet.destinationPort)"
      case .udp: "udp \(ends) \(packet.sourcePort) \(packet.destinationPort)"
      default:
        "icmp \(ends) \(packet.icmpType) \(packet.icmpIdentifier) \(packet.icmpSequence)"
      }
    text += " \(packet.payloadLength)"
    if packet.vlan > 0 { text += " vlan \(packet.vlan)" }
    let tunnel = packet.tunnel
    if tunnel.tier > 0 {
      text += " in \(tunnel.type.rawValue)/\(tunnel.tier) \(tunnel.id)"
      text += " \(tunnel.source) > \(tunnel.destination)"
    }
    return text
  }

  private func expectTunnel(_ name: String, _ expected: [String]) throws {
    let path = corpusCaptures("tunnels").first { $0.hasSuffix("/" + name) }
    guard let path else {
      print("the corpus of captures is not next to the project: \(name) is not read")
      return
    }
    #expect(try decoded(path) == expected)
  }

  @Test func ipip() throws {
    try expectTunnel(
      "ipip.pcap",
      [
        """
        tcp 27.36.55.113 > 210.21.210.241 49249 60030 0 vlan 253 \
        in 2/1 0 10.162.42.93 > 10.162.33.164
        """,
        """
        tcp 210.21.210.241 > 27.36.55.113 60030 49249 0 vlan 253 \
        in 2/1 0 10.162.33.164 > 10.162.42.93
        """,
        """
        icmp 10.162.12.112 > 117.169.70.33 8 11926 1 1400 vlan 252 \
        in 2/1 0 10.162.12.112 > 10.162.45.139
        """,
        """
        tcp 61.144.252.235 > 183.9.205.187 60029 31356 374 vlan 253 \
        in 2/1 0 10.162.33.164 > 10.162.42.85
        """,
        """
        tcp 61.144.252.235 > 183.9.205.187 60029 31356 38 vlan 253 \
        in 2/1 0 10.162.33.164 > 10.162.42.85
        """,
      ])
  }

  @Test func geneve() throws {
    try expectTunnel(
      "geneve.pcap",
      [
        "icmp 10.156.0.19 > 10.156.0.28 8 51952 32 56 in 4/1 3 158.243.143.4 > 158.243.143.3",
        "icmp 10.156.0.28 > 10.156.0.19 0 51952 32 56 in 4/1 3 158.243.143.3 > 158.243.143.4",
        "icmp 10.156.0.50 > 10.156.0.19 8 138 0 16 in 4/1 3 158.243.143.2 > 158.243.143.4",
        "icmp 10.156.0.19 > 10.156.0.50 0 138 0 16 in 4/1 3 158.243.143.4 > 158.243.143.2",
      ])
  }

  /// The destination's address begins with all ones and the ports are equal: not a port of VXLAN, and
  /// tshark shows only a datagram. Inside is `GET / HTTP/1.1`.
  @Test func vxlanBetweenEqualPorts() throws {
    try expectTunnel(
      "ff-vxlan.pcap",
      ["tcp 10.244.0.34 > 10.244.1.73 51854 80 75 in 1/1 1 10.50.15.7 > 10.50.15.20"])
  }

  /// The outer UDP header says 1008 bytes, the inner IPv6 header fits the frame of 1514. tshark takes
  /// the former (906 bytes of payload), but the record goes on.
  @Test func vxlanOverIPv6() throws {
    try expectTunnel(
      "ip6-vxlan.pcap",
      [
        """
        tcp 2409:8086:8911:3123::7e3 > 2409:8086:8911:3123::7d1 30100 47202 1358 \
        in 1/1 27 2409:8086:8911:1901::23f > 2409:8086:8911:1901::23d
        """
      ])
  }

  @Test func vxlanGPEWithNSH() throws {
    try expectTunnel(
      "vxlan-nsh.pcap",
      ["icmp 172.16.3.10 > 172.16.3.11 8 8365 16 56 in 5/1 0 29.29.14.47 > 29.29.14.211"])
  }

  /// ERSPAN II, VXLAN, ERSPAN III; the first frame has CDP inside.
  @Test func mirrors() throws {
    try expectTunnel(
      "decapsulate_test.pcap",
      [
        "not_ip",
        "icmp 23.0.0.2 > 23.0.0.3 8 22 0 72 in 3/1 100 2.2.2.2 > 1.1.1.1",
        "icmp 192.168.1.5 > 192.168.1.24 8 2002 9502 56 in 1/1 123 172.16.1.103 > 172.20.1.171",
        """
        icmp 192.168.13.30 > 192.168.13.7 8 11346 3626 56 \
        in 3/1 0 172.16.1.103 > 10.30.101.132
        """,
      ])
  }

  @Test func erspanOfTypeI() throws {
    guard let path = corpusCaptures("tunnels").first(where: { $0.hasSuffix("erspan1.pcap") }) else {
      return print("the corpus of captures is not next to the project: ERSPAN I is not read")
    }
    let frames = try decoded(path)
    #expect(frames.count == 1029)
    #expect(
      frames[5]
        == """
        tcp 172.28.141.157 > 172.28.50.55 8030 2947 161 vlan 21 \
        in 3/1 0 172.28.25.108 > 172.28.28.70
        """)
    #expect(frames.filter { $0.hasPrefix("tcp ") }.count == 1029)
    #expect(frames.filter { $0.hasSuffix("172.28.25.108 > 172.28.28.70") }.count == 1029)
    #expect(frames.filter { $0.contains(" vlan ") }.count == 436)
  }

  @Test func transparentBridging() throws {
    guard let path = corpusCaptures("tunnels").first(where: { $0.hasSuffix("gre-teb.pcap") }) else {
      return print("the corpus of captures is not next to the project: TEB is not read")
    }
    let frames = try decoded(path)
    #expect(frames.count == 57)
    #expect(
      frames[0]
        == """
        icmp 172.16.6.1 > 172.16.6.119 8 5096 51712 56 \
        in 3/1 33554432 10.25.6.6 > 10.25.59.67
        """)
    #expect(
      frames[14] == "udp 10.25.88.1 > 10.25.88.89 123 50037 48 in 3/1 0 10.25.6.6 > 10.25.59.67")
    #expect(frames.filter { $0.hasPrefix("icmp ") }.count == 54)
    #expect(frames.filter { $0.hasPrefix("udp ") }.count == 2)
    #expect(frames.filter { $0 == "not_ip" }.count == 1)
  }

  /// Six datagrams of 3000 bytes, each in three packets.
  @Test func fragments() throws {
    guard let path = corpusCaptures("flow").first(where: { $0.hasSuffix("ip-fragment.pcap") })
    else {
      return print("the corpus of captures is not next to the project: fragments are not read")
    }
    let parts = [1472, 1480, 48].map { "udp 10.1.6.92 > 10.1.4.2 1000 2000 \($0)" }
    #expect(try decoded(path) == Array(repeating: parts, count: 6).flatMap { $0 })
  }

  /// All captures: everything that is IP has its flow. One frame is CDP and one LLDP.
  @Test func everyCaptureIsDecoded() throws {
    let paths = corpusCaptures("")
    guard !paths.isEmpty else { return print("the corpus of captures is not next to the project") }
    var counts: [String: Int] = [:]
    for path in paths {
      for text in try decoded(path) {
        counts[String(text.prefix { $0 != " " }), default: 0] += 1
      }
    }
    #expect(counts == ["tcp": 24_240, "udp": 33, "icmp": 63, "not_ip": 2])
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Flows

@Suite struct FragmentTests {
  private var decoder = PacketDecoder(limits: FragmentLimits())

  private let datagram = udp(to: 5000, Array(repeating: 0x61, count: 100))

  /// The datagram in three packets of 40, 40 and 28 bytes.
  private func fragments(identification: String = "1234") -> [[UInt8]] {
    ["2000", "2005", "000a"].enumerated().map { index, place in
      let part = datagram[(index * 40)..<min(index * 40 + 40, datagram.count)]
      return ethernet(
        "0800", ipv4(17, Array(part), place: place, identification: identification))
    }
  }

  @Test mutating func laterFragmentsHaveThePortsOfTheFirst() {
    let parts = fragments()
    let first = decode(parts[0], with: &decoder)
    #expect(first.reason == nil)
    #expect(!first.packet.isLaterFragment && first.packet.hasMoreFragments)
    // What the datagram still has is in the others: nobody may take it for whole.
    #expect(first.packet.payloadLength == 32 && first.packet.payloadCaptured == 32)
    #expect(first.packet.isPayloadCut)
    for (index, length) in [(1, 40), (2, 28), (1, 40)] {
      let later = decode(parts[index], with: &decoder)
      #expect(later.reason == nil)
      #expect(later.packet.isLaterFragment)
      #expect(later.packet.hasMoreFragments == (index == 1))
      #expect(later.packet.transport == .udp)
      #expect(later.packet.sourcePort == 54321 && later.packet.destinationPort == 5000)
      #expect(later.packet.payloadOffset == 34)
      #expect(later.packet.payloadLength == length && later.packet.payloadCaptured == length)
    }
  }

  @Test mutating func aLaterFragmentBeforeItsFirstIsCounted() {
    let parts = fragments()
    #expect(decode(parts[1], with: &decoder).reason == .fragmentMissing)
    #expect(decode(parts[0], with: &decoder).reason == nil)
    #expect(decode(parts[1], with: &decoder).reason == nil)
  }

  @Test mutating func anotherIdentificationIsAnotherPacket() {
    #expect(decode(fragments()[0], with: &decoder).reason == nil)
    let other = fragments(identification: "1235")[1]
    #expect(decode(other, with: &decoder).reason == .fragmentMissing)
  }

  @Test mutating func aFirstFragmentIsForgottenAfterAWhile() {
    let parts = fragments()
    #expect(decode(parts[0], milliseconds: 1_000, with: &decoder).reason == nil)
    #expect(decode(parts[1], milliseconds: 31_000, with: &decoder).reason == nil)
    #expect(decode(parts[1], milliseconds: 31_001, with: &decoder).reason == .fragmentMissing)
    // The clock of a capture may jump back.
    #expect(decode(parts[1], milliseconds: -40_000, with: &decoder).reason == .fragmentMissing)
  }

  /// A packet may be sent again under the same number, to another port.
  @Test mutating func theLatestFirstFragmentCounts() {
    #expect(decode(fragments()[0], with: &decoder).reason == nil)
    let other = ethernet("0800", ipv4(17, udp(to: 6000, hello + hello), place: "2000"))
    #expect(decode(other, with: &decoder).reason == nil)
    #expect(decode(fragments()[1], with: &decoder).packet.destinationPort == 6000)
  }

  @Test mutating func fragmentsOfWhatHasNoFlowsAreNotMissed() {
    let frame = ethernet("0800", ipv4(132, hello, place: "0005"))
    #expect(decode(frame, with: &decoder).reason == .notIP)
  }

  @Test mutating func fragmentsOfIPv6() {
    // Behind the fragment header of the first comes another extension header.
    let inside = hex("1100 0104 00000000") + datagram
    let parts = [(0, "3c00 0001 00010009"), (40, "3c00 0029 00010009"), (80, "3c00 0050 00010009")]
      .map { start, header in
        ethernet("86dd", ipv6(44, hex(header) + inside[start..<min(start + 40, inside.count)]))
      }
    #expect(decode(parts[2], with: &decoder).reason == .fragmentMissing)
    let first = decode(parts[0], with: &decoder)
    #expect(first.reason == nil)
    #expect(first.packet.payloadLength == 24 && first.packet.isPayloadCut)
    let last = decode(parts[2], with: &decoder)
    #expect(last.reason == nil)
    #expect(last.packet.transport == .udp)
    #expect(last.packet.destinationPort == 5000 && last.packet.source == IPAddress("2001:db8::1"))
    #expect(last.packet.payloadLength == 36)
  }

  /// The parts of a segment have their own sequence numbers, so that they can be put in order.
  @Test mutating func fragmentsOfASegment() {
    var segment = tcp(hello + hello)
    segment[13] |= 0x01
    let parts = [(0, 40, "2000"), (40, 56, "2005"), (56, 62, "0007")].map { start, end, place in
      ethernet("0800", ipv4(6, Array(segment[start..<end]), place: place))
    }
    let decoded = parts.map { decode($0, with: &decoder) }
    #expect(decoded.map(\.reason) == [nil, nil, nil])
    #expect(decoded.map(\.packet.sequence) == [0x0102_0304, 0x0102_030c, 0x0102_031c])
    #expect(decoded.map(\.packet.payloadLength) == [8, 16, 6])
    #expect(decoded.map(\.packet.flags) == [[.ack], [.ack], [.ack, .psh, .fin]])
    #expect(decoded.map(\.packet.options.timestampValue) == [0xaabb_ccdd, 0, 0])
  }

  @Test mutating func fragmentsOfATunnelBelongToTheInnerFlow() {
    let inside = udp(to: 4789, hex("08000000 00007b00") + innerFrame + Array("more".utf8))
    let first = ethernet("0800", ipv4(17, Array(inside[..<88]), place: "2000"))
    let last = ethernet("0800", ipv4(17, Array(inside[88...]), place: "000b"))
    let head = decode(first, with: &decoder)
    #expect(head.reason == nil)
    #expect(head.packet.isPayloadCut)
    #expect(head.packet.payloadLength == hello.count)
    let rest = decode(last, with: &decoder)
    #expect(rest.reason == nil)
    #expect(rest.packet.source == IPAddress("10.244.0.1") && rest.packet.destinationPort == 80)
    #expect(rest.packet.tunnel == head.packet.tunnel)
    #expect(rest.packet.flags == .ack && rest.packet.sequence == 0x0102_0313)
    #expect(rest.packet.payloadLength == 0, "the first says the length of the whole inner packet")
  }

  /// The same addresses and numbers in two tunnels are two packets.
  @Test mutating func fragmentsInTunnelsAreKeptApart() {
    func tunnelled(_ id: String, _ part: Int) -> [UInt8] {
      ethernet("0800", ipv4(17, udp(to: 4789, hex("08000000" + id) + fragments()[part])))
    }
    #expect(decode(tunnelled("00000100", 0), with: &decoder).reason == nil)
    #expect(decode(tunnelled("00000200", 1), with: &decoder).reason == .fragmentMissing)
    let later = decode(tunnelled("00000100", 1), with: &decoder)
    #expect(later.reason == nil)
    #expect(later.packet.destinationPort == 5000 && later.packet.payloadLength == 40)
  }

  @Test func theTableIsBounded() {
    var limits = FragmentLimits()
    limits.entries = 16
    var decoder = PacketDecoder(limits: limits)
    let identifications = (0..<1_000).map { index in
      String(String(0x10000 + index, radix: 16).dropFirst())
    }
    for (index, identification) in identifications.enumerated() {
      let first = fragments(identification: identification)[0]
      #expect(decode(first, milliseconds: Int64(index), with: &decoder).reason == nil)
    }
    let known = identifications.filter { identification in
      let later = fragments(identification: identification)[1]
      return decode(later, milliseconds: 1_000, with: &decoder).reason == nil
    }
    #expect(known.count == 16)
    #expect(known.allSatisfy { $0 > "03a0" }, "the oldest of a group goes first: \(known)")
  }
}

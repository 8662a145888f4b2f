// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

@Suite struct HostileTests {
  /// What holds of every packet, whatever the bytes were.
  private func check(_ decoded: Decoded, captured: Int) {
    guard decoded.reason == nil else {
      let reasons: [LossReason] = [.notIP, .snapLength, .malformedPacket, .fragmentMissing]
      #expect(decoded.reason.map(reasons.contains) == true)
      return
    }
    let packet = decoded.packet
    let isSane =
      packet.payloadOffset >= 0 && packet.payloadCaptured >= 0 && packet.tunnel.tier <= 2
      && packet.payloadOffset + packet.payloadCaptured <= captured
      && packet.payloadCaptured <= packet.payloadLength
      && packet.payloadLength <= max(65_535, captured)
    // One expectation for all: a hundred thousand packets come this way.
    #expect(isSane, "\(packet)")
  }

  @Test(
    "a frame cut anywhere is a packet or has a reason", arguments: linkFixtures + tunnelFixtures)
  func everyCut(fixture: Fixture) {
    let whole = decode(fixture.bytes, fixture.linkType).packet
    // Behind the fixed part of the TCP header nothing is missed.
    let needed = whole.payloadOffset - 12
    for count in 0..<fixture.bytes.count {
      let bytes = Array(fixture.bytes.prefix(count))
      let cut = decode(bytes, fixture.linkType, length: fixture.bytes.count)
      check(cut, captured: count)
      #expect(cut.reason == (count < needed ? .snapLength : nil), "cut at \(count)")
      if cut.reason == nil {
        #expect(cut.packet.payloadLength == hello.count)
        #expect(cut.packet.payloadCaptured == max(0, count - whole.payloadOffset))
      }
      // The same bytes as a frame that says it is whole.
      check(decode(bytes, fixture.linkType), captured: count)
    }
  }

  @Test("a frame with every byte changed in turn", arguments: linkFixtures + tunnelFixtures)
  func everyByte(fixture: Fixture) {
    var decoder = PacketDecoder(limits: FragmentLimits())
    for index in fixture.bytes.indices {
      for value in [UInt8(0), 0xff, fixture.bytes[index] ^ 0x80, fixture.bytes[index] &+ 1] {
        var bytes = fixture.bytes
        bytes[index] = value
        check(decode(bytes, fixture.linkType, with: &decoder), captured: bytes.count)
      }
    }
  }

  @Test(arguments: [UInt64(1), 20_261_123])
  func randomChanges(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let fixtures = linkFixtures + tunnelFixtures
    let types: [LinkType] = [.null, .ethernet, .ppp, .raw, .linuxCooked, .linuxCookedV2, .ipv6]
    var decoder = PacketDecoder(limits: FragmentLimits())
    for _ in 0..<50_000 {
      guard let fixture = fixtures.randomElement(using: &random) else { continue }
      var bytes = fixture.bytes
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if Int.random(in: 0..<4, using: &random) == 0 {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      }
      let type =
        Int.random(in: 0..<8, using: &random) == 0 ? types.randomElement(using: &random) : nil
      let decoded = decode(
        bytes, type ?? fixture.linkType, length: Int.random(in: 0...1_600, using: &random),
        milliseconds: Int64.random(in: -100_000...100_000, using: &random), with: &decoder)
      check(decoded, captured: bytes.count)
    }
  }

  @Test func noiseIsNotAPacket() {
    var random = SeededGenerator(seed: 3)
    var decoder = PacketDecoder(limits: FragmentLimits())
    for _ in 0..<20_000 {
      let bytes = random.bytes(count: Int.random(in: 0...128, using: &random))
      let type = LinkType(rawValue: UInt16.random(in: 0...300, using: &random))
      check(decode(bytes, type, with: &decoder), captured: bytes.count)
    }
  }

  /// Headers that lead to one another for as long as the frame goes on.
  @Test(arguments: ["8100 0001", "88a8 0001", "8847 00010140 00000000 000000000000 000000000000"])
  func endlessLinkHeaders(text: String) {
    let frame = ethernet("", Array(repeating: hex(text), count: 3_000).flatMap { $0 })
    #expect(decode(frame).reason == .malformedPacket)
  }

  @Test func endlessLabels() {
    let frame = ethernet("8847", Array(repeating: hex("00010040"), count: 3_000).flatMap { $0 })
    #expect(decode(frame).reason == .malformedPacket)
  }
}

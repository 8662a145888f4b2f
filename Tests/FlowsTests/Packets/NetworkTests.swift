// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Flows

@Suite struct NetworkTests {
  /// Short frames are filled up to 60 bytes, and some switches add trailers.
  @Test func paddingIsNotPayload() {
    let frame = ethernet("0800", ipv4(17, udp(to: 53, hex("01020304")))) + hex("000000000000")
    let packet = decode(frame).packet
    #expect(packet.payloadLength == 4 && packet.payloadCaptured == 4)
    #expect(packet.networkLength == 32)
    #expect(packet.frameLength == 52)
  }

  @Test func optionsOfIPv4AreSkipped() {
    let frame = ethernet("0800", ipv4(6, tcp(hello), options: "94040000 07070400 00000000"))
    expectHello(decode(frame), in: frame)
  }

  /// Frames that the interface will cut up have no total length (yet).
  @Test(
    "without a total length the packet fills its frame",
    arguments: [
      ethernet("0800", ipv4(6, tcp(hello), total: 0)),
      ethernet("86dd", ipv6(6, tcp(hello), payload: 0)),
      ethernet("86dd", ipv6(0, hex("0600 c204 00000043") + tcp(hello), payload: 0)),
    ])
  func segmentationOffload(frame: [UInt8]) {
    let decoded = decode(frame)
    #expect(decoded.reason == nil)
    #expect(decoded.packet.payloadLength == hello.count)
    #expect(Int(decoded.packet.networkLength) == frame.count - 14)
  }

  @Test(
    "extension headers are walked",
    arguments: [
      // Hop-by-hop, destination, routing, authentication, mobility, an atomic fragment, all of them.
      (0, "0600 0104 00000000"), (60, "0600 0104 00000000"),
      (43, "0602 0400 00000000 20010db8000000000000000000000003"),
      (51, "0604 0000 00000001 00000001 000102030405060708090a0b"),
      (135, "0600 0000 00000000"), (44, "0600 0000 00000009"),
      (
        0,
        """
        3c00 0104 00000000  2b00 0104 00000000  2c00 0000 00000000  3300 0000 00000009
        0601 0000 00000001 00000001
        """
      ),
    ])
  func extensionHeaders(first: UInt8, headers: String) {
    let frame = ethernet("86dd", ipv6(first, hex(headers) + tcp(hello)))
    expectHello(decode(frame), from: "2001:db8::1", to: "2001:db8::2", in: frame)
  }

  @Test func aChainOfExtensionHeadersIsBounded() {
    let chain = Array(repeating: hex("0000 0104 00000000"), count: 40).flatMap { $0 }
    let frame = ethernet("86dd", ipv6(0, chain + tcp(hello)))
    #expect(decode(frame).reason == .malformedPacket)
  }

  @Test(
    "headers that contradict themselves are refused",
    arguments: [
      // A version that the link does not announce, a header too short, a length below the header's.
      ethernet("0800", hex("65") + ipv4(6, tcp(hello)).dropFirst()),
      ethernet("0800", hex("44") + ipv4(6, tcp(hello)).dropFirst()),
      ethernet("0800", ipv4(6, tcp(hello), total: 19)),
      ethernet("86dd", hex("40") + ipv6(6, tcp(hello)).dropFirst()),
      // No room for the transport header, or for an extension header as long as it says.
      ethernet("0800", ipv4(6, tcp(hello), total: 39)),
      ethernet("0800", ipv4(17, udp(to: 53, hello), total: 27)),
      ethernet("0800", ipv4(17, udp(to: 53, hello, length: 7))),
      ethernet("0800", ipv4(1, hex("0800 0000"))),
      ethernet("86dd", ipv6(0, hex("06ff 0104 00000000") + tcp(hello))),
      // TCP headers shorter than 20 bytes, and longer than the packet.
      ethernet("0800", ipv4(6, hex("d431 0050 01020304 05060708 4018 01f5 0000 0000"))),
      ethernet("0800", ipv4(6, hex("d431 0050 01020304 05060708 6018 01f5 0000 0000"))),
    ])
  func contradictions(frame: [UInt8]) {
    #expect(decode(frame).reason == .malformedPacket)
  }

  /// Some captures are cut to their heads without saying so; the IP header still knows the length.
  @Test func theIPHeaderIsBelievedBeyondTheFrame() {
    let decoded = decode(ethernet("0800", ipv4(6, tcp([]), total: 652)))
    #expect(decoded.reason == nil)
    #expect(decoded.packet.payloadLength == 600 && decoded.packet.payloadCaptured == 0)
    #expect(decoded.packet.isPayloadCut)
  }

  @Test func aSnapLengthCutsThePayload() {
    let frame = ethernet("0800", ipv4(6, tcp(hello)))
    let decoded = decode(Array(frame.dropLast(5)), length: frame.count)
    #expect(decoded.reason == nil)
    #expect(decoded.packet.payloadLength == 15 && decoded.packet.payloadCaptured == 10)
    #expect(decoded.packet.frameLength == UInt32(frame.count))
    #expect(decoded.packet.isPayloadCut)
  }

  /// A snap length of 64 leaves a TCP header without its options, which is enough for the flow.
  @Test func cutOptionsAreDoneWithout() {
    let frame = ethernet("0800", ipv4(6, tcp(hello)))
    let decoded = decode(Array(frame.prefix(60)), length: frame.count)
    #expect(decoded.reason == nil)
    #expect(decoded.packet.sequence == 0x0102_0304)
    #expect(decoded.packet.options.timestampValue == 0)
    #expect(decoded.packet.payloadOffset == 60)
    #expect(decoded.packet.payloadLength == 15 && decoded.packet.payloadCaptured == 0)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Flows

@Suite struct TransportTests {
  private func options(_ text: String) -> TCPOptions {
    let decoded = decode(ethernet("0800", ipv4(6, tcp(hello, options: text))))
    #expect(decoded.reason == nil)
    #expect(decoded.packet.payloadLength == hello.count)
    return decoded.packet.options
  }

  @Test func optionsOfAHandshake() {
    let all = options("020405b4 0402 080a 11111111 22222222 01 030307")
    #expect(all.maximumSegment == 1460)
    #expect(all.permitsSelectiveAcknowledgement)
    #expect(all.timestampValue == 0x1111_1111 && all.timestampEcho == 0x2222_2222)
    #expect(all.windowScale == 7)
  }

  @Test func aWindowScaleOfZeroIsOffered() {
    #expect(options("030300 01").windowScale == 0)
    #expect(options("01010101").windowScale == nil)
  }

  /// RFC 7323 section 2.3.
  @Test func aWindowScaleIsAtMostFourteen() {
    #expect(options("0303ff 01").windowScale == 14)
  }

  @Test(arguments: 1...4)
  func selectiveBlocksAreCounted(blocks: Int) {
    let text = (0..<blocks).map { "0000\($0)000 0000\($0)fff" }.joined()
    let options = options("0101 05" + (blocks == 4 ? "22" : ["0a", "12", "1a"][blocks - 1]) + text)
    #expect(Int(options.selectiveBlocks) == blocks)
    #expect(options.firstBlock == (0, 0xfff))
  }

  @Test(arguments: ["fe", "fd"])
  func theClientBehindABalancerIsTold(kind: String) {
    let v4 = options(kind + "08 d431 c0000201")
    #expect(v4.realAddress == IPAddress("192.0.2.1") && v4.realPort == 54321)
    let v6 = options(kind + "14 d431 20010db8 00000000 00000000 00000009")
    #expect(v6.realAddress == IPAddress("2001:db8::9") && v6.realPort == 54321)
  }

  @Test(
    "wrong options end the reading, not the packet",
    arguments: [
      // Lengths of 0, 1 and beyond the header; a kind without its length; lengths not of the kind.
      "0800 0000 020405b4", "0801 0000 020405b4", "02ff 05b4", "01010102", "0203 05b4 00000000",
      "00 020405b4 000000", "0508 00000000 0000 01010101",
    ])
  func wrongOptions(text: String) {
    let options = options(text)
    #expect(options.maximumSegment == 0)
    #expect(options.selectiveBlocks == 0)
  }

  @Test func allFlagsAreKept() {
    var segment = tcp(hello)
    segment[12] |= 1
    segment[13] = 0xff
    let packet = decode(ethernet("0800", ipv4(6, segment))).packet
    #expect(packet.flags.rawValue == 0x1ff)
  }

  @Test func aDatagram() {
    let frame = ethernet("0800", ipv4(17, udp(from: 40000, to: 53, hello)))
    let decoded = decode(frame)
    #expect(decoded.reason == nil)
    #expect(decoded.packet.transport == .udp)
    #expect(decoded.packet.sourcePort == 40000 && decoded.packet.destinationPort == 53)
    #expect(decoded.packet.payloadOffset == 42 && decoded.packet.payloadLength == hello.count)
  }

  /// The UDP length may be less than what IP carries (RFC 9868), 0 before an offload, or a lie.
  @Test(arguments: [(12, 4), (0, 15), (8, 0), (9000, 15)])
  func lengthsOfADatagram(length: Int, payload: Int) {
    let decoded = decode(ethernet("0800", ipv4(17, udp(to: 53, hello, length: length))))
    #expect(decoded.reason == nil)
    #expect(decoded.packet.payloadLength == payload)
    #expect(decoded.packet.payloadCaptured == payload)
  }

  @Test(
    "ICMP has types, and identifiers where the type has",
    arguments: [
      (UInt8(1), "0800 0000 2c52 0e2a 6162", UInt8(8), UInt8(0), UInt16(0x2c52), UInt16(0xe2a)),
      (1, "0000 0000 2c52 0e2a 6162", 0, 0, 0x2c52, 0xe2a),
      (1, "0301 0000 0000 05dc 4500", 3, 1, 0, 0),
      (1, "0d00 0000 0001 0002 0000", 13, 0, 1, 2),
      (58, "8000 0000 0001 0002 6162", 128, 0, 1, 2),
      (58, "8100 0000 0001 0002 6162", 129, 0, 1, 2),
      (58, "8700 0000 0000 0000 fe80", 135, 0, 0, 0),
      (58, "0800 0000 0001 0002 6162", 8, 0, 0, 0),
    ])
  func icmp(
    number: UInt8, text: String, type: UInt8, code: UInt8, identifier: UInt16, sequence: UInt16
  ) {
    let frame =
      number == 1
      ? ethernet("0800", ipv4(1, hex(text))) : ethernet("86dd", ipv6(58, hex(text)))
    let decoded = decode(frame)
    #expect(decoded.reason == nil)
    #expect(decoded.packet.transport.rawValue == number)
    #expect(decoded.packet.icmpType == type && decoded.packet.icmpCode == code)
    #expect(decoded.packet.icmpIdentifier == identifier)
    #expect(decoded.packet.icmpSequence == sequence)
    #expect(decoded.packet.payloadLength == 2)
    #expect(decoded.packet.sourcePort == 0 && decoded.packet.destinationPort == 0)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct DNSRecognitionTests {
  @Test func aQueryIsTheClients() {
    #expect(udp(dnsQuery(1, "example.com", type: 1).bytes) == .yes(sentBy: .client))
  }

  @Test func aResponseIsTheServers() {
    var answer = dnsQuery(1, "example.com", type: 1).bytes
    answer[2] |= 0x80
    #expect(udp(answer) == .yes(sentBy: .server))
  }

  /// Every UDP packet of the host is offered, so noise must not pass.
  @Test(arguments: [11, 12] as [UInt64])
  func noiseIsRefused(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let bytes = random.bytes(count: Int.random(in: 0...64, using: &random))
      #expect(udp(bytes) == .no, "seed \(seed): \(bytes)")
    }
  }

  @Test func bytesThatAreLeftOverAreRefused() {
    #expect(udp(dnsQuery(1, "example.com", type: 1).bytes + [0]) == .no)
  }

  /// A resolver may send the length and the message in two calls.
  @Test func aStreamIsDecidedWhenTheMessageIsThere() {
    let bytes = dnsQuery(0x1234, "example.com", type: 1, isFramed: true).bytes
    for count in 0..<bytes.count {
      #expect(tcp(Array(bytes[..<count])) == .undecided, "\(count) bytes")
    }
    #expect(tcp(bytes) == .yes(sentBy: .client))
    #expect(tcp(bytes + bytes) == .yes(sentBy: .client))
  }

  @Test(
    arguments: [
      Talk(.client, "GET / HTTP/1.1\r\n\r\n"), Talk(.client, "*1\r\n$4\r\nPING\r\n"),
      Talk(.client, hex: "1603010200 01 0001fc 0303 00000000"),
      Talk(.server, hex: "4a000000 0a 352e372e3434 00 0b000000"),
    ])
  func otherProtocolsAreRefusedOnAStream(talk: Talk) {
    #expect(tcp(talk.bytes) == .no)
  }

  private func udp(_ bytes: [UInt8]) -> Recognition {
    DNS().recognize(
      bytes.span, context: RecognitionContext(transport: .udp, side: nil, serverPort: 4_000))
  }

  private func tcp(_ bytes: [UInt8]) -> Recognition {
    DNS().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 53))
  }
}

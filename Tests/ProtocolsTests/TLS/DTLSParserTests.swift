// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// RFC 6347; what is said is that of streams, with a cookie.
@Suite struct DTLSParserTests {
  private typealias T = TLSTalks

  private static func hello(cookie: [UInt8] = []) -> [UInt8] {
    T.hello(
      version: 0xfefd, ciphers: [0xc02b, 0xc02f],
      extensions: [T.serverName("shop.example"), (0x10, [0, 3, 2, 0x68, 0x33])], cookie: cookie)
  }

  /// A hello of the server's, and its version in datagrams.
  private static let choice: [UInt8] = {
    var bytes = T.choice12
    (bytes[4], bytes[5]) = (0xfe, 0xfd)
    return bytes
  }()

  private static let asked = Talk(.client, bytes: T.datagram(hello(), sequence: 0))
  private static let flight = [
    Talk(.server, bytes: T.datagram([3, 0, 0, 7, 0xfe, 0xff, 4, 1, 2, 3, 4], sequence: 0)),
    Talk(.client, bytes: T.datagram(hello(cookie: [1, 2, 3, 4]), sequence: 1)),
  ]

  @Test func aHandshake() {
    let answer = T.datagram(Self.choice, sequence: 1) + T.datagram(T.certificate, sequence: 2)
    let held = hold(
      TLS(),
      [Self.asked] + Self.flight + [
        Talk(.server, bytes: answer), Talk(.server, bytes: T.datagram([14, 0, 0, 0], sequence: 3)),
        Talk(.client, bytes: T.datagramRecord(20, [1])),
        Talk(
          .server, bytes: T.datagramRecord(20, [1]) + T.datagramRecord(22, Array(0..<40), epoch: 1)),
        Talk(.client, bytes: T.datagramRecord(23, Array(0..<40), epoch: 1)),
      ], transport: .udp, isFinal: true)
    #expect(held.violations == [])
    #expect(held.error == nil)
    #expect(held.messages.map(\.kind) == [.request, .response])
    let expected = [
      ExpectedMessage(
        .request, requestResource: "shop.example",
        attributes: [
          "tls.client.versions": "DTLS 1.2", "tls.client.alpn": "h3",
          "tls.client.ja4": "dd2d0202h3_b6f57f3be927_000000000000",
        ]),
      ExpectedMessage(.response, version: "DTLS 1.2", status: .ok),
    ]
    #expect(expected[0].differences(from: held.messages[0]) == [])
    #expect(expected[1].differences(from: held.messages[1]) == [])
    #expect(held.successor == .encrypted)
  }

  @Test func itsParts() {
    expectDatagrams(
      TLS(), Self.asked, Self.asked, Self.flight[0], Self.flight[1],
      Talk(.server, bytes: T.datagram(Self.choice, sequence: 1)),
      Talk(.server, bytes: T.datagram(T.certificate, sequence: 2)),
      Talk(.client, bytes: T.datagramRecord(21, [2, 48])),
      gives: [
        ExpectedMessage(.request, requestResource: "shop.example"),
        ExpectedMessage(
          .response, status: .serverError, code: 48, responseException: "unknown_ca"),
      ])
    expectDatagrams(
      TLS(), Self.asked, Talk(.server, bytes: T.datagramRecord(21, [2, 40])),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: .clientError, code: 40, responseException: "handshake_failure"),
      ])
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      TLS(), seed: seed, rounds: 300,
      seeds: [
        Self.asked, Self.flight[0], Talk(.server, bytes: T.datagram(Self.choice, sequence: 1)),
        Talk(.server, bytes: T.datagram(T.certificate, sequence: 2)),
        Talk(.client, bytes: T.handshake(T.hello13)), Talk(.server, bytes: T.handshake(T.choice12)),
        Talk(.server, bytes: T.handshake(T.certificate)), Talk(.server, bytes: T.changeCipherSpec),
      ])
  }
}

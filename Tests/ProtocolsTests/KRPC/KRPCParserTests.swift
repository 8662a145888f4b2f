// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct KRPCParserTests {
  private typealias T = RPCTalks

  private static func message(_ side: Side, _ meta: [UInt8], body: [UInt8] = [1, 2, 3]) -> Talk {
    Talk(
      side,
      bytes: Array("KR".utf8) + [UInt8(meta.count >> 8), UInt8(meta.count & 0xff)]
        + KafkaTalks.number(UInt32(meta.count + body.count)) + meta + body)
  }

  private static func front(_ direction: UInt8, service: [UInt8] = [0xc7, 3]) -> [UInt8] {
    T.field(1, direction) + [16] + service + T.field(3, 30) + T.field(4, 7)
  }

  private static let trace = T.field(
    7,
    T.field(1, Array("10.0.0.1:80".utf8)) + T.field(2, Array("t-1".utf8))
      + T.field(3, Array("p-1".utf8)) + T.field(4, Array("s-1".utf8)))

  @Test func aCallAndItsAnswer() {
    expectMessages(
      KRPC(), message(.client, Self.front(1) + Self.trace),
      message(.client, Self.front(1, service: [1]), body: []),
      message(.server, Self.front(2, service: [1]), body: []),
      message(.server, Self.front(2) + [0x70, 0x82, 0x3a]),
      gives: [
        ExpectedMessage(
          .request, requestType: "30", requestDomain: "455", endpoint: "455/30", traceID: "t-1",
          spanID: "s-1", parentSpanID: "p-1", requestID: 7, length: 3),
        ExpectedMessage(.response, status: .ok, code: 0, requestID: 7),
      ])
  }

  private func message(_ side: Side, _ meta: [UInt8], body: [UInt8] = [1, 2, 3]) -> Talk {
    Self.message(side, meta, body: body)
  }

  /// -604, as a varint of ten bytes.
  @Test func aFailure() {
    let code: [UInt8] = [48, 0xa4, 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
    expectMessages(
      KRPC(), message(.server, Self.front(2) + code),
      gives: [ExpectedMessage(.response, status: .serverError, code: -604)])
  }

  private static func recognize(_ bytes: [UInt8]) -> Recognition {
    KRPC().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 40_000))
  }

  @Test func eitherSideIsSeenAtItsFront() {
    let bytes = Self.message(.client, Self.front(1)).bytes
    #expect(Self.recognize(bytes) == .yes(sentBy: .client))
    #expect(Self.recognize(Self.message(.server, Self.front(2)).bytes) == .yes(sentBy: .server))
    for count in 1..<10 { #expect(Self.recognize(Array(bytes.prefix(count))) == .undecided) }
    for (place, value) in [(1, 0x51), (2, 9), (4, 0x20), (8, 0x0a), (9, 3)] as [(Int, UInt8)] {
      var changed = bytes
      changed[place] = value
      #expect(Self.recognize(changed) == .no, "\(place)")
    }
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      KRPC(), seed: seed, rounds: 300,
      seeds: [
        Self.message(.client, Self.front(1) + Self.trace), Self.message(.server, Self.front(2)),
      ])
  }

  /// What is called with, and what a trace has besides.
  @Test func nothingOfTheUsersIsTold() {
    let secret = Array(SecretPropertyTests.mark.utf8)
    let trace = T.field(7, T.field(5, secret) + T.field(1, secret))
    SecretPropertyTests().search(
      KRPC(), [message(.client, Self.front(1) + trace, body: secret)])
    SecretPropertyTests().search(KRPC(), [message(.server, Self.front(2), body: secret)])
  }
}

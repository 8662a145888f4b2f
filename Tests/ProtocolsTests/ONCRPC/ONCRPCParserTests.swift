// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct ONCRPCParserTests {
  /// A call: NFS 3, GETATTR, unless said otherwise, of UNIX's user 0.
  static func call(
    id: String = "00000007", program: String = "000186a3", version: UInt8 = 3,
    procedure: UInt8 = 1, _ arguments: String = "00000004 01020304"
  ) -> [UInt8] {
    KafkaTalks.bytes(
      """
      \(id) 00000000 00000002 \(program) 000000\(KafkaTalks.words([version]))
      000000\(KafkaTalks.words([procedure])) 00000001 00000018 00000000 00000003 'box' 00
      00000000 00000000 00000000 00000000 00000000 \(arguments)
      """)
  }

  static func reply(id: String = "00000007", outcome: UInt8 = 0, _ results: String = "") -> [UInt8]
  {
    KafkaTalks.bytes(
      "\(id) 00000001 00000000 00000000 00000000 000000\(KafkaTalks.words([outcome])) \(results)")
  }

  /// In records of `count` bytes at most.
  static func stream(_ side: Side, _ message: [UInt8], every count: Int = 60_000) -> Talk {
    let pieces = stride(from: 0, to: message.count, by: count).flatMap { (start: Int) -> [UInt8] in
      let end = min(start + count, message.count)
      let mark = UInt32(end - start) | (end == message.count ? 0x8000_0000 : 0)
      return KafkaTalks.number(mark) + message[start..<end]
    }
    return Talk(side, bytes: pieces)
  }

  private static let asked = ExpectedMessage(
    .request, version: "3", requestType: "GETATTR", requestDomain: "nfs", endpoint: "nfs/GETATTR",
    requestID: 7)

  @Test func inAStream() {
    expectMessages(
      ONCRPC(), Self.stream(.client, Self.call()),
      Self.stream(.server, Self.reply("00000000 00000001")),
      Self.stream(.client, Self.call(id: "00000008", procedure: 3)),
      Self.stream(.server, Self.reply(id: "00000008", "00000002")),
      gives: [
        Self.asked, ExpectedMessage(.response, status: .ok, code: 0),
        ExpectedMessage(.request, requestType: "LOOKUP"),
        ExpectedMessage(
          .response, status: .clientError, code: 2, responseException: "NFSERR_NOENT"),
      ])
  }

  /// A message whose end lies in records of its own.
  @Test func inSeveralRecords() {
    let data = String(repeating: "41414141", count: 40)
    let held = hold(
      ONCRPC(),
      [
        Self.stream(.client, Self.call(procedure: 7, "000000a0 \(data)"), every: 80),
        Self.stream(.server, Self.reply("0000001c \(data)"), every: 60),
        Self.stream(.client, Self.call(id: "00000008")),
      ])
    #expect(held.error == nil && held.violations == [])
    #expect(held.messages.map(\.texts["request_type"]) == ["WRITE", "", "GETATTR"])
    #expect(held.messages[1].status == .serverError)
  }

  @Test func inDatagrams() {
    expectDatagrams(
      ONCRPC(), Talk(.client, bytes: Self.call(program: "000186a0", version: 2, procedure: 3)),
      Talk(.server, bytes: Self.reply("00000801")),
      Talk(.client, bytes: Self.call(id: "00000008", program: "20000001", procedure: 9)),
      Talk(.server, bytes: Self.reply(id: "00000008", outcome: 3)),
      gives: [
        ExpectedMessage(.request, requestType: "GETPORT", endpoint: "portmapper/GETPORT"),
        ExpectedMessage(.response, status: .ok, code: 0),
        ExpectedMessage(.request, requestType: "9", requestDomain: "536870913"),
        ExpectedMessage(
          .response, status: .clientError, code: 3, responseException: "PROC_UNAVAIL"),
      ])
  }

  @Test func aRefusal() {
    expectDatagrams(
      ONCRPC(), Talk(.client, bytes: Self.call()),
      Talk(
        .server, bytes: KafkaTalks.bytes("00000007 00000001 00000001 00000001 00000002 00000000")),
      gives: [
        Self.asked,
        ExpectedMessage(.response, status: .clientError, responseException: "AUTH_ERROR"),
      ])
  }

  private static func recognize(_ bytes: [UInt8], _ transport: TransportProtocol) -> Recognition {
    ONCRPC().recognize(
      bytes.span, context: RecognitionContext(transport: transport, side: nil, serverPort: 9_999))
  }

  @Test func eitherSideIsSeenAtItsHead() {
    let call = Self.stream(.client, Self.call()).bytes
    #expect(Self.recognize(call, .tcp) == .yes(sentBy: .client))
    #expect(Self.recognize(Self.call(), .udp) == .yes(sentBy: .client))
    #expect(Self.recognize(Self.reply("00000000"), .udp) == .yes(sentBy: .server))
    for count in 1..<28 { #expect(Self.recognize(Array(call.prefix(count)), .tcp) == .undecided) }
    for (place, value) in [
      (0, 0), (8, 1), (11, 2), (15, 3), (16, 1), (20, 1), (24, 1), (31, 9), (34, 9),
    ] as [(Int, UInt8)] {
      var bytes = call
      bytes[place] = value
      #expect(Self.recognize(bytes, .tcp) == .no, "\(place)")
    }
    #expect(Self.recognize(Self.call() + [0], .udp) == .no)
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      ONCRPC(), seed: seed, rounds: 300,
      seeds: [
        Self.stream(.client, Self.call()), Self.stream(.server, Self.reply("00000002")),
        Talk(.client, bytes: Self.call()), Talk(.server, bytes: Self.reply(outcome: 2)),
      ])
  }

  /// Names of files, data.
  @Test func nothingOfTheUsersIsTold() {
    let secret = "00000008 'Zq9xWv7k'"
    SecretPropertyTests().search(
      ONCRPC(), [Self.stream(.client, Self.call(procedure: 3, secret))])
    SecretPropertyTests().search(
      ONCRPC(),
      [Self.stream(.client, Self.call()), Self.stream(.server, Self.reply("00000000 \(secret)"))])
  }
}

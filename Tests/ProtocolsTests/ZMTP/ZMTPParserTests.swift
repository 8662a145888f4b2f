// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct ZMTPParserTests {
  private static func greeting(_ side: Side, _ mechanism: String = "NULL") -> Talk {
    let name = Array(mechanism.utf8)
    return Talk(
      side,
      bytes: [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1] + name
        + [UInt8](repeating: 0, count: 52 - name.count))
  }

  private static func frame(_ side: Side, _ flags: UInt8, _ body: [UInt8]) -> Talk {
    flags & 2 == 0
      ? Talk(side, bytes: [flags, UInt8(body.count)] + body)
      : Talk(side, bytes: [flags, 0, 0, 0, 0] + KafkaTalks.number(UInt32(body.count)) + body)
  }

  private static func command(_ side: Side, _ name: String, _ body: [UInt8]) -> Talk {
    frame(side, 4, [UInt8(name.utf8.count)] + Array(name.utf8) + body)
  }

  private static func ready(_ side: Side, _ socket: String) -> Talk {
    command(
      side, "READY",
      [11] + Array("Socket-Type".utf8) + KafkaTalks.number(UInt32(socket.utf8.count))
        + Array(socket.utf8))
  }

  @Test func aRequestAndItsReply() {
    expectMessages(
      ZMTP(), Self.greeting(.client), Self.greeting(.server), Self.ready(.client, "REQ"),
      Self.ready(.server, "REP"), Self.frame(.client, 1, []),
      Self.frame(.client, 3, [1, 2, 3]), Self.frame(.client, 0, [4]),
      Self.frame(.server, 1, []), Self.frame(.server, 2, [5, 6]),
      gives: [
        ExpectedMessage(
          .session, requestType: "READY", attributes: ["zmtp.socket_type": "REQ"]),
        ExpectedMessage(.session, attributes: ["zmtp.socket_type": "REP"]),
        ExpectedMessage(.request, requestType: "REQ", endpoint: "REQ", length: 4, parts: 3),
        ExpectedMessage(.response, status: .ok, length: 2, parts: 2),
      ])
  }

  @Test func whatIsPublishedIsOneWay() {
    expectMessages(
      ZMTP(), Self.greeting(.client), Self.greeting(.server), Self.ready(.client, "SUB"),
      Self.ready(.server, "PUB"), Self.command(.client, "SUBSCRIBE", Array("orders.".utf8)),
      Self.frame(.client, 0, [1] + Array("old".utf8)),
      Self.frame(.server, 1, Array("orders.42".utf8)),
      Self.frame(.server, 0, Array("secret".utf8)), Self.frame(.server, 0, Array("secret".utf8)),
      Self.command(.server, "ERROR", [4] + Array("gone".utf8)),
      gives: [
        ExpectedMessage(.session), ExpectedMessage(.session),
        ExpectedMessage(
          .session, requestType: "SUBSCRIBE", requestResource: "orders.",
          attributes: ["zmtp.topic": "orders."]),
        ExpectedMessage(.session, requestType: "SUBSCRIBE", requestResource: "old"),
        ExpectedMessage(
          .session, requestType: "PUB", requestResource: "orders.42", endpoint: "PUB orders.?",
          parts: 2),
        ExpectedMessage(.session, requestType: "PUB", requestResource: "", parts: 1),
        ExpectedMessage(.session, status: .clientError, responseException: "gone"),
      ])
  }

  @Test func versionTwoSaysItsKindAtOnce() {
    func greeting(_ side: Side, _ socket: UInt8) -> Talk {
      Talk(side, bytes: [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, socket, 0, 0])
    }
    expectMessages(
      ZMTP(), greeting(.client, 4), greeting(.server, 3), Self.frame(.server, 1, []),
      Self.frame(.server, 0, [1]), Self.frame(.client, 1, []), Self.frame(.client, 0, [1]),
      gives: [
        ExpectedMessage(.request, requestType: "REQ", parts: 2),
        ExpectedMessage(.response, parts: 2),
      ])
  }

  /// As libzmq writes it.
  @Test func aLoginThatFails() {
    expectMessages(
      ZMTP(), Self.greeting(.client, "PLAIN"), Self.greeting(.server, "PLAIN"),
      Self.command(.client, "HELLO", [1, 0x61, 1, 0x62]),
      Self.frame(.server, 4, Array("^RROR".utf8) + [3] + Array("400".utf8)),
      gives: [
        ExpectedMessage(
          .session, requestType: "ERROR", status: .clientError, code: 400, responseException: "400")
      ])
  }

  @Test func whatIsEncryptedIsLeftAlone() {
    let held = hold(
      ZMTP(), [Self.greeting(.client, "CURVE"), Self.frame(.client, 4, [5, 0x48, 0x45])])
    #expect(held.successor == .encrypted && held.messages.isEmpty)
  }

  @Test func manyFramesAreOneMessage() {
    let frames = [UInt8](repeating: 1, count: 9_000) + [0, 1, 2]
    let opening = [
      Self.greeting(.client), Self.greeting(.server), Self.ready(.client, "PUSH"),
      Talk(.client, bytes: frames), Self.frame(.client, 0, [1]),
    ]
    let held = hold(ZMTP(), opening)
    #expect(held.violations == [] && held.error == nil)
    #expect(held.messages.count { $0.texts["request_type"] == "PUSH" } == 2)
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      ZMTP(), seed: seed, rounds: 400,
      seeds: [
        Self.greeting(.client), Self.greeting(.server), Self.ready(.client, "REQ"),
        Self.frame(.client, 3, [1, 2]), Self.command(.server, "ERROR", [9, 1]),
      ])
  }

  @Test func messagesAreNotTold() {
    let mark = SecretPropertyTests.mark
    let search = SecretPropertyTests()
    for socket in ["REQ", "PUB", "DEALER", "SUB"] {
      search.search(
        ZMTP(),
        [
          Self.greeting(.client), Self.ready(.client, socket),
          Self.frame(.client, 0, Array(mark.utf8)),
        ])
    }
    search.search(
      ZMTP(),
      [
        Self.greeting(.client, "PLAIN"),
        Self.command(.client, "HELLO", [8] + Array(mark.utf8) + [8] + Array(mark.utf8)),
      ])
  }

  @Test func aGreetingIsSeen() {
    func recognize(_ bytes: [UInt8]) -> Recognition {
      ZMTP().recognize(
        bytes.span, context: RecognitionContext(transport: .tcp, side: .server, serverPort: 9))
    }
    let bytes = Self.greeting(.server).bytes
    #expect(recognize(bytes) == .yes(sentBy: .server))
    for count in 1..<10 { #expect(recognize(Array(bytes.prefix(count))) == .undecided) }
    #expect(recognize(Array(bytes.prefix(10))) == .yes(sentBy: .server))
    for (place, value) in [(0, 0xfe), (4, 1), (8, 2), (9, 0x7e), (10, 4)] as [(Int, UInt8)] {
      var changed = bytes
      changed[place] = value
      #expect(recognize(changed) == .no, "\(place)")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct AMQP10ParserTests {
  private typealias T = AMQP10Talks

  @Test func aConnectionOpens() {
    expectMessages(
      AMQP10(), T.header(.client, layer: 3), T.header(.server, layer: 3),
      T.frame(.server, 0x40, [T.symbol("PLAIN")]),
      T.frame(.client, 0x41, [T.symbol("PLAIN"), T.variable(0xa0, Array("ann".utf8))]),
      T.frame(.server, 0x44, [[0x50, 0]]), T.header(.client), T.header(.server),
      T.frame(.client, 0x10, [T.text("app-1"), T.text("shop.example")]),
      T.frame(.server, 0x10, [T.text("broker")]),
      T.frame(.client, 0x11, [T.null, [0x43]], channel: 3),
      T.frame(.server, 0x11, [[0x60, 0, 3], [0x43]], channel: 7),
      Talk(.client, bytes: [0, 0, 0, 8, 2, 0, 0, 0]),
      T.attach(.client, "l", "orders-42"), T.attach(.server, "l", isReceiver: true, "orders-42"),
      gives: [
        ExpectedMessage(
          .request, requestType: "sasl-init", attributes: ["amqp.sasl_mechanism": "PLAIN"]),
        ExpectedMessage(.response, status: .ok, code: 0),
        ExpectedMessage(
          .request, version: "1.0", requestType: "open", requestDomain: "shop.example",
          attributes: ["amqp.container": "app-1"]),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "begin"), ExpectedMessage(.response, status: .ok),
        ExpectedMessage(
          .request, requestType: "attach", requestResource: "orders-42",
          endpoint: "attach orders-?",
          attributes: ["amqp.address": "orders-42", "amqp.link": "l"]),
        ExpectedMessage(.response, status: .ok),
      ])
  }

  private static let properties = T.list(
    0x73,
    [
      T.text("m-1"), T.null, T.text("orders"), T.null, T.text("replies"), T.text("c-1"), T.null,
      T.null, T.null, T.null, T.text("g-1"),
    ])
  private static let trace = T.map(
    0x74,
    [
      ("k", "v"),
      ("Diagnostic-Id", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ])

  @Test func whatIsSentIsAnsweredByItsOutcome() {
    expectMessages(
      AMQP10(), T.attach(.client, "l", "orders-42"),
      T.transfer(.client, id: 5, sections: Self.properties + Self.trace, "a"),
      T.transfer(.client, id: 6, "b"), T.transfer(.client, id: 7, "c"),
      T.outcome(.server, 5, 6),
      T.outcome(
        .server, 7,
        state: T.list(
          0x25, [T.list(0x1d, [T.symbol("amqp:not-allowed"), T.text("no 'secret'")])])),
      T.transfer(.client, id: 8, isSettled: true, "d"),
      gives: [
        ExpectedMessage(.request, requestType: "attach"),
        ExpectedMessage(
          .request, requestType: "transfer", requestResource: "orders-42",
          endpoint: "transfer orders-?", traceID: "0af7651916cd43dd8448eb211c80319c",
          spanID: "b7ad6b7169203331", requestID: 5,
          attributes: [
            "amqp.address": "orders-42", "amqp.message_id": "m-1", "amqp.correlation_id": "c-1",
            "amqp.reply_to": "replies", "amqp.group_id": "g-1",
          ]),
        ExpectedMessage(.request, requestID: 6), ExpectedMessage(.request, requestID: 7),
        ExpectedMessage(.response, status: .ok, responseResult: "accepted", requestID: 5),
        ExpectedMessage(.response, status: .ok, requestID: 6),
        ExpectedMessage(
          .response, status: .clientError, responseException: "amqp:not-allowed", requestID: 7),
        ExpectedMessage(.session, requestType: "transfer", requestResource: "orders-42"),
      ])
  }

  @Test func aMessageInPiecesIsOne() {
    expectMessages(
      AMQP10(), T.attach(.client, "r", handle: 1, isReceiver: true, "orders"),
      T.attach(.server, "r", handle: 1, "orders"),
      T.transfer(.server, id: 1, handle: 1, goesOn: true, "a"),
      T.transfer(.server, id: 1, handle: 1, goesOn: true, "b"),
      T.frame(
        .server, 0x14, [[0x52, 1], T.null, T.null, T.null, [0x42], [0x42]],
        rest: [0, 0x53, 0x75, 0xa0, 1, 0x61]),
      T.outcome(.client, 1, state: T.list(0x27, [[0x41]])),
      gives: [
        ExpectedMessage(.request, requestType: "attach"), ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "transfer", requestID: 1),
        ExpectedMessage(.response, status: .serverError, responseException: "modified"),
      ])
  }

  /// Deliveries have 32 bits, but what says them may have 64.
  @Test func anOutcomeOfNoDeliveryThatThereCanBe() {
    let number = [0x80] + [UInt8](repeating: 0xff, count: 8)
    let held = hold(
      AMQP10(),
      [
        T.frame(.server, 0x15, [[0x41], number, number, [0x41], T.list(0x24, [])]),
        T.frame(.server, 0x15, [[0x41], [0x43], number, [0x41], T.list(0x24, [])]),
      ])
    #expect(held.error == nil && held.violations == [])
    #expect(held.messages.count == 257)
  }

  @Test func whatTheServerEndsUnaskedIsToldWithTheReason() {
    expectMessages(
      AMQP10(), T.frame(.client, 0x16, [[0x52, 0], [0x41]]),
      T.frame(.server, 0x16, [[0x52, 0], [0x41]]),
      T.frame(
        .server, 0x18, [T.list(0x1d, [T.symbol("amqp:connection:forced"), T.text("bye")])]),
      gives: [
        ExpectedMessage(.request, requestType: "detach"), ExpectedMessage(.response, status: .ok),
        ExpectedMessage(
          .session, requestType: "close", status: .serverError,
          responseException: "amqp:connection:forced"),
      ])
  }

  @Test func behindTheHeaderOfTLSComesAnother() {
    let held = hold(
      AMQP10(),
      [T.header(.client, layer: 2), T.header(.server, layer: 2), Talk(.client, bytes: [22, 3, 1])])
    #expect(held.successor == .unknown)
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      AMQP10(), seed: seed, rounds: 400,
      seeds: [
        T.attach(.client, "l", "a"), T.transfer(.client, id: 1, sections: Self.properties, "a"),
        T.outcome(.server, 0, .max), T.header(.client), T.outcome(.client, 1, 900),
      ])
  }

  @Test func whatIsSentAndByWhomIsNotTold() {
    let mark = SecretPropertyTests.mark
    let search = SecretPropertyTests()
    search.search(
      AMQP10(), [T.frame(.client, 0x41, [T.symbol("PLAIN"), T.variable(0xa0, Array(mark.utf8))])])
    let user = T.list(0x73, [T.null, T.variable(0xa0, Array(mark.utf8)), T.null, T.text(mark)])
    search.search(
      AMQP10(),
      [T.transfer(.client, id: 1, sections: user + T.map(0x74, [("k", mark)]), mark)])
    search.search(
      AMQP10(),
      [
        T.transfer(.client, id: 1, "a"),
        T.outcome(
          .server, 1, state: T.list(0x25, [T.list(0x1d, [T.symbol("a:b"), T.text(mark)])])),
      ])
  }

  private func recognize(_ bytes: [UInt8], _ side: Side?) -> Recognition {
    AMQP10().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test func eitherSideIsSeen() {
    #expect(recognize(T.header(.client, layer: 3).bytes, .client) == .yes(sentBy: .client))
    #expect(recognize(T.attach(.server, "l", "a").bytes, .server) == .yes(sentBy: .server))
    #expect(recognize(T.frame(.server, 0x44, [[0x50, 0]]).bytes, nil) == .yes(sentBy: .server))
    for count in 1..<8 {
      #expect(recognize(Array(T.header(.client).bytes.prefix(count)), .client) == .undecided)
    }
    for count in 1..<12 {
      #expect(recognize(Array(T.attach(.client, "l", "a").bytes.prefix(count)), nil) == .undecided)
    }
  }

  @Test(arguments: [
    "'AMQP' 00000901", "'AMQP' 04010000", "'AMQP' 00010001", "00000030 0201 0000 00531045",
    "00000030 0200 0000 00533045", "00000030 0200 0000 01531045", "00000007 0200 0000 00531045",
    "00000030 0300 0000 00531045", "00000030 0200 0000 005310c0ff",
  ])
  func almostTheProtocolIsNot(text: String) {
    #expect(recognize(KafkaTalks.bytes(text) + [1, 1, 1], nil) == .no)
  }
}

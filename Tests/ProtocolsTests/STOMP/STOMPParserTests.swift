// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct STOMPParserTests {
  private static func frame(_ side: Side, _ lines: String..., body: String = "") -> Talk {
    Talk(side, lines.joined(separator: "\n") + "\n\n\(body)\0\n")
  }

  @Test func aSession() {
    expectMessages(
      STOMP(),
      Self.frame(
        .client, "CONNECT", "accept-version:1.2", "host:shop", "login:ann", "passcode:secret"),
      Self.frame(.server, "CONNECTED", "version:1.2", "server:a/1"),
      Self.frame(
        .client, "SEND", "destination:/queue/orders-42", "receipt:r1", "content-length:5",
        "traceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "correlation-id:c-1", "reply-to:/temp-queue/a", body: "hi\0ho"),
      Self.frame(.server, "RECEIPT", "receipt-id:r1"),
      Self.frame(.client, "SUBSCRIBE", "id:0", "destination:/topic/a", "ack:client"),
      Self.frame(
        .server, "MESSAGE", "subscription:0", "message-id:m-9", "destination:/topic/a", body: "hi"),
      Self.frame(.client, "ACK", "id:m-9"),
      gives: [
        ExpectedMessage(
          .request, requestType: "CONNECT", requestDomain: "shop", endpoint: "CONNECT",
          attributes: [:]),
        ExpectedMessage(.response, version: "1.2", status: .ok),
        ExpectedMessage(
          .request, requestType: "SEND", requestResource: "/queue/orders-42",
          endpoint: "SEND /queue/orders-?", traceID: "0af7651916cd43dd8448eb211c80319c",
          spanID: "b7ad6b7169203331", length: 5,
          attributes: [
            "stomp.destination": "/queue/orders-42", "stomp.correlation_id": "c-1",
            "stomp.reply_to": "/temp-queue/a",
          ]),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(
          .session, requestType: "SUBSCRIBE", endpoint: "SUBSCRIBE /topic/a",
          attributes: ["stomp.destination": "/topic/a", "stomp.subscription": "0"]),
        ExpectedMessage(
          .session, requestType: "MESSAGE", requestResource: "/topic/a",
          attributes: [
            "stomp.destination": "/topic/a", "stomp.subscription": "0", "stomp.message_id": "m-9",
          ]),
        ExpectedMessage(.session, requestType: "ACK", endpoint: "ACK"),
      ])
  }

  @Test func errorsAnswerWhatTheyAreOf() {
    expectMessages(
      STOMP(), Talk(.client, "STOMP\r\nhost:a\r\n\r\n\0"),
      Talk(.server, "ERROR\r\nmessage:Bad login 'ann'\r\n\r\nmore\0"),
      Self.frame(.client, "SEND", "destination:/a", "receipt:r2", body: "x"),
      Self.frame(.server, "ERROR", "receipt-id:r2", "message:malformed frame", body: "x"),
      Self.frame(.server, "ERROR", "message:The broker goes"),
      gives: [
        ExpectedMessage(.request, requestType: "STOMP"),
        ExpectedMessage(.response, status: .clientError, responseException: "Bad login ?"),
        ExpectedMessage(.request, requestType: "SEND"),
        ExpectedMessage(.response, status: .clientError, responseException: "malformed frame"),
        ExpectedMessage(
          .session, requestType: "ERROR", status: .clientError,
          responseException: "The broker goes"),
      ])
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      STOMP(), seed: seed, rounds: 400,
      seeds: [
        Self.frame(.client, "SEND", "destination:/a", "content-length:9999999999", body: "x"),
        Self.frame(.server, "ERROR", "message:a"), Talk(.client, "\r\n\n"),
      ])
  }

  @Test func whatIsSentAndWhoSendsItIsNotTold() {
    let mark = SecretPropertyTests.mark
    SecretPropertyTests().search(
      STOMP(),
      [Self.frame(.client, "CONNECT", "login:\(mark)", "passcode:\(mark)", "host:a")])
    SecretPropertyTests().search(
      STOMP(), [Self.frame(.client, "SEND", "destination:/a", "key:\(mark)", body: mark)])
    SecretPropertyTests().search(
      STOMP(), [Self.frame(.server, "ERROR", "message:no '\(mark)' here", body: mark)])
  }

  private func recognize(_ text: String, _ side: Side?) -> Recognition {
    STOMP().recognize(
      Array(text.utf8).span,
      context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test(arguments: [
    (Side.client, "CONNECT\naccept-version:1.2\n"), (.client, "STOMP\r\nhost:a\r\n\r\n\0"),
    (.client, "SEND\ndestination:/a\n"), (.client, "DISCONNECT\n\n\0"),
    (.server, "MESSAGE\nsubscription:0\n"), (.server, "CONNECTED\nversion:1.1\n\n\0"),
  ])
  func framesTellWhoSentThem(side: Side, text: String) {
    #expect(recognize(text, side) == .yes(sentBy: side))
    #expect(recognize(text, nil) == .yes(sentBy: side))
    #expect(recognize(text, side.other) == .no)
    for count in 1..<8 { #expect(recognize(String(text.prefix(count)), side) == .undecided) }
  }

  @Test(arguments: [
    "CONNECT a:443 HTTP/1.1\r\n", "CONNECT {\"verbose\":false}\r\n", "SEND\nno header\n",
    "SEND\n\n\0", "MESSAGE sip:a@b SIP/2.0\r\n", "connect\nhost:a\n", "ERROR\r\n b:c\r\n",
    "BEGIN\r\n\r\nA",
    "SUBSCRIBE sip:a SIP/2.0\r\n", "ABORT\n:a\n", "+OK\r\n", "SENDS\na:b\n",
  ])
  func almostTheProtocolIsNot(text: String) {
    for side in [Side.client, .server, nil] { #expect(recognize(text, side) == .no) }
  }
}

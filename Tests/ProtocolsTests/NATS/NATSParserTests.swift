// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// https://docs.nats.io/reference/reference-protocols/nats-protocol.
@Suite struct NATSParserTests {
  static let info = Talk(
    .server,
    "INFO {\"server_id\":\"A\",\"server_name\":\"n1\",\"version\":\"2.10.7\",\"port\":4222} \r\n")

  @Test func aConnectionBegins() {
    expectMessages(
      NATS(), Self.info,
      Talk(.client, "CONNECT {\"verbose\":true,\"pass\":\"x\",\"name\":\"app\"}\r\nPING\r\n"),
      Talk(.server, "+OK\r\nPONG\r\nPING\r\n"), Talk(.client, "PONG\r\n"),
      gives: [
        ExpectedMessage(
          .session, version: "2.10.7", requestType: "INFO", requestDomain: "n1", endpoint: "INFO"),
        ExpectedMessage(
          .session, requestType: "CONNECT", requestDomain: "n1",
          attributes: ["nats.client_name": "app"]),
        ExpectedMessage(.request, requestType: "PING"), ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "PING"), ExpectedMessage(.response, status: .ok),
      ])
  }

  @Test func whatAsksForNoAnswerIsOneWay() {
    expectMessages(
      NATS(), Talk(.client, "SUB orders.* group 1\r\nPUB orders.17 5\r\nhello\r\nUNSUB 1 5\r\n"),
      Talk(.server, "MSG orders.17 1 5\r\nhello\r\nMSG a 1 0\r\n\r\n"),
      gives: [
        ExpectedMessage(
          .session, requestType: "SUB", requestResource: "orders.*", endpoint: "SUB orders.*",
          attributes: ["nats.subject": "orders.*", "nats.queue_group": "group"]),
        ExpectedMessage(
          .session, requestType: "PUB", requestResource: "orders.17", endpoint: "PUB orders.?",
          length: 5, attributes: ["nats.subject": "orders.17"]),
        ExpectedMessage(.session, requestType: "UNSUB", requestResource: "", endpoint: "UNSUB"),
        ExpectedMessage(.session, requestType: "MSG", requestResource: "orders.17"),
        ExpectedMessage(.session, requestType: "MSG", requestResource: "a", length: 0),
      ])
  }

  /// Whoever asks names the subject of the answer, which comes there.
  @Test func requestsAndReplies() {
    expectMessages(
      NATS(), Talk(.client, "PUB svc _INBOX.a.1 2\r\nhi\r\nPUB svc _INBOX.a.2 2\r\nhi\r\n"),
      Talk(
        .server,
        "MSG _INBOX.a.2 9 3\r\nyes\r\nMSG _INBOX.a.1 9 2\r\nno\r\nMSG svc 1 _INBOX.b 0\r\n\r\n"),
      Talk(.client, "PUB _INBOX.b 2\r\nme\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestType: "PUB", requestResource: "svc", mayBlock: false,
          attributes: ["nats.subject": "svc", "nats.reply_to": "_INBOX.a.1"]),
        ExpectedMessage(.request, requestType: "PUB"),
        ExpectedMessage(.response, status: .ok, length: 3),
        ExpectedMessage(.response, status: .ok, length: 2),
        ExpectedMessage(.request, requestType: "MSG", requestResource: "svc", mayBlock: true),
        ExpectedMessage(.response, status: .ok),
      ])
  }

  static let traceID = "0af7651916cd43dd8448eb211c80319c"

  @Test func headers() {
    let fields =
      "NATS/1.0\r\ntraceparent: 00-\(Self.traceID)-b7ad6b7169203331-01\r\nNats-Msg-Id: m7\r\n\r\n"
    let count = fields.utf8.count
    expectMessages(
      NATS(), Talk(.client, "HPUB a _INBOX.x \(count) \(count + 2)\r\n\(fields)hi\r\n"),
      Talk(.server, "HMSG _INBOX.x 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestType: "HPUB", traceID: Self.traceID, spanID: "b7ad6b7169203331",
          attributes: ["nats.subject": "a", "nats.msg_id": "m7", "nats.reply_to": "_INBOX.x"]),
        ExpectedMessage(
          .response, status: .serverError, code: 503, responseException: "No Responders"),
      ])
  }

  @Test func jetStream() {
    let found = "{\"type\":\"io.nats.jetstream.api.v1.stream_info_response\",\"config\":{}}"
    let missing =
      "{\"type\":\"io.nats.jetstream.api.v1.stream_info_response\",\"error\":"
      + "{\"code\":404,\"err_code\":10059,\"description\":\"stream not found\"}}"
    let stored = "{\"stream\":\"ORDERS\", \"seq\":12}"
    let fetch = "$JS.API.CONSUMER.MSG.NEXT.ORDERS.c1"
    expectMessages(
      NATS(),
      Talk(.client, "PUB $JS.API.STREAM.INFO.S _INBOX.1 0\r\n\r\nPUB orders _INBOX.2 2\r\nhi\r\n"),
      Talk(.server, "MSG _INBOX.1 1 \(missing.utf8.count)\r\n\(missing)\r\n"),
      Talk(.server, "MSG _INBOX.2 1 \(stored.utf8.count)\r\n\(stored)\r\n"),
      Talk(.client, "PUB $JS.API.STREAM.INFO.ORDERS _INBOX.3 0\r\n\r\n"),
      Talk(.server, "MSG _INBOX.3 1 \(found.utf8.count)\r\n\(found)\r\n"),
      Talk(.client, "PUB \(fetch) _INBOX.4 0\r\n\r\n"),
      Talk(.server, "MSG orders 1 $JS.ACK.ORDERS.c1.1.12.3.1700000000.0 2\r\nhi\r\n"),
      Talk(.client, "PUB $JS.ACK.ORDERS.c1.1.12.3.1700000000.0 4\r\n+ACK\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestResource: "$JS.API.STREAM.INFO.S",
          endpoint: "PUB $JS.API.STREAM.INFO.S"),
        ExpectedMessage(.request, requestResource: "orders"),
        ExpectedMessage(
          .response, status: .clientError, code: 404, responseException: "stream not found"),
        ExpectedMessage(
          .response, status: .ok,
          attributes: ["nats.stream": "ORDERS", "nats.stream_sequence": "12"]),
        ExpectedMessage(.request), ExpectedMessage(.response, status: .ok, responseException: ""),
        ExpectedMessage(.session, requestResource: fetch),
        ExpectedMessage(
          .request, requestType: "MSG", requestResource: "orders",
          attributes: [
            "nats.subject": "orders", "nats.reply_to": "$JS.ACK.ORDERS.c1.1.12.3.1700000000.0",
            "nats.stream": "ORDERS", "nats.consumer": "c1", "nats.stream_sequence": "12",
          ]),
        ExpectedMessage(.response, status: .ok),
      ])
  }

  @Test(arguments: [
    ("'Authorization Violation'", ResponseStatus.clientError, "Authorization Violation"),
    ("'Stale Connection'", .serverError, "Stale Connection"),
    (
      "'Permissions Violation for Publish to \"a.b\"'", .clientError,
      "Permissions Violation for Publish to ?"
    ),
  ])
  func errors(text: String, status: ResponseStatus, exception: String) {
    expectMessages(
      NATS(), Talk(.server, "-ERR \(text)\r\n"),
      gives: [
        ExpectedMessage(
          .session, requestType: "-ERR", status: status, responseException: exception)
      ])
  }

  @Test func encryptionIsNotRead() {
    let held = hold(NATS(), [Self.info, Talk(.client, hex: "160301 0200 0100")])
    #expect(held.successor == .encrypted)
  }

  @Test func lengthsThatLie() {
    for line in [
      "PUB a -1", "PUB a 99999999999999999999", "HPUB a 9 5", "PUB a", "PUB", "MSG a 1", "SUB a",
    ] {
      let held = hold(NATS(), [Talk(.client, line + "\r\n")])
      #expect(held.error != nil && held.messages.isEmpty, "\(line)")
    }
  }

  @Test func neverTrapsOnAnyBytes() {
    neverTraps(
      NATS(), seed: 104, rounds: 3_000,
      seeds: [
        Self.info, Talk(.client, "CONNECT {\"name\":\"app\"}\r\nPING\r\n"),
        Talk(.client, "PUB a _INBOX.1 2\r\nhi\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"),
        Talk(.server, "HMSG _INBOX.1 1 $JS.ACK.a.b.1.2.3.4.5 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"),
        Talk(.server, "MSG _INBOX.1 1 26\r\n{\"error\":{\"code\":503,\"x\":1}}\r\n"),
      ])
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct PulsarParserTests {
  private typealias T = PulsarTalks

  private static let topic = "persistent://public/default/orders-42"

  private static let producer = T.command(
    .client, 5, T.field(1, topic) + T.field(2, 3) + T.field(3, 11))

  private static func send(_ sequence: UInt64, metadata: [UInt8] = []) -> Talk {
    T.command(
      .client, 6, T.field(1, 3) + T.field(2, sequence) + T.field(3, 2),
      rest: T.message(T.field(1, "p") + metadata, "hello"))
  }

  private static let place = T.field(1, 170) + T.field(2, 9) + T.field(3, 2)

  @Test func whatIsSentIsAnsweredByItsPlace() {
    let trace = T.property(
      "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    expectMessages(
      Pulsar(), T.command(.client, 2, T.field(1, "Go 1") + T.field(3, "secret")),
      T.command(.server, 3, T.field(1, "Pulsar 3") + T.field(2, 21)), Self.producer,
      T.command(.server, 17, T.field(1, 11) + T.field(2, "p")),
      Self.send(0, metadata: trace + T.field(6, "key")), T.command(.client, 18, []),
      T.command(.server, 19, []),
      T.command(.server, 7, T.field(1, 3) + T.field(2, 0) + T.field(3, Self.place)),
      gives: [
        ExpectedMessage(
          .request, requestType: "Connect", attributes: ["pulsar.client_version": "Go 1"]),
        ExpectedMessage(
          .response, status: .ok, attributes: ["pulsar.server_version": "Pulsar 3"]),
        ExpectedMessage(
          .request, requestType: "Producer", requestResource: Self.topic,
          endpoint: "Producer persistent://public/default/orders-?", requestID: 11),
        ExpectedMessage(.response, status: .ok, requestID: 11),
        ExpectedMessage(
          .request, requestType: "Send", requestResource: Self.topic,
          endpoint: "Send persistent://public/default/orders-?",
          traceID: "0af7651916cd43dd8448eb211c80319c", spanID: "b7ad6b7169203331", parts: 2,
          attributes: [
            "pulsar.topic": Self.topic, "pulsar.sequence_id": "0",
            "pulsar.key_hash": "4452171178779021548",
          ]),
        ExpectedMessage(.response, status: .ok, attributes: ["pulsar.message_id": "170:9:2"]),
      ])
  }

  @Test func whatIsHandedOnNamesItsPlace() {
    expectMessages(
      Pulsar(),
      T.command(
        .client, 4,
        T.field(1, Self.topic) + T.field(2, "sub") + T.field(3, 1) + T.field(4, 8)
          + T.field(5, 12)),
      T.command(.server, 13, T.field(1, 12)),
      T.command(.client, 11, T.field(1, 8) + T.field(2, 1_000)),
      T.command(
        .server, 9, T.field(1, 8) + T.field(2, Self.place), rest: T.message(T.field(11, 5), "x")),
      T.command(
        .client, 10, T.field(1, 8) + T.field(2, 0) + T.field(3, Self.place)),
      T.command(
        .client, 10, T.field(1, 8) + T.field(3, Self.place) + T.field(8, 13)),
      T.command(.server, 38, T.field(1, 8) + T.field(4, 2) + T.field(6, 13)),
      gives: [
        ExpectedMessage(
          .request, requestType: "Subscribe", requestID: 12,
          attributes: ["pulsar.topic": Self.topic, "pulsar.subscription": "sub"]),
        ExpectedMessage(.response, status: .ok, requestID: 12),
        ExpectedMessage(.session, requestType: "Flow", requestResource: Self.topic),
        ExpectedMessage(
          .session, requestType: "Message", requestResource: Self.topic, parts: 5,
          attributes: [
            "pulsar.topic": Self.topic, "pulsar.subscription": "sub",
            "pulsar.message_id": "170:9:2",
          ]),
        ExpectedMessage(.session, requestType: "Ack"),
        ExpectedMessage(.request, requestType: "Ack", requestID: 13),
        ExpectedMessage(
          .response, status: .serverError, code: 2, responseException: "PersistenceError"),
      ])
  }

  @Test func failuresAreWhoseFaultTheyAre() {
    expectMessages(
      Pulsar(), T.lookup(5, Self.topic),
      T.command(
        .server, 24, T.field(3, 2) + T.field(4, 5) + T.field(6, 6) + T.field(7, "not yet 'x'")),
      T.lookup(6, Self.topic), T.error(6, 11),
      T.command(.client, 2, T.field(1, "a")), T.error(.max, 3), Self.producer, T.error(11, 16),
      Self.send(7),
      T.command(.server, 8, T.field(1, 3) + T.field(2, 7) + T.field(3, 15) + T.field(4, "no")),
      gives: [
        ExpectedMessage(.request, requestType: "LookupTopic", requestID: 5),
        ExpectedMessage(
          .response, status: .serverError, code: 6, responseException: "ServiceNotReady"),
        ExpectedMessage(.request, requestID: 6),
        ExpectedMessage(
          .response, status: .clientError, responseException: "TopicNotFound", requestID: 6),
        ExpectedMessage(.request, requestType: "Connect"),
        ExpectedMessage(.response, status: .clientError, responseException: "AuthenticationError"),
        ExpectedMessage(.request, requestType: "Producer"),
        ExpectedMessage(.response, status: .clientError, responseException: "ProducerBusy"),
        ExpectedMessage(.request, requestType: "Send"),
        ExpectedMessage(.response, status: .clientError, responseException: "TopicTerminatedError"),
      ])
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      Pulsar(), seed: seed, rounds: 400,
      seeds: [Self.producer, Self.send(1), T.error(1, 3), T.lookup(1, "a")])
  }

  @Test func whatIsSentAndByWhomIsNotTold() {
    let mark = SecretPropertyTests.mark
    let search = SecretPropertyTests()
    search.search(
      Pulsar(), [T.command(.client, 2, T.field(1, "a") + T.field(3, mark) + T.field(5, "token"))])
    let metadata = T.property("k", mark) + T.field(6, mark)
    search.search(
      Pulsar(),
      [
        Self.producer,
        T.command(
          .client, 6, T.field(1, 3) + T.field(2, 1), rest: T.message(metadata, mark)),
      ])
    search.search(Pulsar(), [T.lookup(1, "a"), T.error(1, 3, "no '\(mark)'")])
  }

  private func recognize(_ bytes: [UInt8], _ side: Side?) -> Recognition {
    Pulsar().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test(arguments: [
    PulsarTalks.lookup(1, "a"), PulsarTalks.error(1, 3),
    PulsarTalks.command(.client, 2, PulsarTalks.field(1, "a")),
  ])
  func eitherSideIsSeen(talk: Talk) {
    #expect(recognize(talk.bytes, nil) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, talk.side.other) == .no)
    for count in 1..<13 {
      #expect(recognize(Array(talk.bytes.prefix(count)), talk.side) == .undecided, "\(count)")
    }
  }

  @Test func eitherSideMayAskWhetherTheOtherIsThere() {
    let ping = T.command(.client, 18, []).bytes
    #expect(recognize(ping, .server) == .yes(sentBy: .server))
    #expect(recognize(ping, nil) == .yes(sentBy: nil))
  }

  /// The wrong field, a kind that is none, lengths that do not fit.
  @Test(arguments: [
    "00000012 00000009 08171a 0401 '1234' 1001", "00000012 00000009 084b da04 0401 '123' 1001",
    "00000009 00000009 0817ba 010401 '12'", "00000012 00000004 0817ba 010401 '1' 1001",
    "00000012 00000009 0a17ba 010401 '12' 1001", "00000012 00000009 0817ba 017f01 '12' 1001",
    "10000012 00000009 0817ba 010401 '12' 1001",
  ])
  func almostTheProtocolIsNot(text: String) {
    #expect(recognize(KafkaTalks.bytes(text), nil) == .no)
  }
}

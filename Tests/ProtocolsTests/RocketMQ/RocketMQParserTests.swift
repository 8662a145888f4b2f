// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// `RemotingCommand`, `RequestCode` and `ResponseCode` of RocketMQ's sources.
@Suite struct RocketMQParserTests {
  typealias T = RocketMQTalks

  static let traceID = "0af7651916cd43dd8448eb211c80319c"
  static let trace = "00-\(traceID)-b7ad6b7169203331-01"

  @Test func sendingAMessage() {
    let properties =
      "UNIQ_KEY\\u00017F00\\u0002KEYS\\u0001k1\\u0002TAGS\\u0001TagA\\u0002traceparent\\u0001\(Self.trace)\\u0002"
    expectMessages(
      RocketMQ(),
      T.json(
        .client, code: 310, opaque: 688,
        fields: "\"a\":\"g1\",\"b\":\"orders\",\"e\":\"3\",\"f\":\"0\",\"i\":\"\(properties)\"",
        body: Array("hello".utf8)),
      T.json(
        .server, code: 0, opaque: 688, flag: 1,
        fields: "\"msgId\":\"0A01\",\"queueId\":\"3\",\"queueOffset\":\"17\""),
      gives: [
        ExpectedMessage(
          .request, requestType: "SEND_MESSAGE_V2", requestDomain: "g1", requestResource: "orders",
          endpoint: "SEND_MESSAGE_V2 orders", traceID: Self.traceID, spanID: "b7ad6b7169203331",
          requestID: 688, mayBlock: false,
          attributes: [
            "rocketmq.topic": "orders", "rocketmq.group": "g1", "rocketmq.queue_id": "3",
            "rocketmq.unique_key": "7F00", "rocketmq.tags": "TagA",
            "rocketmq.keys_hash": "629957523660743873",
          ]),
        ExpectedMessage(
          .response, status: .ok, code: 0, responseResult: "SUCCESS", requestID: 688,
          attributes: ["rocketmq.message_id": "0A01", "rocketmq.queue_offset": "17"]),
      ])
  }

  /// The flags stand behind the command's own fields, of which one may be called so, too.
  @Test func pullingInBothForms() {
    let message = T.stored(
      topic: "orders", properties: "UNIQ_KEY\u{1}7F00\u{2}traceparent\u{1}\(Self.trace)\u{2}",
      body: "hello")
    let fields =
      "\"flag\":\"5\",\"consumerGroup\":\"g2\",\"queueId\":\"0\",\"queueOffset\":\"9\",\"topic\":\"orders\""
    let told = ExpectedMessage(
      .request, requestType: "PULL_MESSAGE", requestDomain: "g2", requestResource: "orders",
      mayBlock: true,
      attributes: [
        "rocketmq.topic": "orders", "rocketmq.group": "g2", "rocketmq.queue_id": "0",
        "rocketmq.queue_offset": "9",
      ])
    expectMessages(
      RocketMQ(), T.json(.client, code: 11, opaque: 1, fields: fields),
      T.binary(
        .client, code: 11, opaque: 2,
        fields: [
          ("consumerGroup", "g2"), ("queueId", "0"), ("queueOffset", "9"), ("topic", "orders"),
        ]),
      T.binary(.server, code: 0, opaque: 2, flag: 1, remark: "FOUND", body: message),
      T.json(.server, code: 19, opaque: 1, flag: 1, remark: "not found"),
      gives: [
        told, told,
        ExpectedMessage(
          .response, status: .ok, code: 0, traceID: Self.traceID, requestID: 2,
          attributes: ["rocketmq.unique_key": "7F00"]),
        ExpectedMessage(
          .response, status: .ok, code: 19, responseResult: "PULL_NOT_FOUND", requestID: 1),
      ])
  }

  @Test func oneWayAndPushed() {
    expectMessages(
      RocketMQ(),
      T.json(
        .client, code: 15, opaque: 3, flag: 2, fields: "\"topic\":\"t\",\"commitOffset\":\"4\""),
      T.json(.server, code: 40, opaque: 9, flag: 2, fields: "\"consumerGroup\":\"g\""),
      T.json(.server, code: 307, opaque: 10), T.json(.client, code: 0, opaque: 10, flag: 1),
      gives: [
        ExpectedMessage(.session, requestType: "UPDATE_CONSUMER_OFFSET", requestID: 3),
        ExpectedMessage(
          .session, requestType: "NOTIFY_CONSUMER_IDS_CHANGED", requestDomain: "g"),
        ExpectedMessage(.request, requestType: "GET_CONSUMER_RUNNING_INFO", requestID: 10),
        ExpectedMessage(.response, status: .ok, requestID: 10),
      ])
  }

  @Test(
    arguments: [
      (1, ResponseStatus.serverError, nil, "SYSTEM_ERROR"),
      (17, .clientError, "topic 'x' not exist", "topic ? not exist"),
      (999, .serverError, nil, "code 999"),
    ] as [(Int, ResponseStatus, String?, String)])
  func errors(code: Int, status: ResponseStatus, remark: String?, shown: String) {
    expectMessages(
      RocketMQ(), T.json(.client, code: 105, opaque: 1, fields: "\"topic\":\"t7\""),
      T.json(.server, code: code, opaque: 1, flag: 1, remark: remark),
      gives: [
        ExpectedMessage(
          .request, requestType: "GET_ROUTEINFO_BY_TOPIC", endpoint: "GET_ROUTEINFO_BY_TOPIC t7"),
        ExpectedMessage(
          .response, status: status, code: Int32(code), responseException: shown),
      ])
  }

  @Test func lengthsThatLie() {
    for hex in ["ffffffff 00000020", "00000040 02000020", "00000010 00000020", "00000040 00000002"]
    {
      let held = hold(RocketMQ(), [Talk(.client, hex: hex + "7b7b7b7b7b")])
      #expect(held.error != nil && held.messages.isEmpty, "\(hex)")
    }
  }

  @Test func neverTrapsOnAnyBytes() {
    neverTraps(
      RocketMQ(), seed: 107, rounds: 3_000,
      seeds: [
        T.json(
          .client, code: 310, opaque: 1,
          fields: "\"b\":\"t\",\"i\":\"A\\u0001b\\u0002traceparent\\u0001x\\u0002\""),
        T.binary(
          .client, code: 11, opaque: 2, fields: [("topic", "t"), ("properties", "a\u{1}b\u{2}")]),
        T.binary(
          .server, code: 0, opaque: 2, flag: 1, remark: "FOUND",
          body: T.stored(topic: "t", properties: "KEYS\u{1}a\u{2}", body: "hi")),
      ])
  }
}

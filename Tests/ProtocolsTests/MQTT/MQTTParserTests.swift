// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html and version 3.1.1 of it.
@Suite struct MQTTParserTests {
  typealias T = MQTTTalks

  @Test func connectingAndAsking() {
    expectMessages(
      MQTT(), T.connect(client: "sensor-1"), T.packet(.server, 0x20, [0, 0]),
      T.identified(.client, 0x82, id: 7, T.text("a/b") + [1] + T.text("c/#") + [0]),
      T.identified(.server, 0x90, id: 7, [1, 0]), T.packet(.client, 0xc0, []),
      T.packet(.server, 0xd0, []), T.identified(.client, 0xa2, id: 8, T.text("a/b")),
      T.identified(.server, 0xb0, id: 8), T.packet(.client, 0xe0, []),
      gives: [
        ExpectedMessage(
          .request, version: "3.1.1", requestType: "CONNECT", requestDomain: "sensor-1",
          endpoint: "CONNECT", attributes: ["mqtt.client_id": "sensor-1"]),
        ExpectedMessage(.response, status: .ok, code: 0),
        ExpectedMessage(
          .request, requestType: "SUBSCRIBE", requestResource: "a/b, c/#",
          endpoint: "SUBSCRIBE a/b", requestID: 7, parts: 2,
          attributes: ["mqtt.topic": "a/b"]),
        ExpectedMessage(.response, status: .ok, code: 1, requestID: 7),
        ExpectedMessage(.request, requestType: "PINGREQ", endpoint: "PINGREQ"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "UNSUBSCRIBE", requestResource: "a/b"),
        ExpectedMessage(.response, status: .ok, requestID: 8),
        ExpectedMessage(.session, requestType: "DISCONNECT", status: .ok),
      ])
  }

  @Test func eitherSidePublishesInThreeWays() {
    expectMessages(
      MQTT(), T.publish(.client, "s/17/temp"), T.publish(.client, "a", qos: 1, id: 3),
      T.identified(.server, 0x40, id: 3), T.publish(.client, "a", qos: 2, id: 4),
      T.identified(.server, 0x50, id: 4), T.identified(.client, 0x62, id: 4),
      T.identified(.server, 0x70, id: 4), T.publish(.server, "b"),
      T.publish(.server, "b", qos: 1, id: 3), T.identified(.client, 0x40, id: 3),
      gives: [
        ExpectedMessage(
          .session, requestType: "PUBLISH", requestResource: "s/17/temp",
          endpoint: "PUBLISH s/?/temp", length: 16,
          attributes: ["mqtt.topic": "s/17/temp", "mqtt.qos": "0"]),
        ExpectedMessage(
          .request, requestType: "PUBLISH", requestID: 3,
          attributes: ["mqtt.topic": "a", "mqtt.qos": "1"]),
        ExpectedMessage(.response, status: .ok, requestID: 3),
        ExpectedMessage(.request, requestType: "PUBLISH", requestID: 4),
        ExpectedMessage(.response, status: .ok, requestID: 4),
        ExpectedMessage(.request, requestType: "PUBREL", requestID: 4),
        ExpectedMessage(.response, status: .ok, requestID: 4),
        ExpectedMessage(.session, requestType: "PUBLISH", requestResource: "b"),
        ExpectedMessage(.request, requestType: "PUBLISH", requestID: 3),
        ExpectedMessage(.response, status: .ok, requestID: 3),
      ])
  }

  @Test(
    arguments: [
      (1, ResponseStatus.clientError, "unacceptable protocol version"),
      (3, .serverError, "server unavailable"), (5, .clientError, "not authorized"),
      (9, .clientError, "reason 9"),
    ] as [(UInt8, ResponseStatus, String)])
  func refusals(code: UInt8, status: ResponseStatus, text: String) {
    expectMessages(
      MQTT(), T.connect(level: 3), T.packet(.server, 0x20, [0, code]),
      gives: [
        ExpectedMessage(.request, version: "3.1"),
        ExpectedMessage(.response, status: status, code: Int32(code), responseException: text),
      ])
  }

  @Test func aSubscriptionMayBeRefused() {
    expectMessages(
      MQTT(), T.identified(.client, 0x82, id: 7, T.text("a") + [1] + T.text("b") + [0]),
      T.identified(.server, 0x90, id: 7, [1, 0x80]),
      gives: [
        ExpectedMessage(.request, requestType: "SUBSCRIBE"),
        ExpectedMessage(
          .response, status: .clientError, code: 128, responseException: "subscription refused"),
      ])
  }

  static let traceID = "0af7651916cd43dd8448eb211c80319c"

  /// Properties: a message's user properties carry a trace, a topic may be a number.
  @Test func versionFive() {
    let trace =
      [0x26] + T.text("traceparent") + T.text("00-\(Self.traceID)-b7ad6b7169203331-01")
    expectMessages(
      MQTT(), T.connect(level: 5), T.packet(.server, 0x20, [0, 0, 3, 0x21, 0, 20]),
      T.publish(.client, "a/b", qos: 1, id: 1, properties: [0x23, 0, 9] + trace),
      T.identified(.server, 0x40, id: 1, [0x97, 0]),
      T.publish(.client, "", qos: 1, id: 2, properties: [0x23, 0, 9]),
      T.identified(.server, 0x40, id: 2, [0x10]),
      T.identified(.client, 0x82, id: 3, [2, 0x0b, 5] + T.text("x") + [1]),
      T.identified(.server, 0x90, id: 3, [0, 0x87]), T.packet(.server, 0xe0, [0x8b, 0]),
      gives: [
        ExpectedMessage(.request, version: "5", requestType: "CONNECT"),
        ExpectedMessage(.response, status: .ok, code: 0),
        ExpectedMessage(
          .request, requestResource: "a/b", traceID: Self.traceID, spanID: "b7ad6b7169203331"),
        ExpectedMessage(
          .response, status: .clientError, code: 0x97, responseException: "quota exceeded"),
        ExpectedMessage(.request, requestResource: "a/b", endpoint: "PUBLISH a/b"),
        ExpectedMessage(.response, status: .ok, code: 16),
        ExpectedMessage(.request, requestResource: "x"),
        ExpectedMessage(
          .response, status: .clientError, code: 0x87, responseException: "not authorized"),
        ExpectedMessage(
          .session, requestType: "DISCONNECT", status: .serverError, code: 0x8b,
          responseException: "server shutting down"),
      ])
  }

  /// Lengths that lie, properties without an end, more aliases than are kept.
  @Test func hostilePackets() {
    for body in [[0xff, 0xff, 0x61], [0, 9, 0x61], [0, 0, 0]] as [[UInt8]] {
      let held = hold(MQTT(), [T.packet(.client, 0x30, body)])
      #expect(held.violations == [] && held.messages.count == 1)
    }
    #expect(hold(MQTT(), [Talk(.client, hex: "30 ffffffff 01")]).error != nil)
    #expect(hold(MQTT(), [Talk(.client, hex: "36 05 000161 6161")]).error != nil)
    #expect(hold(MQTT(), [Talk(.server, hex: "c000")]).error != nil)
    var driver = ParserDriver(MQTT())
    driver.feed(T.connect(level: 5).bytes, from: .client)
    for number in 0..<200 as Range<UInt8> {
      driver.feed(
        T.publish(.client, "t\(number)", properties: [0x23, 0, number]).bytes, from: .client)
    }
    for number in [3, 150] as [UInt8] {
      driver.feed(T.publish(.client, "", properties: [0x23, 0, number]).bytes, from: .client)
    }
    #expect(driver.messages.suffix(2).map { $0.texts["request_resource"] } == ["t3", ""])
  }

  @Test func neverTrapsOnAnyBytes() {
    neverTraps(
      MQTT(), seed: 101, rounds: 3_000,
      seeds: [
        T.connect(level: 5), T.packet(.server, 0x20, [0, 0, 3, 0x21, 0, 20]),
        T.publish(
          .client, "a/b", qos: 1, id: 1, properties: [0x23, 0, 9, 0x26, 0, 1, 97, 0, 1, 98]),
        T.identified(.client, 0x82, id: 3, [2, 0x0b, 5] + T.text("x") + [1]),
        T.identified(.server, 0x90, id: 3, [0, 0x87]),
      ])
  }
}

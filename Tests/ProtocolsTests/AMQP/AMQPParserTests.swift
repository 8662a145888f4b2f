// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf.
@Suite struct AMQPParserTests {
  typealias T = AMQPTalks

  static let hello = Talk(.client, "AMQP\0\0\u{9}\u{1}")

  @Test func aConnectionBeginsAndEnds() {
    expectMessages(
      AMQP(), Self.hello, T.method(.server, 10, 10, channel: 0, [0, 9, 0, 0, 0, 0]),
      T.method(.client, 10, 11, channel: 0), T.method(.server, 10, 30, channel: 0),
      T.method(.client, 10, 31, channel: 0),
      T.method(.client, 10, 40, channel: 0, T.text("/shop") + [0, 0]),
      T.method(.server, 10, 41, channel: 0, [0]), T.method(.client, 20, 10, [0]),
      T.method(.server, 20, 11, [0, 0, 0, 0]), T.frame(.client, 8, channel: 0, []),
      T.method(.client, 10, 50, channel: 0, [0, 200] + T.text("bye") + [0, 0, 0, 0]),
      T.method(.server, 10, 51, channel: 0),
      gives: [
        ExpectedMessage(.request, version: "0-9-1", requestType: "Connection.Start"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "Connection.Tune"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "Connection.Open", requestDomain: "/shop"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "Channel.Open", requestDomain: "/shop"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "Connection.Close", responseException: ""),
        ExpectedMessage(.response, status: .ok, code: 200),
      ])
  }

  static let traceID = "0af7651916cd43dd8448eb211c80319c"

  @Test func publishingAndDelivering() {
    let trace = "00-\(Self.traceID)-b7ad6b7169203331-01"
    let table =
      T.text("n") + [UInt8(ascii: "F"), 0, 0, 0, 4, 1, 97, 116, 1] + T.text("traceparent")
      + [UInt8(ascii: "S")] + T.number(UInt64(trace.utf8.count), 4) + Array(trace.utf8)
    let properties =
      [0xa4, 0x80] + T.text("text/plain") + T.number(UInt64(table.count), 4) + table
      + T.text("c7") + T.text("m7")
    expectMessages(
      AMQP(), T.method(.client, 60, 40, [0, 0] + T.text("orders") + T.text("eu.17") + [0]),
      T.content(.client, properties: properties, "hello"),
      T.method(
        .server, 60, 60,
        T.text("tag") + [0, 0, 0, 0, 0, 0, 0, 9, 0] + T.text("orders")
          + T.text("eu.17")), T.content(.server, ""),
      T.method(.client, 60, 80, [0, 0, 0, 0, 0, 0, 0, 9, 0]),
      T.method(
        .server, 60, 50, [1, 56] + T.text("NO_ROUTE") + T.text("orders") + T.text("none")),
      T.content(.server, "hello"),
      gives: [
        ExpectedMessage(
          .session, requestType: "Basic.Publish", requestResource: "orders.eu.17",
          endpoint: "Basic.Publish orders.eu.?", traceID: Self.traceID,
          spanID: "b7ad6b7169203331", length: 5,
          attributes: [
            "amqp.exchange": "orders", "amqp.routing_key": "eu.17", "amqp.message_id": "m7",
            "amqp.correlation_id": "c7",
          ]),
        ExpectedMessage(
          .session, requestType: "Basic.Deliver", requestResource: "orders.eu.17", status: .ok,
          length: 0,
          attributes: [
            "amqp.exchange": "orders", "amqp.routing_key": "eu.17", "amqp.consumer_tag": "tag",
            "amqp.delivery_tag": "9",
          ]),
        ExpectedMessage(
          .session, requestType: "Basic.Ack", attributes: ["amqp.delivery_tag": "9"]),
        ExpectedMessage(
          .session, requestType: "Basic.Return", status: .clientError, code: 312,
          responseException: "NO_ROUTE"),
      ])
  }

  /// Channels are each on their own, and get is answered in two ways.
  @Test func channelsAnswerEachOnItsOwn() {
    expectMessages(
      AMQP(), T.declare("a"), T.declare("b", channel: 2),
      T.method(.client, 60, 70, channel: 3, [0, 0] + T.text("q") + [0]),
      T.declareOK("b", channel: 2), T.declareOK("a"), T.method(.server, 60, 72, channel: 3, [0]),
      T.declare("c", flags: 0x10),
      gives: [
        ExpectedMessage(
          .request, requestType: "Queue.Declare", requestResource: "a", endpoint: "Queue.Declare a"),
        ExpectedMessage(.request, requestResource: "b"),
        ExpectedMessage(.request, requestType: "Basic.Get", requestResource: "q"),
        ExpectedMessage(.response, attributes: ["amqp.queue": "b"]),
        ExpectedMessage(.response, attributes: ["amqp.queue": "a"]),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.session, requestType: "Queue.Declare", requestResource: "c"),
      ])
  }

  /// In place of an answer the channel is closed, which is answered in turn.
  @Test func aRefusalClosesTheChannel() {
    expectMessages(
      AMQP(), T.declare("a"), T.close(404, "NOT_FOUND - no queue 'a' in vhost '/'"),
      T.method(.client, 20, 41), T.close(541, "INTERNAL_ERROR", channel: 2),
      T.method(.client, 20, 41, channel: 2),
      gives: [
        ExpectedMessage(.request, requestType: "Queue.Declare"),
        ExpectedMessage(
          .response, status: .clientError, code: 404,
          responseException: "NOT_FOUND - no queue 'a' in vhost '/'"),
        ExpectedMessage(.request, requestType: "Channel.Close"),
        ExpectedMessage(.response, status: .clientError, code: 404),
        ExpectedMessage(.request, requestType: "Channel.Close"),
        ExpectedMessage(.response, status: .serverError, code: 541),
      ])
  }

  @Test func framesThatLie() {
    for hex in [
      "01 0001 ffffffff 0032000a", "01 0001 00000003 003200", "05 0001 00000004 0032000a ce",
      "01 0001 00000004 0032000a 00", "01 0001 00000004 00ff000a ce",
      "02 0001 00000004 0032000a ce",
    ] {
      let held = hold(AMQP(), [Talk(.client, hex: hex)])
      #expect(held.error != nil && held.messages.isEmpty, "\(hex)")
    }
  }

  @Test func neverTrapsOnAnyBytes() {
    neverTraps(
      AMQP(), seed: 102, rounds: 3_000,
      seeds: [
        Self.hello, T.declare("a"), T.declareOK("a"), T.close(404, "x"),
        T.method(.client, 60, 40, [0, 0] + T.text("orders") + T.text("eu.17") + [0]),
        T.content(
          .client, properties: [0x20, 0, 0, 0, 0, 9, 1, 97, 0x53, 0, 0, 0, 2, 98, 99], "hello"),
      ])
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// The fields of each version: https://kafka.apache.org/protocol#protocol_messages.
@Suite struct KafkaParserTests {
  static let records = KafkaTalks.batch(3)
  static let set = KafkaTalks.words(
    KafkaTalks.number(UInt32(records.count)) + records)
  /// The length as a varint of one more.
  static let compactSet = KafkaTalks.words([UInt8(records.count + 1)] + records)

  /// That of the first of ``records``.
  static let firstOffset = "\(records.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) })"

  struct Case: CustomTestStringConvertible {
    var version: UInt8
    var isFlexible = false
    var request: String
    var response: String
    var testDescription: String { "v\(version)" }
  }

  @Test(arguments: [
    // Acks, timeout, topics of partitions of records; partition, error, offset.
    Case(
      version: 0, request: "ffff 00001388 00000001 0006 'orders' 00000001 00000002 \(set)",
      response: "00000001 0006 'orders' 00000001 00000002 0000 000000000000002a"),
    // The response has the time it was held back.
    Case(
      version: 1, request: "ffff 00001388 00000001 0006 'orders' 00000001 00000002 \(set)",
      response: "00000001 0006 'orders' 00000001 00000002 0000 000000000000002a 00000000"),
    // When it was appended.
    Case(
      version: 2, request: "ffff 00001388 00000001 0006 'orders' 00000001 00000002 \(set)",
      response: """
        00000001 0006 'orders' 00000001 00000002 0000 000000000000002a ffffffffffffffff 00000000
        """),
    // A transaction's id, none here.
    Case(
      version: 3, request: "ffff ffff 00001388 00000001 0006 'orders' 00000001 00000002 \(set)",
      response: """
        00000001 0006 'orders' 00000001 00000002 0000 000000000000002a ffffffffffffffff 00000000
        """),
    // The first offset that the log has.
    Case(
      version: 7,
      request: "0003 'txn' ffff 00001388 00000001 0006 'orders' 00000001 00000002 \(set)",
      response: """
        00000001 0006 'orders' 00000001 00000002 0000 000000000000002a ffffffffffffffff
        0000000000000000 00000000
        """),
    // Errors of records, and a text.
    Case(
      version: 8, request: "ffff ffff 00001388 00000001 0006 'orders' 00000001 00000002 \(set)",
      response: """
        00000001 0006 'orders' 00000001 00000002 0000 000000000000002a ffffffffffffffff
        0000000000000000 00000001 00000000 0003 'bad' ffff 00000000
        """),
    // Varints and tagged fields, one of them given.
    Case(
      version: 9, isFlexible: true,
      request: "00 ffff 00001388 02 07 'orders' 02 00000002 \(compactSet) 01 05 02 ffff 00 00",
      response: """
        02 07 'orders' 02 00000002 0000 000000000000002a ffffffffffffffff 0000000000000000
        02 00000000 04 'bad' 00 00 00 00 00000000 00
        """),
    Case(
      version: 12, isFlexible: true,
      request: "04 'txn' ffff 00001388 02 07 'orders' 02 00000002 \(compactSet) 00 00 00",
      response: """
        02 07 'orders' 02 00000002 0000 000000000000002a ffffffffffffffff 0000000000000000 01 00
        01 00 09 00000001 00000002 00 00 00000000 00
        """),
  ])
  func everyVersionOfProduce(version: Case) {
    expectMessages(
      Kafka(),
      KafkaTalks.request(0, version.version, isFlexible: version.isFlexible, version.request),
      KafkaTalks.response(isFlexible: version.isFlexible, version.response),
      gives: [
        ExpectedMessage(
          .request, version: "\(version.version)", requestType: "Produce",
          requestResource: "orders", endpoint: "Produce orders", requestID: 7,
          flags: CallRecord.Flags(rawValue: 0), parts: 3,
          attributes: [
            "kafka.client_id": "app", "kafka.topic": "orders", "kafka.partition": "2",
            "kafka.acks": "-1",
          ]),
        ExpectedMessage(
          .response, requestResource: "", status: .ok, code: 0, responseException: "",
          requestID: 7, attributes: ["kafka.offset": "42"]),
      ])
  }

  static let id = "000102030405060708090a0b0c0d0eff"

  /// From version 13 on topics go by ids (KIP-516), which Kafka's tools write in base 64.
  @Test func topicsByTheirIDs() {
    expectMessages(
      Kafka(),
      KafkaTalks.request(
        0, 13, isFlexible: true,
        "00 0001 00001388 02 \(Self.id) 02 00000000 \(Self.compactSet) 00 00 00"),
      KafkaTalks.response(
        isFlexible: true,
        """
        02 \(Self.id) 02 00000000 0064 ffffffffffffffff ffffffffffffffff ffffffffffffffff 01 00 00
        00 00000064 00
        """),
      gives: [
        ExpectedMessage(
          .request, requestResource: "AAECAwQFBgcICQoLDA0O_w",
          endpoint: "Produce AAECAwQFBgcICQoLDA0O_w",
          attributes: [
            "kafka.client_id": "app", "kafka.topic_id": "AAECAwQFBgcICQoLDA0O_w",
            "kafka.partition": "0", "kafka.acks": "1",
          ]),
        ExpectedMessage(
          .response, status: .clientError, code: 100, responseException: "UNKNOWN_TOPIC_ID",
          attributes: ["kafka.throttle_time_ms": "100"]),
      ])
  }

  /// Nobody answers what asks for no acknowledgement.
  @Test func withoutAcknowledgementItIsOneWay() {
    let body = "0000 00001388 00000001 0006 'orders' 00000001 00000002 \(Self.set)"
    expectMessages(
      Kafka(), KafkaTalks.request(0, 2, id: 1, body), KafkaTalks.request(0, 2, id: 2, body),
      gives: [
        ExpectedMessage(.session, requestResource: "orders", status: .ok, requestID: 1, parts: 3),
        ExpectedMessage(.session, requestResource: "orders", status: .ok, requestID: 2, parts: 3),
      ])
  }

  @Test func severalTopicsAndPartitions() {
    let body = """
      ffff 00001388 00000002 0001 'a' 00000002 00000000 \(Self.set) 00000001 \(Self.set)
      0001 'b' 00000001 00000004 \(Self.set)
      """
    let response = """
      00000002 0001 'a' 00000002 00000000 0000 0000000000000001 00000001 0006 ffffffffffffffff
      0001 'b' 00000001 00000004 0007 ffffffffffffffff
      """
    expectMessages(
      Kafka(), KafkaTalks.request(0, 0, body), KafkaTalks.response(response),
      gives: [
        ExpectedMessage(
          .request, requestResource: "a, b", endpoint: "Produce a", parts: 9,
          attributes: [
            "kafka.client_id": "app", "kafka.topic": "a", "kafka.partition": "0",
            "kafka.acks": "-1",
          ]),
        // The first error counts.
        ExpectedMessage(
          .response, status: .serverError, code: 6, responseException: "NOT_LEADER_OR_FOLLOWER",
          attributes: ["kafka.offset": "1"]),
      ])
  }

  @Test(arguments: [
    // How long to wait and for how much, topics of partitions: from where, how much.
    Case(
      version: 0,
      request: """
        ffffffff 000001f4 00000001 00000001 0006 'orders' 00000001 00000002 0000000000000024
        00100000
        """,
      response: "00000001 0006 'orders' 00000001 00000002 0000 0000000000000027 \(set)"),
    Case(
      version: 4,
      request: """
        ffffffff 000001f4 00000001 03200000 00 00000001 0006 'orders' 00000001 00000002
        0000000000000024 00100000
        """,
      response: """
        00000000 00000001 0006 'orders' 00000001 00000002 0000 0000000000000027 0000000000000027
        00000001 0000000000000001 0000000000000024 \(set)
        """),
    // A session, and what it is to forget.
    Case(
      version: 7,
      request: """
        ffffffff 000001f4 00000001 03200000 00 00000000 ffffffff 00000001 0006 'orders' 00000001
        00000002 0000000000000024 ffffffffffffffff 00100000 00000001 0003 'old' 00000001 00000000
        """,
      response: """
        00000000 0000 00000000 00000001 0006 'orders' 00000001 00000002 0000 0000000000000027
        0000000000000027 0000000000000000 ffffffff \(set)
        """),
    Case(
      version: 11,
      request: """
        ffffffff 000001f4 00000001 03200000 00 00000000 ffffffff 00000001 0006 'orders' 00000001
        00000002 00000005 0000000000000024 ffffffffffffffff 00100000 00000000 0002 'r1'
        """,
      response: """
        00000000 0000 00000000 00000001 0006 'orders' 00000001 00000002 0000 0000000000000027
        0000000000000027 0000000000000000 ffffffff ffffffff \(set)
        """),
    Case(
      version: 12, isFlexible: true,
      request: """
        ffffffff 000001f4 00000001 03200000 00 00000000 ffffffff 02 07 'orders' 02 00000002
        00000005 0000000000000024 ffffffff ffffffffffffffff 00100000 00 00 01 01 00
        """,
      response: """
        00000000 0000 00000000 02 07 'orders' 02 00000002 0000 0000000000000027
        0000000000000027 0000000000000000 00 ffffffff \(compactSet) 00 00 00
        """),
  ])
  func everyVersionOfFetch(version: Case) {
    expectMessages(
      Kafka(),
      KafkaTalks.request(1, version.version, isFlexible: version.isFlexible, version.request),
      KafkaTalks.response(isFlexible: version.isFlexible, version.response),
      gives: [
        ExpectedMessage(
          .request, requestType: "Fetch", requestResource: "orders", endpoint: "Fetch orders",
          mayBlock: true, parts: 0,
          attributes: [
            "kafka.client_id": "app", "kafka.topic": "orders", "kafka.partition": "2",
            "kafka.offset": "36",
          ]),
        ExpectedMessage(
          .response, status: .ok, code: 0, parts: 3,
          attributes: [
            "kafka.record_topic": "orders", "kafka.record_partition": "2",
            "kafka.record_offset": Self.firstOffset,
          ]),
      ])
  }

  /// Only the first request of a session names the topics; they go by ids from version 13 on, and from
  /// 15 on a replica is told of in a tagged field.
  @Test(arguments: [13, 15, 17] as [UInt8]) func aSessionGoesOn(version: UInt8) {
    let replica = version < 15 ? "ffffffff " : ""
    expectMessages(
      Kafka(),
      KafkaTalks.request(
        1, version, isFlexible: true,
        replica + "000001f4 00000001 03200000 00 00000009 00000002 01 01 01 00"),
      KafkaTalks.response(
        isFlexible: true,
        """
        00000000 0000 00000009 02 \(Self.id) 02 00000001 0000 0000000000000027 0000000000000027
        0000000000000000 01 ffffffff \(Self.compactSet) 00 00 00
        """),
      gives: [
        ExpectedMessage(
          .request, requestResource: "", endpoint: "Fetch",
          attributes: ["kafka.client_id": "app"]),
        ExpectedMessage(
          .response, requestResource: "AAECAwQFBgcICQoLDA0O_w", status: .ok, parts: 3,
          attributes: [
            "kafka.topic_id": "AAECAwQFBgcICQoLDA0O_w", "kafka.partition": "1",
            "kafka.record_topic_id": "AAECAwQFBgcICQoLDA0O_w", "kafka.record_partition": "1",
            "kafka.record_offset": Self.firstOffset,
          ]),
      ])
  }
}

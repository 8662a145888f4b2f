// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// What is asked about offsets and topics, whose errors stand at each of them.
@Suite struct KafkaOffsetsTests {
  struct Case: CustomTestStringConvertible {
    var key: UInt8
    var version: UInt8
    var isFlexible = false
    var request: String
    var response: String
    var name: String
    var error: String
    var told: [String: String]
    var testDescription: String { "\(name) v\(version)" }
  }

  private static let end = "ffffffffffffffff"
  private static let offset = "0000000000000024"
  private static let id = KafkaParserTests.id
  private static let place = ["kafka.topic": "orders", "kafka.partition": "2"]
  private static let commit = [
    "kafka.topic": "orders", "kafka.partition": "2", "kafka.offset": "36", "kafka.group": "g",
  ]
  private static let fetch = ["kafka.topic": "orders", "kafka.group": "g"]
  private static let topic = ["kafka.topic": "orders"]

  static let cases: [Case] = [
    Case(
      key: 2, version: 0,
      request: "ffffffff 00000001 0006 'orders' 00000001 00000002 \(end) 00000001",
      response: "00000001 0006 'orders' 00000001 00000002 0001 00000001 \(offset)",
      name: "ListOffsets", error: "OFFSET_OUT_OF_RANGE", told: place),
    Case(
      key: 2, version: 1, request: "ffffffff 00000001 0006 'orders' 00000001 00000002 \(end)",
      response: "00000001 0006 'orders' 00000001 00000002 0001 \(end) \(offset)",
      name: "ListOffsets", error: "OFFSET_OUT_OF_RANGE", told: place),
    Case(
      key: 2, version: 4,
      request: "ffffffff 00 00000001 0006 'orders' 00000001 00000002 00000005 \(end)",
      response: """
        00000000 00000002 0001 'a' 00000001 00000000 0000 \(end) \(offset) 00000005
        0006 'orders' 00000001 00000002 0001 \(end) \(offset) 00000005
        """,
      name: "ListOffsets", error: "OFFSET_OUT_OF_RANGE", told: place),
    Case(
      key: 2, version: 6, isFlexible: true,
      request: "ffffffff 00 02 07 'orders' 02 00000002 00000005 \(end) 00 00 00",
      response: "00000000 02 07 'orders' 02 00000002 0001 \(end) \(offset) 00000005 00 00 00",
      name: "ListOffsets", error: "OFFSET_OUT_OF_RANGE", told: place),
    Case(
      key: 8, version: 0,
      request: "0001 'g' 00000001 0006 'orders' 00000001 00000002 \(offset) 0001 'n'",
      response: "00000001 0006 'orders' 00000001 00000002 0016",
      name: "OffsetCommit", error: "ILLEGAL_GENERATION", told: commit),
    Case(
      key: 8, version: 2,
      request: """
        0001 'g' 00000005 0001 'm' \(end) 00000001 0006 'orders' 00000001 00000002 \(offset) ffff
        """,
      response: "00000001 0006 'orders' 00000001 00000002 0016",
      name: "OffsetCommit", error: "ILLEGAL_GENERATION", told: commit),
    Case(
      key: 8, version: 7,
      request: """
        0001 'g' 00000005 0001 'm' ffff 00000001 0006 'orders' 00000001 00000002 \(offset)
        00000003 0000
        """,
      response: "00000000 00000001 0006 'orders' 00000001 00000002 0016",
      name: "OffsetCommit", error: "ILLEGAL_GENERATION", told: commit),
    Case(
      key: 8, version: 8, isFlexible: true,
      request: """
        02 'g' 00000005 02 'm' 00 02 07 'orders' 02 00000002 \(offset) 00000003 01 00 00 00
        """,
      response: "00000000 02 07 'orders' 02 00000002 0016 00 00 00",
      name: "OffsetCommit", error: "ILLEGAL_GENERATION", told: commit),
    Case(
      key: 9, version: 1, request: "0001 'g' 00000001 0006 'orders' 00000001 00000002",
      response: "00000001 0006 'orders' 00000001 00000002 \(offset) 0000 0018",
      name: "OffsetFetch", error: "INVALID_GROUP_ID", told: fetch),
    Case(
      key: 9, version: 5, request: "0001 'g' 00000001 0006 'orders' 00000001 00000002",
      response: """
        00000000 00000001 0006 'orders' 00000001 00000002 \(offset) 00000001 ffff 0000 0018
        """,
      name: "OffsetFetch", error: "INVALID_GROUP_ID", told: fetch),
    Case(
      key: 9, version: 8, isFlexible: true,
      request: "02 02 'g' 02 07 'orders' 02 00000002 00 00 00 00",
      response: """
        00000000 02 02 'g' 02 07 'orders' 02 00000002 \(offset) 00000001 00 0000 00 00 0018 00 00
        """,
      name: "OffsetFetch", error: "INVALID_GROUP_ID", told: fetch),
    Case(
      key: 10, version: 4, isFlexible: true, request: "00 02 02 'g' 00",
      response: "00000000 02 02 'g' 00000001 02 'h' 00002384 000f 00 00 00",
      name: "FindCoordinator", error: "COORDINATOR_NOT_AVAILABLE", told: ["kafka.group": "g"]),
    Case(
      key: 28, version: 0,
      request: """
        0001 't' 0001 'g' 0000000000000001 0001 00000001 0006 'orders' 00000001 00000002
        \(offset) ffff
        """,
      response: "00000000 00000001 0006 'orders' 00000001 00000002 0035",
      name: "TxnOffsetCommit", error: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", told: commit),
    Case(
      key: 28, version: 3, isFlexible: true,
      request: """
        02 't' 02 'g' 0000000000000001 0001 00000005 02 'm' 00 02 07 'orders' 02 00000002
        \(offset) 00000003 00 00 00 00
        """,
      response: "00000000 02 07 'orders' 02 00000002 0035 00 00 00",
      name: "TxnOffsetCommit", error: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", told: commit),
    Case(
      key: 19, version: 2,
      request: "00000001 0006 'orders' 00000001 0001 00000000 00000000 00001388 00",
      response: "00000000 00000002 0001 'a' 0000 ffff 0006 'orders' 0024 0002 'no'",
      name: "CreateTopics", error: "TOPIC_ALREADY_EXISTS", told: topic),
    Case(
      key: 19, version: 7, isFlexible: true,
      request: "02 07 'orders' 00000001 0001 01 01 00 00001388 00 00",
      response: """
        00000000 03 02 'a' \(id) 0000 00 00000001 0001 02 02 'k' 00 00 05 00 00 00
        07 'orders' \(id) 0024 03 'no' ffffffff ffff 00 01 00 02 0000 00
        """,
      name: "CreateTopics", error: "TOPIC_ALREADY_EXISTS", told: topic),
    Case(
      key: 20, version: 1, request: "00000001 0006 'orders' 00001388",
      response: "00000000 00000001 0006 'orders' 0003",
      name: "DeleteTopics", error: "UNKNOWN_TOPIC_OR_PARTITION", told: topic),
    Case(
      key: 20, version: 6, isFlexible: true,
      request: "02 07 'orders' \(id) 00 00001388 00",
      response: "00000000 02 07 'orders' \(id) 0003 00 00 00",
      name: "DeleteTopics", error: "UNKNOWN_TOPIC_OR_PARTITION", told: topic),
  ]

  @Test(arguments: cases) func theFirstErrorCounts(version: Case) {
    let topic = version.told["kafka.topic"] ?? ""
    expectMessages(
      Kafka(),
      KafkaTalks.request(
        version.key, version.version, isFlexible: version.isFlexible, version.request),
      KafkaTalks.response(isFlexible: version.isFlexible, version.response),
      gives: [
        ExpectedMessage(
          .request, requestType: version.name, requestResource: topic,
          endpoint: topic.isEmpty ? version.name : "\(version.name) \(topic)",
          attributes: version.told.merging(["kafka.client_id": "app"]) { first, _ in first }),
        ExpectedMessage(.response, responseException: version.error, attributes: [:]),
      ])
  }

  /// Without an error, all of it is a success.
  @Test func nothingIsWrong() {
    expectMessages(
      Kafka(), KafkaTalks.request(8, 0, "0001 'g' 00000000"), KafkaTalks.response("00000000"),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.response, status: .ok, code: 0),
      ])
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// What is asked about the cluster, groups and versions.
@Suite struct KafkaClusterTests {
  struct Case: CustomTestStringConvertible {
    var version: UInt8
    var isFlexible = false
    var request: String
    var response: String
    var testDescription: String { "v\(version)" }
  }

  @Test(arguments: [
    // Brokers; topics: error, name, partitions: error, index, leader, replicas, those in sync.
    Case(
      version: 0, request: "00000001 0006 'orders'",
      response: """
        00000001 00000001 0002 'b1' 00002384 00000001 0003 0006 'orders' 00000001 0005 00000000
        ffffffff 00000001 00000001 00000001 00000001
        """),
    // Racks, the controller, and which topics are Kafka's own.
    Case(
      version: 1, request: "00000001 0006 'orders'",
      response: """
        00000001 00000001 0002 'b1' 00002384 ffff 00000001 00000001 0003 0006 'orders' 00
        00000000
        """),
    // The cluster's id; the time it was held back.
    Case(
      version: 4, request: "00000001 0006 'orders' 01",
      response: """
        00000000 00000001 00000001 0002 'b1' 00002384 0002 'r1' 0002 'c1' 00000001
        00000001 0003 0006 'orders' 00 00000000
        """),
    // Replicas that are away, the leader's epoch, and what one may do.
    Case(
      version: 8, request: "00000001 0006 'orders' 01 00 00",
      response: """
        00000000 00000001 00000001 0002 'b1' 00002384 ffff 0002 'c1' 00000001 00000001
        0003 0006 'orders' 00 00000001 0000 00000000 00000001 00000005 00000001 00000001
        00000001 00000001 00000000 80000000 80000000
        """),
    Case(
      version: 9, isFlexible: true, request: "02 07 'orders' 00 01 00 00 00",
      response: """
        00000000 02 00000001 03 'b1' 00002384 00 00 03 'c1' 00000001 02 0003 07 'orders' 00
        02 0000 00000000 00000001 00000005 02 00000001 02 00000001 01 00 80000000 00 80000000 00
        """),
    Case(
      version: 12, isFlexible: true,
      request: "02 \(KafkaParserTests.id) 07 'orders' 00 01 00 00",
      response: """
        00000000 02 00000001 03 'b1' 00002384 00 00 03 'c1' 00000001 02 0003 07 'orders'
        \(KafkaParserTests.id) 00 01 80000000 00 00
        """),
    Case(
      version: 13, isFlexible: true,
      request: "02 \(KafkaParserTests.id) 07 'orders' 00 01 00 00",
      response: "00000000 01 00 ffffffff 01 0003 00"),
  ])
  func everyVersionOfMetadata(version: Case) {
    expectMessages(
      Kafka(),
      KafkaTalks.request(3, version.version, isFlexible: version.isFlexible, version.request),
      KafkaTalks.response(isFlexible: version.isFlexible, version.response),
      gives: [
        ExpectedMessage(
          .request, version: "\(version.version)", requestType: "Metadata",
          requestResource: "orders", endpoint: "Metadata orders",
          attributes: ["kafka.client_id": "app", "kafka.topic": "orders"]),
        ExpectedMessage(
          .response, status: .clientError, code: 3,
          responseException: "UNKNOWN_TOPIC_OR_PARTITION", attributes: [:]),
      ])
  }

  /// All topics: none named before version 1, null since. A partition without a leader is no failure
  /// of who asks.
  @Test(arguments: [(0, "00000000"), (1, "ffffffff")] as [(UInt8, String)])
  func allTopics(version: UInt8, body: String) {
    let response =
      version == 0
      ? "00000000 00000001 0000 0001 'a' 00000001 0005 00000000 ffffffff 00000000 00000000"
      : "00000000 00000001 00000001 0000 0001 'a' 00 00000001 0005 00000000 ffffffff 00000000 00000000"
    expectMessages(
      Kafka(), KafkaTalks.request(3, version, body), KafkaTalks.response(response),
      gives: [
        ExpectedMessage(.request, requestResource: "", endpoint: "Metadata"),
        ExpectedMessage(.response, status: .ok, code: 0),
      ])
  }

  @Test(arguments: [
    Case(version: 0, request: "", response: "0000 00000001 0012 0000 0004"),
    Case(version: 2, request: "", response: "0000 00000001 0012 0000 0004 0000000a"),
    // The head of the answer is the old one in all versions (KIP-511).
    Case(
      version: 3, isFlexible: true, request: "05 'rust' 04 '0.1' 00",
      response: "0000 02 0012 0000 0004 00 0000000a 00"),
  ])
  func everyVersionOfApiVersions(version: Case) {
    var attributes = ["kafka.client_id": "app"]
    if version.isFlexible {
      attributes["kafka.client_software_name"] = "rust"
      attributes["kafka.client_software_version"] = "0.1"
    }
    expectMessages(
      Kafka(),
      KafkaTalks.request(18, version.version, isFlexible: version.isFlexible, version.request),
      KafkaTalks.response(version.response),
      gives: [
        ExpectedMessage(
          .request, requestType: "ApiVersions", endpoint: "ApiVersions", attributes: attributes),
        ExpectedMessage(
          .response, status: .ok, code: 0,
          attributes: version.version == 0 ? [:] : ["kafka.throttle_time_ms": "10"]),
      ])
  }

  /// A broker that does not know the version answers in the oldest.
  @Test func aVersionThatTheBrokerDoesNotKnow() {
    expectMessages(
      Kafka(), KafkaTalks.request(18, 4, isFlexible: true, "05 'rust' 04 '0.1' 00"),
      KafkaTalks.response("0023 00000001 0012 0000 0002"),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: .clientError, code: 35, responseException: "UNSUPPORTED_VERSION"),
      ])
  }

  struct Kind: CustomTestStringConvertible {
    var key: UInt8
    var version: UInt8
    var isFlexible = false
    var name: String
    var group: String?
    var request: String
    var response: String
    var code: Int32?
    var status = ResponseStatus.ok
    var testDescription: String { "\(name) v\(version)" }
  }

  @Test(arguments: [
    Kind(
      key: 11, version: 5, name: "JoinGroup", group: "g", request: "0001 'g' 00002710",
      response: "00000000 004f ffffffff", code: 79, status: .clientError),
    Kind(
      key: 12, version: 4, isFlexible: true, name: "Heartbeat", group: "g", request: "02 'g' 00",
      response: "00000000 001b 00", code: 27, status: .clientError),
    Kind(
      key: 13, version: 0, name: "LeaveGroup", group: "g", request: "0001 'g' 0001 'm'",
      response: "0000", code: 0),
    Kind(
      key: 14, version: 4, isFlexible: true, name: "SyncGroup", group: "g", request: "02 'g' 00",
      response: "00000000 0010 00", code: 16, status: .serverError),
    Kind(
      key: 10, version: 1, name: "FindCoordinator", group: "g", request: "0001 'g' 00",
      response: "00000000 000f", code: 15, status: .serverError),
    Kind(
      key: 10, version: 1, name: "FindCoordinator", request: "0001 't' 01",
      response: "00000000 0000", code: 0),
    Kind(
      key: 28, version: 3, isFlexible: true, name: "TxnOffsetCommit", group: "g",
      request: "02 't' 02 'g' 0000000000000001 0001 00000001 02 'm' 00 01 00",
      response: "00000000 01 00", code: 0),
    // Its errors are inside, where nobody looks: nobody knows how it went.
    Kind(
      key: 37, version: 0, name: "CreatePartitions", request: "00000000",
      response: "00000000 00000000", status: .unknown),
    Kind(
      key: 17, version: 1, name: "SaslHandshake", request: "0005 'PLAIN'",
      response: "0021 00000000", code: 33, status: .clientError),
    Kind(
      key: 36, version: 2, isFlexible: true, name: "SaslAuthenticate", request: "01 00",
      response: "003a 00 01 0000000000000000 00", code: 58, status: .clientError),
    Kind(
      key: 68, version: 0, isFlexible: true, name: "ConsumerGroupHeartbeat", group: "g",
      request: "02 'g' 00", response: "00000000 006e 00", code: 110, status: .clientError),
    Kind(
      key: 92, version: 0, isFlexible: true, name: "DeleteShareGroupOffsets", request: "02 'g' 01",
      response: "00000000 0045 00", code: 69, status: .clientError),
    // Codes to come.
    Kind(
      key: 22, version: 0, name: "InitProducerId", request: "ffff 00000000",
      response: "00000000 03e7", code: 999, status: .serverError),
    // Kinds and versions to come.
    Kind(
      key: 97, version: 3, name: "API 97", request: "00", response: "0000", status: .unknown),
    Kind(
      key: 3, version: 40, isFlexible: true, name: "Metadata", request: "00", response: "0000",
      status: .unknown),
  ])
  func otherKinds(kind: Kind) {
    var attributes = ["kafka.client_id": "app"]
    attributes["kafka.group"] = kind.group
    expectMessages(
      Kafka(),
      KafkaTalks.request(kind.key, kind.version, isFlexible: kind.isFlexible, kind.request),
      KafkaTalks.response(isFlexible: kind.isFlexible, kind.response),
      gives: [
        ExpectedMessage(
          .request, version: "\(kind.version)", requestType: kind.name, requestResource: "",
          endpoint: kind.name, attributes: attributes),
        ExpectedMessage(.response, status: kind.status, code: kind.code, attributes: [:]),
      ])
  }

  /// Each answer is read by what its own request was, in whatever order they come.
  @Test func answersFindTheirRequests() {
    expectMessages(
      Kafka(),
      Talk(
        .client,
        bytes: KafkaTalks.request(12, 0, id: 1, "0001 'g'").bytes
          + KafkaTalks.request(18, 0, id: 2, client: nil, "").bytes
          + KafkaTalks.request(11, 2, id: 3, "0001 'g'").bytes),
      KafkaTalks.response(id: 3, "00000000 0019"), KafkaTalks.response(id: 2, "0000 00000000"),
      KafkaTalks.response(id: 1, "001b"),
      gives: [
        ExpectedMessage(.request, requestType: "Heartbeat", requestID: 1),
        ExpectedMessage(.request, requestType: "ApiVersions", requestID: 2, attributes: [:]),
        ExpectedMessage(.request, requestType: "JoinGroup", requestID: 3),
        ExpectedMessage(.response, code: 25, requestID: 3),
        ExpectedMessage(.response, code: 0, requestID: 2),
        ExpectedMessage(.response, code: 27, requestID: 1),
      ])
  }

  /// The first version of the handshake is followed by tokens that have a length and nothing else.
  @Test func tokensOfSASLAreNoMessages() {
    expectMessages(
      Kafka(), KafkaTalks.request(17, 0, id: 1, "0005 'PLAIN'"),
      KafkaTalks.response(id: 1, "0000 00000001 0005 'PLAIN'"),
      KafkaTalks.framed(.client, [0] + Array("ann".utf8) + [0] + Array("secret".utf8)),
      KafkaTalks.framed(.server, []), KafkaTalks.request(18, 0, id: 2, ""),
      KafkaTalks.response(id: 2, "0000 00000000"),
      gives: [
        ExpectedMessage(.request, requestType: "SaslHandshake"),
        ExpectedMessage(.response, code: 0),
        ExpectedMessage(.request, requestType: "ApiVersions"), ExpectedMessage(.response, code: 0),
      ])
  }
}

// SPDX-License-Identifier: Apache-2.0

import Replay
import Telemetry
import TestSupport
import Testing

/// What recorded conversations of caches, document stores and brokers must give, next to
/// ``CorpusTests``.
@Suite struct MessagingCorpusTests {
  struct Expected: CustomTestStringConvertible {
    var file: String
    /// Calls, and those of them whose both halves were seen.
    var calls: Int
    var answered: Int
    var clientErrors = 0
    var serverErrors = 0
    /// Calls as `type|resource|code`, in the order in which they end, as many as are written here.
    var first: [String] = []

    var testDescription: String { file }
  }

  /// Where a reader that puts segments together and knows the whole conversation sees something else
  /// than the corpus' own results, the reason stands beside it.
  @Test(arguments: [
    // There `bar`, the value, and `quit` are said to be unknown commands.
    Expected(
      file: "memcached/memcached.pcap", calls: 3, answered: 2,
      first: ["set|set foo 0 0 3|", "get|get foo|", "quit|quit|"]),
    // The last request has no answer in the capture.
    Expected(file: "memcached/memcached-userdata.pcap", calls: 10_154, answered: 10_153),
    Expected(file: "mongo/mongo-msg.pcap", calls: 1, answered: 1, first: ["find|sky-test.query|"]),
    Expected(
      file: "mongo/mongo.pcap", calls: 15, answered: 15, clientErrors: 1,
      first: ["isMaster|admin|", "saslContinue|admin|"]),
    Expected(file: "mqtt/mqtt_connect.pcap", calls: 1, answered: 1, first: ["CONNECT||0"]),
    Expected(
      file: "mqtt/mqtt_pub.pcap", calls: 3, answered: 3,
      first: ["CONNECT||0", "PUBLISH|bench|", "PUBLISH|bench|"]),
    // What is not acknowledged is one-way there, too, but its answers are records of their own.
    Expected(
      file: "mqtt/mqtt_roundtrip.pcap", calls: 10, answered: 8,
      first: ["CONNECT||0", "SUBSCRIBE|testtopic|0", "UNSUBSCRIBE|testtopic|", "PINGREQ||"]),
    Expected(file: "nats/nats-err.pcap", calls: 4, answered: 1, clientErrors: 1),
    // A request is there two one-way messages, as is what answers it.
    Expected(
      file: "nats/nats-nrpc2.pcap", calls: 5, answered: 2,
      first: ["INFO||", "CONNECT||", "PING||", "SUB|_INBOX.dR7nhYWqTTzqicG1BcZrM6.*|"]),
    Expected(file: "nats/nats-skywalking.pcap", calls: 5, answered: 2),
    Expected(
      file: "rocketmq/rocketmq-heartbeat.pcap", calls: 1, answered: 1, first: ["HEART_BEAT||0"]),
    Expected(
      file: "rocketmq/rocketmq-get-routeinfo-by-topic.pcap", calls: 3, answered: 3,
      first: [
        "GET_ROUTEINFO_BY_TOPIC|%RETRY%please_rename_unique_group_name_4|0",
        "GET_ROUTEINFO_BY_TOPIC|TopicTest|0", "GET_ROUTEINFO_BY_TOPIC|TBW102|0",
      ]),
  ])
  func callsAreAsTheyWere(expected: Expected) throws {
    guard let path = corpus(expected.file) else { return }
    try replay([path]) { records, summary in
      let calls = records.calls.map(\.record)
      #expect(calls.count == expected.calls)
      #expect(calls.count(where: \.hasDuration) == expected.answered)
      #expect(calls.count { $0.status == .clientError } == expected.clientErrors)
      #expect(calls.count { $0.status == .serverError } == expected.serverErrors)
      let told = records.calls.prefix(expected.first.count).map { call in
        "\(call.requestType)|\(call.resource)|\(call.record.responseCode.map { "\($0)" } ?? "")"
      }
      #expect(told == expected.first)
      expectBalance(summary, expected.file)
    }
  }
}

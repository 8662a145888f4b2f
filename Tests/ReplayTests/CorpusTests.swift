// SPDX-License-Identifier: Apache-2.0

import Foundation
import Replay
import Telemetry
import TestSupport
import Testing

/// Capture file in, answers out: what recorded conversations must give.
@Suite struct CorpusTests {
  @Test func everyCaptureIsReplayed() throws {
    let files = corpusCaptures("")
    guard !files.isEmpty else {
      print("corpus: it is not beside the repository; nothing is replayed")
      return
    }
    #expect(files.count > 100)
    for file in files {
      try replay([file]) { _, summary in
        #expect(summary.faults == [], "\(file)")
        #expect(summary.packets > 0, "\(file)")
        #expect(summary.flows > 0, "\(file)")
        expectBalance(summary, file)
      }
    }
  }

  struct Expected: CustomTestStringConvertible {
    var file: String
    /// Requests seen, and responses whose request was.
    var requests: Int
    var answers: Int
    /// Microseconds over the answers; nil where nobody wrote down the truth.
    var sum: UInt64?
    var longest: UInt64?
    var clientErrors = 0
    var serverErrors = 0

    var testDescription: String { file }
  }

  /// Counts and response times as the corpus' own results have them. Where a reader that puts
  /// segments together and knows the whole conversation sees something else, the reason stands
  /// beside it.
  @Test(arguments: [
    Expected(file: "dns/a-and-ns.pcap", requests: 2, answers: 2, sum: 571, longest: 386),
    Expected(file: "dns/dns-tcp-multi.pcap", requests: 2, answers: 2, sum: 649, longest: 355),
    Expected(file: "dns/not-handled-qtype.pcap", requests: 1, answers: 1, sum: 69, longest: 69),
    // NXDOMAIN is the client's error each time; the corpus forgives the names of a cluster.
    Expected(
      file: "dns/nxdomain.pcap", requests: 3, answers: 3, sum: 1_101, longest: 449,
      clientErrors: 2),
    Expected(
      file: "redis/redis-error.pcap", requests: 1, answers: 1, sum: 73, longest: 73,
      serverErrors: 1),
    Expected(file: "redis/redis-debug.pcap", requests: 1, answers: 1, sum: 1_209, longest: 1_209),
    // The last request ends the connection and has no answer.
    Expected(file: "mysql/mysql.pcap", requests: 7, answers: 6, sum: 598, longest: 225),
    // Each of its 6 connections is found in the middle, and begins with pings.
    Expected(
      file: "mysql/171-mysql.pcap", requests: 390, answers: 390, sum: 127_090, longest: 5_355),
    Expected(file: "mysql/binary-in-sql.pcap", requests: 2, answers: 2),
    Expected(file: "mysql/mysql-compressed-response.pcap", requests: 1, answers: 1),
    Expected(file: "mysql/mysql-database.pcap", requests: 6, answers: 5),
    Expected(file: "mysql/mysql-exec.pcap", requests: 2, answers: 2),
    Expected(file: "mysql/mysql-login-error.pcap", requests: 1, answers: 1, serverErrors: 1),
    // 6 answers there: two more of them end in a later segment.
    Expected(file: "mysql/mysql-statement.pcap", requests: 13, answers: 8),
    Expected(file: "mysql/mysql-table-alter.pcap", requests: 4, answers: 3),
    Expected(file: "mysql/mysql-table-delete.pcap", requests: 4, answers: 3),
    Expected(file: "mysql/mysql-table-desc.pcap", requests: 4, answers: 3),
    Expected(file: "mysql/mysql-table-insert.pcap", requests: 4, answers: 3),
    Expected(file: "mysql/mysql-table-select.pcap", requests: 4, answers: 3),
    Expected(file: "mysql/mysql-use.pcap", requests: 1, answers: 1),
    Expected(file: "mysql/truncate-1024.pcap", requests: 4, answers: 3),
    // 30 and 29 there: it takes a segment for a message, and several statements share segments.
    Expected(file: "postgre/pgsql-all.pcap", requests: 32, answers: 32),
    Expected(file: "postgre/simple_query.pcap", requests: 1, answers: 1),
    Expected(file: "kafka/00-produce-v2.pcap", requests: 1, answers: 1, sum: 16_107),
    Expected(file: "kafka/00-produce-v7-sw8.pcap", requests: 1, answers: 1, sum: 28_415),
    Expected(file: "kafka/01-fetch-v12-ok.pcap", requests: 1, answers: 1, sum: 499_610),
    Expected(file: "kafka/01-fetch-v12-perf.pcap", requests: 1, answers: 1),
    Expected(
      file: "kafka/11-join-group-v7.pcap", requests: 1, answers: 1, sum: 2_956, serverErrors: 1),
    Expected(file: "kafka/13-leave-group-v4.pcap", requests: 1, answers: 1, sum: 2_739),
    Expected(file: "kafka/18-api-versions-v3.pcap", requests: 1, answers: 1, sum: 4_941),
    Expected(
      file: "kafka/mixed-with-unsupported.pcap", requests: 3, answers: 3, sum: 502_434,
      longest: 501_156),
    Expected(file: "http/client-ip.pcap", requests: 1, answers: 1, sum: 84_387, longest: 84_387),
    Expected(file: "http/istio-tcp-frag.pcap", requests: 1, answers: 1, sum: 167, longest: 167),
  ])
  func callsAreCounted(expected: Expected) throws {
    guard let path = corpus(expected.file) else { return }
    try replay([path]) { records, summary in
      let calls = records.calls.map(\.record)
      let durations = calls.filter(\.hasDuration).map(\.durationMicroseconds)
      #expect(calls.count { $0.kind != .response } == expected.requests)
      #expect(durations.count == expected.answers)
      if let sum = expected.sum { #expect(durations.reduce(0, +) == sum) }
      if let longest = expected.longest { #expect(durations.max() == longest) }
      #expect(calls.count { $0.status == .clientError } == expected.clientErrors)
      #expect(calls.count { $0.status == .serverError } == expected.serverErrors)
      expectBalance(summary, expected.file)
      // The rollup and the flow reports tell of the same calls.
      #expect(
        records.metrics.filter { $0.interval == 60 }.reduce(0) { $0 + Int($1.requests) }
          == expected.requests)
      #expect(
        records.flows.reduce(0) { $0 + Int($1.figures.requests) } == expected.requests)
    }
  }

  /// One call of DNS for each answer that the corpus has, word for word; of records that begin a zone
  /// it has the first name, and of services nothing.
  @Test(arguments: ["a-and-ns", "dns-tcp-multi", "not-handled-qtype", "nxdomain"])
  func namesAreAsRecorded(file: String) throws {
    guard let path = corpus("dns/\(file).pcap") else { return }
    let results = try String(contentsOfFile: path.dropLast(4) + "result", encoding: .utf8)
    let expected = try results.split(separator: "\n").compactMap { line -> String? in
      guard let end = line.range(of: " headers_offset") else { return nil }
      let object = try JSONSerialization.jsonObject(with: Data(line[..<end.lowerBound].utf8))
      guard let fields = object as? [String: Any], fields["msg_type"] as? String == "Response"
      else { return nil }
      let text = ["request_type", "request_resource", "response_result"]
        .map { fields[$0] as? String ?? "" }
      let numbers = ["request_id", "response_code", "rrt"].map { fields[$0] as? Int ?? -1 }
      return "\(text) \(numbers)"
    }
    #expect(!expected.isEmpty)
    try replay([path]) { records, _ in
      let found = records.calls.map { call in
        let result = call.result
          .replacing(/SOA=(\S+) [^;]* TTL/) { "SOA=\($0.output.1) TTL" }
          .replacing(/SRV=[^;]*/, with: "SRV")
        let text = [call.requestType, call.resource, result]
        let numbers = [
          Int(call.record.requestID ?? 0), Int(call.record.responseCode ?? -1),
          Int(call.record.durationMicroseconds),
        ]
        return "\(text) \(numbers)"
      }
      #expect(found.sorted() == expected.sorted())
    }
  }

  /// What is told of each recording of Kafka: request, domain, code, and attributes but for the client's.
  @Test(arguments: [
    ("00-produce-v2", ["Produce 2 topic2 0", "acks=1 offset=0 partition=0 topic=topic2"]),
    (
      "00-produce-v7-sw8",
      [
        "Produce 7 quickstart-events 0",
        "acks=1 offset=7 partition=0 topic=quickstart-events",
      ]
    ),
    ("01-fetch-v12-ok", ["Fetch 12 zqy-test 0", "offset=36 partition=0 topic=zqy-test"]),
    ("01-fetch-v12-perf", ["Fetch 12  0", ""]),
    ("11-join-group-v7", ["JoinGroup 7  -1", "group=zzzz12"]),
    ("13-leave-group-v4", ["LeaveGroup 4  0", "group=zzzz12"]),
    (
      "18-api-versions-v3",
      [
        "ApiVersions 3  0",
        "client_software_name=apache-kafka-java client_software_version=3.0.0",
      ]
    ),
    (
      "mixed-with-unsupported",
      [
        "Fetch 13  0", "", "Heartbeat 4  0", "group=frauddetectionservice",
        "OffsetCommit 8 orders 0",
        "group=frauddetectionservice offset=0 partition=0 topic=orders",
      ]
    ),
  ])
  func kafkaIsAsRecorded(file: String, expected: [String]) throws {
    guard let path = corpus("kafka/\(file).pcap") else { return }
    try replay([path]) { records, _ in
      let told = records.calls.map { call in
        let code = call.record.responseCode.map { "\($0)" } ?? ""
        let attributes = call.attributes.filter { $0.key != "kafka.client_id" }
          .map { "\($0.key.dropFirst(6))=\($0.value)" }
        return [
          "\(call.requestType) \(call.version) \(call.resource) \(code)",
          attributes.sorted().joined(separator: " "),
        ]
      }
      #expect(told.sorted { $0[0] < $1[0] }.flatMap(\.self) == expected)
      #expect(records.calls.allSatisfy { $0.attributes["kafka.client_id"]?.isEmpty == false })
    }
  }

  @Test func aProxiedRequestSaysForWhom() throws {
    guard let path = corpus("http/client-ip.pcap") else { return }
    try replay([path]) { records, _ in
      let call = try #require(records.calls.first)
      #expect(call.requestType == "POST")
      #expect(call.domain == "api-webizft1.intranet.local")
      #expect(
        call.resource
          == "/biz-inquiry-bff/bff/v1/common/check/polymerization?channel=?&terminalType=?"
      )
      #expect(call.endpoint == "/biz-inquiry-bff/bff/v1/common/check/polymerization")
      #expect(call.proxyClient == "10.90.14.76,10.158.233.64")
      #expect(call.traceID == "6d4ae9e1fb8a4399aba252d65b5a83c9.76.17016891360410347")
      #expect(call.spanID == "6d4ae9e1fb8a4399aba252d65b5a83c9.76.17016891360410346-6")
      #expect(call.record.requestLength == 50)
      #expect(call.record.responseCode == 200)
    }
  }

  /// Both sides' segments of a chunked answer after HTTP/1.0, cut where a mesh cut them.
  @Test func aCutResponseIsOne() throws {
    guard let path = corpus("http/istio-tcp-frag.pcap") else { return }
    try replay([path]) { records, _ in
      let call = try #require(records.calls.first)
      #expect(call.resource == "/productpage")
      #expect(call.domain == "productpage:9080")
      #expect(call.record.responseCode == 200)
    }
  }

  @Test func anErrorSaysWhy() throws {
    guard let path = corpus("redis/redis-error.pcap") else { return }
    try replay([path]) { records, _ in
      #expect(records.calls.map(\.resource) == ["get abcd"])
      #expect(records.calls.map(\.exception) == ["NOAUTH Authentication required."])
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TestSupport
import Testing

/// Recorded conversations of HTTP/2, most of them found in the middle.
@Suite struct HTTP2CorpusTests {
  /// What a call says, by its stream: method, host, path, code and lengths; `-` for what is not known.
  private static func line(_ call: Collector.Call) -> String {
    let record = call.record
    func text(_ text: String) -> String { text.isEmpty ? "-" : text }
    func number(_ number: Int64?) -> String { number.map { "\($0)" } ?? "-" }
    return [
      number(record.requestID.map { Int64($0) }), text(call.requestType), text(call.domain),
      text(call.resource), number(record.responseCode.map { Int64($0) }),
      number(record.requestLength), number(record.responseLength),
    ].joined(separator: " ")
  }

  @Test(arguments: [
    // Paths and hosts were said before the capture began.
    (
      "deepflow/http/http2-multi.pcap",
      ["18131981 POST - - 200 17 148", "18131983 POST - - 200 17 150"]
    ),
    ("deepflow/http/httpv2-stream-id.pcap", ["1392369 POST - - - - -"]),
    (
      "ndpi/http2.pcapng",
      ["3 POST 127.0.0.1:29518 /namf-comm/v1/subscriptions 201 135 86"]
    ),
  ])
  func callsAreAsRecorded(file: String, expected: [String]) throws {
    try expectCalls(of: file, expected, number: 21)
  }

  /// The second opinion has no answers here but for one: it reads each segment by itself, and does not see
  /// the user agent; the lengths of messages under way are those so far.
  @Test(arguments: [
    (
      "deepflow/http/h2c_ascii.pcap",
      ["1 POST cartservice:7070 hipstershop.CartService 0 43 21"]
    ),
    (
      "deepflow/http/grpc-service-name.pcap",
      ["1 POST 10.1.23.22:38888 StreamingService 0 90 108"]
    ),
    (
      "deepflow/http/grpc-segmented.pcap",
      ["1 POST 192.168.199.215:30035 agent.Synchronizer - 2438 -"]
    ),
    (
      "deepflow/http/grpc-unary.pcap",
      ["1 POST 10.1.23.21:30035 agent.Synchronizer - 242 16384"]
    ),
  ])
  func callsOfGRPCAreAsRecorded(file: String, expected: [String]) throws {
    try expectCalls(of: file, expected, number: 41)
  }

  private func expectCalls(of file: String, _ expected: [String], number: UInt8) throws {
    guard let folder = corpusFolder("") else {
      return print("corpus: it is not beside the repository")
    }
    let path = "\(folder)/\(file)"
    try replay([path]) { records, summary in
      #expect(records.calls.map(Self.line).sorted() == expected)
      #expect(records.calls.allSatisfy { $0.record.applicationProtocol.rawValue == number })
      expectBalance(summary, file)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// Recorded conversations of HTTP/2, most of them found in the middle, which lie beside the repository and are
/// not part of it.
@Suite struct HTTP2CaptureTests {
  /// What a call says, by its stream: method, host, path, code, status and lengths; `-` for what is not known.
  private static func line(_ record: CallRecord, _ batch: RecordBatch) -> String {
    func text(_ text: Text) -> String { text.isEmpty ? "-" : batch.string(text) }
    func number(_ number: Int64?) -> String { number.map { "\($0)" } ?? "-" }
    return [
      "\(record.applicationProtocol.rawValue)", number(record.requestID.map { Int64($0) }),
      text(record.texts.requestType), text(record.texts.requestDomain),
      text(record.texts.requestResource), number(record.responseCode.map { Int64($0) }),
      "\(record.status.rawValue)", number(record.requestLength), number(record.responseLength),
    ].joined(separator: " ")
  }

  /// The second opinion reads each segment by itself: of answers that end in a later one it has no status, and
  /// the lengths of messages that go on are those of the first.
  @Test(arguments: [
    // Paths and hosts were said before the capture began.
    (
      "http2-multi",
      ["21 18131981 POST - - 200 0 17 148", "21 18131983 POST - - 200 0 17 150"]
    ),
    ("httpv2-stream-id", ["21 1392369 POST - - - 5 - -"]),
    ("h2c_ascii", ["41 1 POST cartservice:7070 hipstershop.CartService 0 0 43 21"]),
    ("grpc-service-name", ["41 1 POST 10.1.23.22:38888 StreamingService 0 0 90 108"]),
    // The answer was not recorded; and of the next its end.
    ("grpc-segmented", ["41 1 POST 192.168.199.215:30035 agent.Synchronizer - 5 2438 -"]),
    ("grpc-unary", ["41 1 POST 10.1.23.21:30035 agent.Synchronizer - 5 242 16384"]),
  ])
  func callsAreAsRecorded(file: String, expected: [String]) throws {
    guard let folder = corpusFolder("deepflow/http") else {
      return print("corpus: it is not beside the repository; nothing is compared")
    }
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    var last: Int64 = 0
    for (captured, bytes) in try packets(inCaptureFile: "\(folder)/\(file).pcap") {
      pipeline.feed(captured, bytes: bytes.span)
      last = captured.time.nanoseconds
    }
    let batch = pipeline.end(at: last)
    #expect(batch.calls.map { Self.line($0, batch) }.sorted() == expected)
    #expect(pipeline.tallies.balance)
  }
}

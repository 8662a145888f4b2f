// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TestSupport
import Testing

@testable import Ingest

/// Newline-delimited JSON to records.
@Suite struct RecordLinesTests {
  static let call = #"{"table":"l7_flow_log","end_time":1790000000000500,"#

  private static let long = String(repeating: "n", count: 129)

  private func decode(_ text: String) throws(FormatError) -> RecordBatch {
    var batch = RecordBatch()
    let names = ProtocolNames([(name: "HTTP", number: 20)])
    try RecordLines.decode(Array(text.utf8).span, names: names, into: &batch)
    return batch
  }

  @Test func aCallIsRead() throws {
    let batch = try decode(
      Self.call
        + #""response_duration":500,"l7_protocol":"http","type":"Session","ip_0":"10.0.0.1","#
        + #""ip_1":"2001:db8::1","server_port":80,"response_status":"Server Error","#
        + #""observation_point":"c-p","signal_source":3,"response_code":-1,"request_length":0,"#
        + #""request_resource":"/\u00e9\ud83d\ude00\ud800\"","process_kname_0":"curl","#
        + #""attribute_names":["http_user_agent"],"attribute_values":["x"],"trace_id":null}"#)
    let call = try #require(batch.calls.first)
    #expect(call.start == Timestamp(microseconds: 1_790_000_000_000_000) && call.hasDuration)
    #expect(call.applicationProtocol.rawValue == 20 && call.status == .serverError)
    #expect(call.observationPoint == .clientProcess && call.signalSource == .eBPF)
    #expect(call.client.address == address("10.0.0.1"))
    #expect(call.server == CallEnd(address: address("2001:db8::1"), port: 80))
    #expect(call.responseCode == -1 && call.requestLength == 0 && call.responseLength == nil)
    #expect(batch.string(call.texts.requestResource) == "/é😀\u{fffd}\"")
    #expect(batch.string(call.texts.userAgent) == "x")
    #expect(call.client.threadName.description == "curl")
  }

  @Test func spacesEmptyLinesAndCarriageReturnsAreNothing() throws {
    let batch = try decode(
      "\n \r\n { \"time\" : 1790000040 , \"table\" : \"application_map.1m\" , \"request\" : 3 } \r\n\n"
    )
    #expect(batch.metrics.count == 1 && batch.metrics[0].requests == 3)
    #expect(batch.metrics[0].interval == 60 && batch.metrics[0].time.seconds == 1_790_000_040)
  }

  /// Where, and what to do.
  @Test(arguments: [
    ("{", 1, 2, "quotation marks"), ("[]", 1, 1, "'{'"), ("{}", 1, 1, "no \"table\""),
    ("\n{\"table\":\"x\"}", 2, 1, "must be l7_flow_log"),
    (call + "\"flow_id\":1.5}", 1, 62, "without a fraction"),
    (call + "\"flow_id\":\"1\"}", 1, 62, "whole number"),
    (call + "\"flow_id\":18446744073709551616}", 1, 62, "too large"),
    (call + "\"server_port\":65536}", 1, 66, "from 0 to 65535"),
    (call + "\"server_port\":-1}", 1, 66, "from 0 to 65535"),
    (call + "\"ip_0\":\"10.0.0\"}", 1, 59, "an IPv4 or IPv6 address"),
    (call + "\"is_tls\":2}", 1, 61, "from 0 to 1"),
    (call + "\"_id\":2}", 1, 52, "has no '_id'"),
    (call + "\"l7_protocol\":\"Gopher\"}", 1, 66, "give its number"),
    (call + "\"response_status\":\"Bad\"}", 1, 70, "no value 'Bad'"),
    (call + "\"trace_id\":\"a", 1, 65, "middle of a text"),
    (call + "\"trace_id\":\"\\x\"}", 1, 65, "does not go with"),
    (call + "\"flow_id\":1} x", 1, 65, "end of the line"),
    (call + "\"start_time\":1790000000000501}", 1, 1, "ends before it starts"),
    (call + "\"start_time\":1790000000000000,\"response_duration\":7}", 1, 1, "start_time to end"),
    (call + "\"attribute_names\":[\"a\"],\"attribute_values\":[]}", 1, 1, "different lengths"),
    (
      call + "\"attribute_names\":[\"\(long)\"],\"attribute_values\":[\"b\"]}", 1, 1,
      "at most 128 attributes"
    ),
    ("{\"table\":\"network_map.1m\",\"time\":1790000001}", 1, 1, "a minute begins"),
    ("{\"table\":\"l4_flow_log\",\"ip_0\":\"1.2.3.4\"}", 1, 1, "neither"),
    ("{\"x\":[[[[[[[[[[1]]]]]]]]]],\"table\":\"l7_flow_log\"}", 1, 14, "too deep"),
  ])
  func whatIsWrongIsNamedWithItsPlace(text: String, line: Int, column: Int, says: String) throws {
    let error = #expect(throws: FormatError.self) { _ = try decode(text) }
    #expect(error?.place == FormatError.Place(line: line, column: column), "\(text): \(error!)")
    #expect(error?.message.contains(says) == true, "\(text): \(error!)")
  }

  @Test func aBodyHasAnEnd() throws {
    let line = Self.call + "\"flow_id\":1}\n"
    #expect(try decode(String(repeating: line, count: 65_536)).calls.count == 65_536)
    let error = #expect(throws: FormatError.self) {
      _ = try decode(String(repeating: line, count: 65_537))
    }
    #expect(error?.fault == .oversized && error?.place?.line == 65_537)
  }

  @Test func randomBytesNeverTrap() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    let sound = Array((Self.call + "\"trace_id\":\"\\u00e9\",\"flow_id\":12}").utf8)
    for _ in 0..<5_000 {
      var bytes = sound
      for _ in 0..<Int(random.next() % 6 + 1) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 0xff)
      }
      bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
      var batch = RecordBatch()
      _ = try? RecordLines.decode(bytes.span, names: .none, into: &batch)
      #expect(batch.calls.count <= 2, "seed \(seed)")
    }
  }

  /// `printf 'hello\n'` of both programs, once, and once more behind it.
  private static let packed: [(BodyEncoding, String)] = [
    (.gzip, "H4sIAAAAAAAAA8tIzcnJ5wIAIDA6NgYAAAA="),
    (.zstd, "KLUv/QRYMQAAaGVsbG8KU4i9kQ=="),
  ]

  @Test(arguments: 0..<2) func packedBodiesAreUnpacked(index: Int) throws {
    let (encoding, text) = Self.packed[index]
    let bytes = try #require(Data(base64Encoded: text))
    var unpacker = BodyUnpacker()
    for count in 1...3 {
      let packed = Array((0..<count).flatMap { _ in bytes })
      try unpacker.unpack(packed.span, encoding)
      let text = String(decoding: unpacker.body, as: UTF8.self)
      #expect(text == String(repeating: "hello\n", count: count))
    }
    for length in 0..<bytes.count {
      let cut = Array(bytes[..<length])
      #expect(throws: FormatError.self) { try unpacker.unpack(cut.span, encoding) }
    }
    #expect(throws: FormatError.self) { try unpacker.unpack([1, 2, 3].span, encoding) }
  }
}

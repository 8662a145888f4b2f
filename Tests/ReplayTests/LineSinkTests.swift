// SPDX-License-Identifier: Apache-2.0

import Foundation
import Protocols
import Replay
import Telemetry
import TestSupport
import Testing

/// What records look like as lines.
@Suite struct LineSinkTests {
  /// The keys are the columns that are stored, or a query by them would not find the same.
  @Test func keysAreColumns() throws {
    for line in try lines(of: .full) {
      let name = try #require(line["table"] as? String)
      let table = try #require(TableDeclaration.builtIn.first { $0.name == name })
      let columns = Set(table.columns.map(\.name))
      #expect(Set(line.keys).subtracting(["table"]).subtracting(columns) == [], "\(name)")
    }
  }

  @Test func callsAreWrittenWhole() throws {
    let line = try #require(try lines(of: .full).first)
    #expect(line["table"] as? String == "l7_flow_log")
    #expect(line["time"] as? Int == 1_790_000_001)
    #expect(line["start_time"] as? Int == 1_790_000_000_999_998)
    #expect(line["end_time"] as? Int == 1_790_000_001_000_500)
    #expect(line["response_duration"] as? Int == 502)
    #expect(line["type"] as? String == "Session")
    #expect(line["signal_source"] as? String == "Packet")
    #expect(line["observation_point"] as? String == "rest")
    #expect(line["protocol"] as? String == "TCP")
    #expect(line["l7_protocol"] as? String == "HTTP")
    #expect(line["response_status"] as? String == "Server Error")
    #expect(line["response_code"] as? Int == 503)
    #expect(line["ip_0"] as? String == "10.200.3.45")
    #expect(line["ip_1"] as? String == "10.0.0.1")
    #expect(line["is_ipv4"] as? Int == 1)
    #expect(line["client_port"] as? Int == 65_535)
    #expect(line["flow_id"] as? UInt64 == .max)
    #expect(line["request_resource"] as? String == "/a?b=\"c\"")
    #expect(line["response_length"] as? Int == 0)
    #expect(
      line["attribute_names"] as? [String] == ["http_user_agent", "http_referer", "kafka.topic"])
    #expect(line["attribute_values"] as? [String] == ["curl/8", "http://x/", "a \"b\""])
    #expect(line["carrier_protocol"] as? String == "MySQL")
    #expect(line["request_messages"] as? Int == 2)
    #expect(line["response_messages"] as? Int == 3)
  }

  /// A default costs nothing; null, where a column may be null, is not zero.
  @Test func defaultsAreAbsent() throws {
    var batch = RecordBatch()
    batch.calls = [.sample]
    let line = try #require(try lines(of: batch).first)
    for key in [
      "request_length", "response_code", "request_domain", "is_tls", "trace_id", "attribute_names",
    ] {
      #expect(line[key] == nil, "\(key)")
    }
    #expect(line["response_status"] as? String == "Success")
    #expect(line["type"] as? String == "Session")
  }

  /// Whatever was on the wire, the line is JSON, and says what the text repaired is.
  @Test(arguments: 0..<200)
  func anyTextIsJSON(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let length = Int.random(in: 0..<40, using: &random)
    let alphabet: [UInt8] = seed % 2 == 0 ? Array(0...255) : Array("abc\"\\\n\u{1f}é/😀".utf8)
    let bytes = (0..<length).map { _ in alphabet.randomElement(using: &random)! }
    var batch = RecordBatch()
    var call = CallRecord.sample
    call.texts.requestResource = batch.append(bytes.span)
    call.texts.requestType = batch.append("GET")
    batch.calls = [call]
    let line = try #require(try lines(of: batch).first)
    let expected = String(decoding: bytes, as: UTF8.self)
    #expect(line["request_resource"] as? String ?? "" == expected, "seed \(seed)")
    #expect(line["request_type"] as? String == "GET")
  }

  @Test func everyNumberIsExact() throws {
    var numbers: [UInt64] = [0, .max, UInt64(UInt32.max), UInt64(UInt32.max) + 1]
    var power: UInt64 = 1
    for _ in 0..<20 {
      numbers += [power - 1, power, power + 1, power &* 7]
      power = power &* 10
    }
    for bits in 0..<64 { numbers += [1 << UInt64(bits), (1 << UInt64(bits)) - 1] }
    var batch = RecordBatch()
    for number in numbers {
      var call = CallRecord.sample
      call.affectedRows = number
      call.requestLength = -Int64(truncatingIfNeeded: number >> 1)
      batch.calls.append(call)
    }
    let text = try text(of: batch)
    for (number, line) in zip(numbers, text.split(separator: "\n")) {
      #expect(line.contains("\"sql_affected_rows\":\(number)"), "\(number)")
      #expect(line.contains("\"request_length\":\(-Int64(truncatingIfNeeded: number >> 1))"))
    }
  }

  @Test(arguments: [
    0, 999, 1_000, 999_999_999_999_999_999, 1_000_000_000_000_000_000, 1_790_000_000_123_456_789,
    1_790_000_000_999_999_999, 1_790_000_001_000_000_000, 9_223_372_036_854_775_807, -1, -1_000_001,
  ])
  func timesAreMicroseconds(nanoseconds: Int64) throws {
    var batch = RecordBatch()
    let time = Timestamp(nanoseconds: nanoseconds)
    batch.calls = [
      .sample, CallRecord(client: .sample(1), server: .sample(2), start: time, end: time),
    ]
    let line = try #require(try text(of: batch).split(separator: "\n").last)
    #expect(line.contains("\"start_time\":\(time.microseconds),"))
    #expect(line.contains("\"time\":\(time.seconds),"))
  }

  @Test(arguments: ["0.0.0.0", "9.10.99.100", "255.255.255.255", "::", "2001:db8::1", "fe80::1:2"])
  func addressesAreText(text: String) throws {
    var batch = RecordBatch()
    var call = CallRecord.sample
    call.client.address = try #require(IPAddress(text))
    batch.calls = [call]
    #expect(try lines(of: batch).first?["ip_0"] as? String == text)
  }

  /// The ends are remembered by connection; what changes on one must show.
  @Test func aConnectionThatLearnsMoreIsWrittenAnew() throws {
    var batch = RecordBatch()
    var call = CallRecord.sample
    batch.calls.append(call)
    call.directionScore = 254
    batch.calls.append(call)
    call.observationPoint = .client
    batch.calls.append(call)
    call.server.port = 8_080
    batch.calls.append(call)
    let lines = try lines(of: batch)
    #expect(lines.map { $0["direction_score"] as? Int } == [nil, 254, 254, 254])
    #expect(lines.map { $0["observation_point"] as? String } == ["rest", "rest", "c", "c"])
    #expect(lines.map { $0["server_port"] as? Int } == [80, 80, 80, 8_080])
  }

  /// Larger than any buffer, and many of them.
  @Test func longLinesAreWhole() throws {
    var batch = RecordBatch()
    for length in [300_000, 10, 70_000, 1_000_000, 1] {
      var call = CallRecord.sample
      call.texts.requestResource = batch.append([UInt8](repeating: 0x01, count: length).span)
      batch.calls.append(call)
    }
    let lines = try lines(of: batch)
    #expect(
      lines.map { ($0["request_resource"] as? String)?.count } == [
        300_000, 10, 70_000, 1_000_000, 1,
      ])
  }

  /// A text that points outside, as only a fault of ours could make, writes nothing foreign.
  @Test func aTextOutsideIsEmpty() throws {
    var batch = RecordBatch()
    var call = CallRecord.sample
    call.texts.requestResource = Text(offset: 0, length: 10)
    batch.calls = [call]
    #expect(try lines(of: batch).first?["request_resource"] as? String == "")
  }

  @Test func onlyWhatIsSelectedIsWritten() throws {
    let tables = try lines(of: .full, .metrics).map { $0["table"] as? String }
    #expect(tables == ["application_map.1s", "application_map.1m", "network_map.1s"])
    #expect(try lines(of: .full, .flows).map { $0["table"] as? String } == ["l4_flow_log"])
  }

  @Test func aFullDiskIsSaid() throws {
    let full = unsafe open("/dev/full", O_WRONLY)
    defer { close(full) }
    var sink = LineSink(to: full, .all, protocols: builtInProtocols)
    var batch = RecordBatch.full
    try sink.take(&batch)
    do {
      try sink.finish()
      Issue.record("nothing was said")
    } catch {
      #expect(error.kind == .output)
      #expect(error.description.contains("No space left on device"))
    }
  }
}

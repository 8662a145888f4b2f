// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Ingest

/// Bodies of spans are anybody's bytes.
@Suite struct HostileTraceTests {
  @discardableResult
  private func decode(
    _ body: [UInt8], _ format: any IngestFormat.Type = ProtobufTraces.self
  ) throws(FormatError) -> (batch: RecordBatch, leftOut: LeftOut) {
    var batch = RecordBatch()
    let leftOut = try format.decode(body.span, names: .none, into: &batch)
    return (batch, leftOut)
  }

  /// A sender hears of them, and the others are stored.
  @Test func spansWithoutAnIdentityAreLeftOut() throws {
    let broken: [(inout ToldSpan) -> Void] = [
      { $0.trace = "" }, { $0.trace = "0af7651916cd43dd" },
      { $0.trace = String(repeating: "0", count: 32) }, { $0.id = "" }, { $0.id = "b7" },
      { $0.id = String(repeating: "0", count: 16) }, { $0.start = 0 }, { $0.start = .max },
      { $0.end = .max },
    ]
    let spans = broken.map { change in
      var span = ToldSpan()
      change(&span)
      return span
    }
    let told = ToldTraces([ToldSpan()] + spans + [ToldSpan()])
    for (body, format) in [
      (told.protobuf, ProtobufTraces.self as any IngestFormat.Type),
      (Array(told.json.utf8), JSONTraces.self),
    ] {
      let taken = try decode(body, format)
      #expect(taken.batch.calls.count == 2 && taken.leftOut.records == broken.count)
      #expect(taken.leftOut.reason.contains("trace id"), "\(taken.leftOut.reason)")
    }
  }

  /// Ids of JSON are hexadecimal, not Base64 as other bytes are.
  @Test(arguments: ["CvdlGRbNQ92ESOshHIAxnA==", "0af7651916cd43dd8448eb211c80319g"])
  func anIdOfOtherLettersIsNone(id: String) throws {
    var span = ToldSpan()
    span.trace = id
    let taken = try decode(Array(ToldTraces([span]).json.utf8), JSONTraces.self)
    #expect(taken.leftOut.records == 1 && taken.batch.calls.isEmpty)
  }

  /// A clock that is set back, a parent of the wrong length, a kind of tomorrow.
  @Test func whatIsOddInASpanDoesNotLoseIt() throws {
    var span = ToldSpan()
    span.end = span.start - 5
    span.parent = "00"
    span.kind = 77
    let taken = try decode(ToldTraces([span]).protobuf)
    let call = try #require(taken.batch.calls.first)
    #expect(call.durationMicroseconds == 0 && call.observationPoint == .application)
    #expect(call.texts.parentSpanID.isEmpty)
  }

  @Test(arguments: [
    ("", 1, 1, "'{'"), ("{\"resourceSpans\":[{]}", 1, 20, "quotation marks"),
    (
      "{\n\"resourceSpans\":[{\"scopeSpans\":[\n {\"spans\":[{\"kind\":x}]}]}]}", 3, 20,
      "a number"
    ),
    ("{\"resourceSpans\":[]} x", 1, 22, "end of the document"),
    ("{\"a\":" + String(repeating: "[", count: 90), 1, 70, "too deep"),
    ("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":5}]}]}]}", 1, 55, "a text"),
  ])
  func whatIsWrongInADocumentHasAPlace(text: String, line: Int, column: Int, says: String) {
    let error = #expect(throws: FormatError.self) {
      _ = try decode(Array(text.utf8), JSONTraces.self)
    }
    #expect(error?.message.contains(says) == true, "\(String(describing: error))")
    #expect(error?.place == .init(line: line, column: column), "\(String(describing: error))")
  }

  @Test(
    arguments: [
      ([0x0a], "byte 0"), ([0x0a, 0x05, 0x01], "byte 0"), ([0x10, 0x01, 0x13], "kind that is not"),
      ([0x0a, 0x03, 0x12, 0x02, 0x08], "byte 2"), ([0x00, 0x01], "byte 0"),
      ([0x0d, 0x01], "byte 0"),
      ([0x08] + [UInt8](repeating: 0xff, count: 11), "byte 0"),
      ([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "byte 0"),
      ([0x08, 0x01], "bytes"),
    ] as [([UInt8], String)])
  func whatIsNoMessageIsSaid(body: [UInt8], says: String) {
    let error = #expect(throws: FormatError.self) { _ = try decode(body) }
    if body == [0x08, 0x01] { return }
    #expect(error?.message.contains(says) == true, "\(String(describing: error))")
  }

  @Test func valuesThatLieTooDeepAreRefused() throws {
    for (depth, isTaken) in [(10, true), (20, false), (100, false)] {
      var value = ToldValue.number(1)
      for _ in 0..<depth { value = .list([value]) }
      var span = ToldSpan()
      span.attributes = [("deep", value)]
      let told = ToldTraces([span])
      if isTaken {
        #expect(try decode(told.protobuf).batch.calls.count == 1)
      } else {
        #expect(throws: FormatError.self) { try decode(told.protobuf) }
        let json = Array(told.json.utf8)
        #expect(throws: FormatError.self) { try decode(json, JSONTraces.self) }
      }
    }
  }

  /// Deeper than the stack would bear.
  @Test func noDepthEndsTheProcess() {
    var value: [UInt8] = [0x18, 0x01]
    for _ in 0..<3_000 {
      var list = ProtobufText()
      list.bytes(1, value)
      var outer = ProtobufText()
      outer.bytes(5, list.bytes)
      value = outer.bytes
    }
    var all = ProtobufText()
    all.message(1) { part in
      part.message(1) { resource in
        resource.message(1) { pair in
          pair.text(1, "deep")
          pair.bytes(2, value)
        }
      }
    }
    #expect(throws: FormatError.self) { try decode(all.bytes) }
  }

  /// Each cut, and each flipped bit, is read or refused, and ends nobody.
  @Test func cutAndFlippedBodiesEndNothing() throws {
    var span = ToldSpan()
    span.attributes = [("http.url", "http://a/b"), ("list", .list([1, .map([("k", "v")])]))]
    span.events = [("exception", [("exception.type", "E")])]
    span.links = [(span.trace, span.id)]
    let told = ToldTraces([span])
    for (body, format) in [
      (told.protobuf, ProtobufTraces.self as any IngestFormat.Type),
      (Array(told.json.utf8), JSONTraces.self),
    ] {
      for count in 0..<body.count { _ = try? decode(Array(body.prefix(count)), format) }
      for index in body.indices {
        for bit in 0..<8 {
          var broken = body
          broken[index] ^= 1 << UInt8(bit)
          _ = try? decode(broken, format)
        }
      }
    }
  }

  @Test(arguments: UInt64(0)..<50) func anyBytesEndNothing(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let body = random.bytes(count: Int(random.next() % 400))
      _ = try? decode(body)
      _ = try? decode(body, JSONTraces.self)
    }
  }

  /// What a small body would make of itself is bounded: spans by number, texts by their bytes.
  @Test func aBombIsRefused() throws {
    var all = ProtobufText()
    all.message(1) { part in
      part.message(2) { scope in
        for _ in 0...SpanIntake.limit { scope.bytes(2, []) }
      }
    }
    let many = #expect(throws: FormatError.self) { _ = try decode(all.bytes) }
    #expect(many?.fault == .oversized)
    var told = ToldTraces([ToldSpan](repeating: ToldSpan(), count: 20_000))
    let long = ToldValue.text(String(repeating: "v", count: 1_000))
    told.resource = (0..<60).map { ("r\($0)", long) }
    let large = #expect(throws: FormatError.self) { _ = try decode(told.protobuf) }
    #expect(large?.fault == .oversized && large?.message.contains("MiB") == true)
  }
}

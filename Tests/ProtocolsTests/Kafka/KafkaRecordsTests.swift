// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// Records are counted, and nothing else is told of them.
@Suite struct KafkaRecordsTests {
  struct Case: CustomTestStringConvertible {
    var name: String
    var records: [UInt8]
    var count: UInt32
    var testDescription: String { name }
  }

  @Test(arguments: [
    Case(name: "none", records: [], count: 0),
    Case(name: "a batch", records: KafkaTalks.batch(3), count: 3),
    Case(name: "compressed", records: KafkaTalks.batch(3, attributes: 4), count: 3),
    Case(name: "batches", records: KafkaTalks.batch(3) + KafkaTalks.batch(4), count: 7),
    Case(
      name: "the end of a transaction",
      records: KafkaTalks.batch(3) + KafkaTalks.batch(1, attributes: 0x30), count: 3),
    Case(
      name: "the last one cut by the broker",
      records: KafkaTalks.batch(3) + KafkaTalks.batch(4).dropLast(2), count: 3),
    Case(
      name: "cut in its head", records: KafkaTalks.batch(3) + KafkaTalks.batch(4).prefix(20),
      count: 3),
    Case(
      name: "messages of the first format",
      records: KafkaTalks.message(magic: 0) + KafkaTalks.message(magic: 0), count: 2),
    Case(
      name: "of the second", records: KafkaTalks.message(magic: 1), count: 1),
    Case(
      name: "both formats", records: KafkaTalks.message(magic: 1) + KafkaTalks.batch(2), count: 3),
    // Nobody can say how many: none is told.
    Case(
      name: "compressed messages",
      records: KafkaTalks.message(magic: 1) + KafkaTalks.message(magic: 1, attributes: 1), count: 0),
    Case(name: "less than none", records: KafkaTalks.batch(UInt32.max), count: 0),
    Case(name: "a format to come", records: KafkaTalks.message(magic: 7), count: 0),
    Case(
      name: "a length that lies", records: [UInt8](repeating: 0, count: 40), count: 0),
  ])
  func areCounted(records: Case) {
    let set = KafkaTalks.words(
      KafkaTalks.number(UInt32(records.records.count)) + records.records)
    expectMessages(
      Kafka(),
      KafkaTalks.request(
        1, 0,
        "ffffffff 000001f4 00000001 00000001 0001 'a' 00000001 00000000 0000000000000000 00001000"),
      KafkaTalks.response("00000001 0001 'a' 00000001 00000000 0000 0000000000000000 \(set)"),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.response, status: .ok, parts: records.count),
      ])
  }

  /// Headers of the first record, where it is not compressed: a key, no value, three headers.
  @Test(arguments: [(0, "0af7651916cd43dd8448eb211c80319c"), (1, "")] as [(UInt8, String)])
  func aRecordCarriesItsTrace(compression: UInt8, trace: String) {
    let headers = KafkaTalks.bytes(
      """
      06 02 'a' 02 'b' 16 'traceparent' 6e
      '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' 02 'c' 01
      """)
    let record = [0, 0, 0, 2, 0x6b, 1] + headers
    let length = [UInt8(record.count * 2 & 0x7f | 0x80), UInt8(record.count * 2 >> 7)]
    let records = KafkaTalks.batch(1, attributes: compression, payload: length + record)
    let set = KafkaTalks.words(KafkaTalks.number(UInt32(records.count)) + records)
    expectMessages(
      Kafka(),
      KafkaTalks.request(0, 3, "ffff 0001 00001388 00000001 0001 'a' 00000001 00000000 \(set)"),
      gives: [
        ExpectedMessage(
          .request, traceID: trace, spanID: trace.isEmpty ? "" : "b7ad6b7169203331", parts: 1)
      ])
  }

  /// A large batch is told by its front, and so is how many records it has.
  @Test func aLargeBatchIsNotWaitedFor() {
    let records = KafkaTalks.batch(5_000, payload: [UInt8](repeating: 0x2a, count: 200_000))
    let talk = KafkaTalks.request(
      0, 3,
      "ffff 0001 00001388 00000001 0001 'a' 00000001 00000000 "
        + KafkaTalks.words(KafkaTalks.number(UInt32(records.count)) + records))
    var driver = ParserDriver(Kafka())
    driver.feed(Array(talk.bytes.prefix(4_096)), from: .client)
    #expect(driver.messages.map(\.parts) == [5_000])
    driver.feed(Array(talk.bytes.dropFirst(4_096)), from: .client)
    driver.feed(KafkaTalks.response("00000000 00000000").bytes, from: .server)
    #expect(driver.messages.map(\.kind) == [.request, .response])
    #expect(driver.violations == [])
    #expect(driver.error == nil)
  }

  /// What the capture hides is not guessed.
  @Test func aCutRequestSaysWhatItSays() {
    let talk = KafkaTalks.request(
      0, 3, "ffff 0001 00001388 00000001 0006 'orders' 00000001 00000000 \(KafkaParserTests.set)")
    for count in 12..<talk.bytes.count {
      let held = hold(
        Kafka(), [Talk(.client, bytes: Array(talk.bytes.prefix(count)))], isFinal: true)
      #expect(held.violations == [])
      #expect(held.messages.map(\.texts["request_type"]) == ["Produce"])
      #expect(held.messages.map(\.requestID) == [7])
      #expect(held.messages[0].flags == .truncated)
      let isCounted = held.messages[0].parts == 3
      #expect(isCounted == (count >= talk.bytes.count - 3))
    }
  }

  /// Counts and lengths of any size make no more work than the bytes are.
  @Test(arguments: ["7fffffff", "ffffffff", "80000000", "00010000"])
  func countsThatLie(count: String) {
    for (key, version) in [(0, 2), (1, 4), (3, 1), (10, 4), (18, 2)] as [(UInt8, UInt8)] {
      for body in ["", "0001 00000000 ", "ffffffff 00000000 00000000 00000000 00 "] {
        let talk = KafkaTalks.request(key, version, body + "\(count) \(count) \(count)")
        let answer = KafkaTalks.response("\(count) \(count) \(count) \(count)")
        let held = hold(Kafka(), [talk, answer])
        #expect(held.violations == [])
        #expect(held.messages.count == 2 || held.messages.map(\.kind) == [.session])
      }
    }
  }

  @Test func anythingIsSurvived() {
    neverTraps(
      Kafka(), seed: 0x6b61_666b, rounds: 3_000,
      seeds: [
        KafkaTalks.request(
          0, 9, isFlexible: true,
          "00 ffff 00001388 02 07 'orders' 02 00000002 \(KafkaParserTests.compactSet) 00 00 00"),
        KafkaTalks.request(1, 4, "ffffffff 000001f4 00000001 03200000 00 00000000"),
        KafkaTalks.request(3, 1, "00000001 0006 'orders'"), KafkaTalks.request(18, 0, ""),
        KafkaTalks.response("00000000 00000001 0006 'orders' 00000001 00000002 0000"),
      ])
  }
}

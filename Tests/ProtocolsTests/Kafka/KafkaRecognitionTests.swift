// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct KafkaRecognitionTests {
  private static func recognize(
    _ bytes: [UInt8], side: Side? = nil, port: UInt16 = 40_000, isTruncated: Bool = false
  ) -> Recognition {
    Kafka().recognize(
      bytes.span,
      context: RecognitionContext(
        transport: .tcp, side: side, serverPort: port, isTruncated: isTruncated))
  }

  static let produce = KafkaTalks.request(
    0, 3, "ffff 0001 00001388 00000001 0006 'orders' 00000001 00000000 \(KafkaParserTests.set)")

  @Test(arguments: [
    produce,
    KafkaTalks.request(18, 4, client: "rdkafka", isFlexible: true, "05 'rust' 04 '0.1' 00"),
    KafkaTalks.request(3, 1, client: "größe", "ffffffff"),
    KafkaTalks.request(18, 0, client: "a", ""),
    // Whoever does not say who it is.
    KafkaTalks.request(18, 0, id: 1, client: nil, ""),
    KafkaTalks.request(18, 2, id: 1, client: "", ""),
    KafkaTalks.request(3, 1, id: 1, client: nil, "ffffffff"),
    KafkaTalks.request(3, 0, id: 1, client: "", "00000001 0001 'a'"),
    KafkaTalks.request(
      0, 2, id: 1, client: nil,
      "ffff 00001388 00000001 0001 'a' 00000001 00000002 \(KafkaParserTests.set)"),
    // ControlledShutdown's first version has no client.
    KafkaTalks.framed(.client, [0, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9]),
  ])
  func requestsAreSeenAtTheirEnd(talk: Talk) {
    #expect(Self.recognize(talk.bytes) == .yes(sentBy: .client))
    #expect(Self.recognize(talk.bytes, side: .client) == .yes(sentBy: .client))
    #expect(Self.recognize(talk.bytes, side: .server) == .no)
    for count in 1..<talk.bytes.count {
      #expect(Self.recognize(Array(talk.bytes.prefix(count))) != .no, "\(count)")
    }
  }

  /// Not even where Kafka usually is.
  @Test(arguments: [
    KafkaTalks.response("00000000 00000000").bytes,
    // Kinds and versions that there are not, no id, no text for a client.
    KafkaTalks.request(93, 0, "").bytes, KafkaTalks.request(3, 14, "").bytes,
    KafkaTalks.request(3, 1, id: 0x8000_0001, "").bytes,
    KafkaTalks.request(3, 1, client: "a\u{1}b", "ffffffff").bytes,
    // A name longer than its message.
    Array(produce.bytes[..<4]) + [0, 3, 0, 1, 0, 0, 0, 1, 0, 250] + Array("name".utf8),
    // Too short, too long.
    [0, 0, 0, 7, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff], [0x40, 0, 0, 7, 0, 18, 0, 0],
    // The beginnings of PostgreSQL, of its encryption, of MySQL, ZooKeeper, MongoDB, OpenWire, Thrift,
    // Cassandra, Pulsar, SMB, TLS, HTTP/2's settings, a query of DNS.
    KafkaTalks.bytes("00000029 00030000 'user' 00 'ann' 00 'database' 00 'shop' 00 00"),
    KafkaTalks.bytes("00000008 04d2162f"), KafkaTalks.bytes("0500000003 'USE' 20 'a'"),
    KafkaTalks.bytes(
      "0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010 00000000"),
    KafkaTalks.bytes("3a000000 01000000 00000000 dd070000"),
    KafkaTalks.bytes("0000012a 01 'ActiveMQ' 0000000c"),
    KafkaTalks.bytes("00000018 80010001 00000004"),
    KafkaTalks.bytes("04000000 05 00000000"), KafkaTalks.bytes("00000022 0000001e 0802121a"),
    KafkaTalks.bytes("00000054 ff 'SMB' 72"), KafkaTalks.bytes("160301 0200 0100"),
    KafkaTalks.bytes("000012 04 00 00000000 0003 00000080 0004 00010000 0005 00004000"),
    KafkaTalks.bytes("001d 1234 0000 0001 0000 0000 0000 07 'example' 03 'com' 00 0001 0001"),
  ])
  func othersAreNot(bytes: [UInt8]) {
    for port in [40_000, 9_092] as [UInt16] {
      #expect(Self.recognize(bytes, port: port) == .no)
    }
  }

  @Test func aCutNameTells() {
    let bytes = Array(KafkaTalks.request(1, 4, client: "consumer-1", "").bytes.prefix(20))
    #expect(Self.recognize(bytes) == .undecided)
    #expect(Self.recognize(bytes, isTruncated: true) == .yes(sentBy: .client))
  }

  /// From the middle of a message nothing is told, and the next call of the application is.
  @Test func behindLostBytesOnlyRequestsAreRead() {
    var driver = ParserDriver(Kafka())
    driver.feed(Self.produce.bytes, from: .client)
    driver.feed(KafkaTalks.response("00000000 00000000").bytes, from: .server)
    for start in Self.produce.bytes.indices.dropFirst() {
      driver.lose(from: .client)
      driver.feed(Array(Self.produce.bytes[start...]), from: .client, isFinal: true)
    }
    #expect(driver.messages.count == 2)
    driver.lose(from: .client)
    driver.feed(KafkaTalks.request(18, 0, id: 9, "").bytes, from: .client)
    driver.lose(from: .server)
    driver.feed(Array("noise that is no answer".utf8), from: .server, isFinal: true)
    driver.feed(KafkaTalks.response(id: 9, "0000 00000000").bytes, from: .server)
    #expect(driver.messages.map(\.kind) == [.request, .response, .request, .response])
    #expect(driver.error == nil)
    #expect(driver.violations == [])
  }

  /// Whoever joins late hears answers to what it did not hear: nobody can say what they are.
  @Test func anAnswerWithoutItsRequestIsUnknown() {
    let held = hold(Kafka(), [KafkaTalks.response("0000 00000000")])
    #expect(held.messages.map(\.status) == [.unknown])
    #expect(held.messages.map(\.requestID) == [7])
  }
}

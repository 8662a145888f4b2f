// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// https://github.com/apache/thrift/tree/master/doc/specs.
@Suite struct ThriftParserTests {
  private static func binary(_ type: UInt8, _ name: String, id: UInt8 = 7, _ body: String)
    -> [UInt8]
  {
    [0x80, 1, 0, type] + KafkaTalks.number(UInt32(name.utf8.count)) + Array(name.utf8)
      + [0, 0, 0, id] + KafkaTalks.bytes(body)
  }

  private static func compact(_ type: UInt8, _ name: String, id: UInt8 = 7, _ body: String)
    -> [UInt8]
  {
    [0x82, type << 5 | 1, id, UInt8(name.utf8.count)] + Array(name.utf8) + KafkaTalks.bytes(body)
  }

  private static func framed(_ message: [UInt8]) -> [UInt8] {
    KafkaTalks.number(UInt32(message.count)) + message
  }

  /// THeader's head, with a pair of names and values.
  private static func headed(_ form: UInt8, _ message: [UInt8], transforms: [UInt8] = [0])
    -> [UInt8]
  {
    let value = Array("0000000000000001-0000000000000002-1".utf8)
    var head = [form] + transforms + [1, 1, 2] + Array("b3".utf8) + [UInt8(value.count)] + value
    while head.count % 4 != 0 { head.append(0) }
    return framed([0x0f, 0xff, 0, 0, 0, 0, 0, 9, 0, UInt8(head.count / 4)] + head + message)
  }

  /// Text, number, end; of a failure.
  private static let failure = "0b 0001 00000003 'bad' 08 0002 00000001 00"
  private static let compactFailure = "18 03 'bad' 15 02 00"

  @Test(arguments: [true, false]) func inFrames(isCompact: Bool) {
    let make = isCompact ? Self.compact : Self.binary
    let failure = isCompact ? Self.compactFailure : Self.failure
    let declared = isCompact ? "1c 00 00" : "0c 0001 00 00"
    let result = isCompact ? "05 00 02 00" : "08 0000 00000001 00"
    func talk(_ side: Side, _ message: [UInt8]) -> Talk { Talk(side, bytes: Self.framed(message)) }
    expectMessages(
      Thrift(), talk(.client, make(1, "Shop:buy", 7, "00")),
      talk(.server, make(2, "Shop:buy", 7, result)),
      talk(.client, make(4, "log", 8, "00")), talk(.client, make(1, "buy", 9, "00")),
      talk(.client, make(1, "buy", 10, "00")), talk(.server, make(3, "buy", 10, failure)),
      talk(.server, make(2, "buy", 9, declared)),
      gives: [
        ExpectedMessage(
          .request, requestType: "buy", requestDomain: "Shop", requestResource: "Shop:buy",
          endpoint: "Shop:buy", requestID: 7,
          attributes: [
            "thrift.protocol": isCompact ? "compact" : "binary", "thrift.transport": "framed",
          ]), ExpectedMessage(.response, status: .ok, responseException: "", requestID: 7),
        ExpectedMessage(.session, requestType: "log", requestDomain: ""),
        ExpectedMessage(.request, requestID: 9), ExpectedMessage(.request, requestID: 10),
        ExpectedMessage(
          .response, status: .clientError, code: 1, responseException: "bad", requestID: 10),
        ExpectedMessage(
          .response, status: .serverError, responseException: "exception 1", requestID: 9),
      ])
  }

  @Test func bare() {
    expectMessages(
      Thrift(), Talk(.client, bytes: Self.binary(1, "buy", "0b 0001 00000003 'abc' 00")),
      Talk(.server, bytes: Self.binary(2, "buy", "0b 0000 00000003 'abc' 00")),
      Talk(.client, bytes: Self.compact(1, "buy", "00")),
      Talk(.server, bytes: Self.compact(3, "buy", "18 03 'bad' 15 0c 00")),
      gives: [
        ExpectedMessage(
          .request, requestType: "buy",
          attributes: ["thrift.protocol": "binary", "thrift.transport": "buffered"]),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(
          .request, attributes: ["thrift.protocol": "compact", "thrift.transport": "buffered"]),
        ExpectedMessage(.response, status: .serverError, code: 6, responseException: "bad"),
      ])
  }

  /// The number of the head counts, not that of the message.
  @Test func behindAHead() {
    expectMessages(
      Thrift(), Talk(.client, bytes: Self.headed(2, Self.compact(1, "buy", "00"))),
      Talk(.server, bytes: Self.headed(0, Self.binary(2, "buy", "00"))),
      // What is compressed cannot be read.
      Talk(.client, bytes: Self.headed(2, [1, 2, 3], transforms: [1, 1])),
      gives: [
        ExpectedMessage(
          .request, traceID: "0000000000000001", requestID: 9,
          attributes: ["thrift.protocol": "compact", "thrift.transport": "header"]),
        ExpectedMessage(.response, status: .ok, requestID: 9),
      ])
  }

  /// The rest of a message takes no other along.
  @Test func behindLostBytesTheNextMessageIsFound() {
    let message = Self.framed(Self.binary(1, "buy", "0b 0001 00000003 'abc' 08 0002 00000006 00"))
    for rest in 1..<message.count {
      var driver = ParserDriver(Thrift())
      driver.feed(message, from: .client)
      driver.lose(from: .client)
      driver.feed(Array(message.suffix(rest)), from: .client)
      driver.feed(message, from: .client)
      driver.feed(message, from: .client)
      #expect(driver.messages.count == 3, "\(rest)")
      #expect(driver.violations == [])
    }
  }

  private static func recognize(_ bytes: [UInt8]) -> Recognition {
    Thrift().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 40_000))
  }

  @Test func eitherSideIsSeenAtItsName() {
    for message in [Self.binary(1, "buy", "00"), Self.compact(1, "buy", "00")] {
      for bytes in [message, Self.framed(message), Self.headed(0, message)] {
        #expect(Self.recognize(bytes) == .yes(sentBy: .client))
        for count in 1..<7 { #expect(Self.recognize(Array(bytes.prefix(count))) == .undecided) }
      }
    }
    #expect(Self.recognize(Self.compact(3, "buy", "00")) == .yes(sentBy: .server))
  }

  @Test(arguments: [
    "80010101 00000003 'buy' 00000001", "80010005 00000003 'buy' 00000001",
    "80010001 00000000 00000001", "80010001 00000100 'buy'",
    "80010001 00000003 'b' 00 'y' 00000001",
    "80020001 00000003 'buy'", "8222 01 03 'buy'", "82a1 01 03 'buy'", "8221 01 00",
    "00000004 80010001", "00000010 80010001 00000020 'name'", "20000010 80010001",
    "00000010 0fff 0000 00000001 0001 01 00 0000",
  ])
  func almost(text: String) { #expect(Self.recognize(KafkaTalks.bytes(text)) == .no) }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      Thrift(), seed: seed, rounds: 400,
      seeds: [
        Talk(.client, bytes: Self.headed(2, Self.compact(1, "buy", "00"))),
        Talk(.server, bytes: Self.framed(Self.binary(3, "buy", Self.failure))),
        Talk(.server, bytes: Self.compact(3, "buy", Self.compactFailure)),
        Talk(.server, bytes: Self.binary(2, "buy", "0c 0001 00 00")),
      ])
  }
}

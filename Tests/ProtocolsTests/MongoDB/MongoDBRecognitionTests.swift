// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct MongoDBRecognitionTests {
  private func recognize(_ bytes: [UInt8], _ side: Side?) -> Recognition {
    MongoDB().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test(arguments: [
    MongoDBParserTests.find,
    MongoDBTalks.query("admin.$cmd", id: 0, [("isMaster", .int(1))]),
    MongoDBTalks.reply(id: 60, to: 0, [[("ok", .number(1))]]),
    MongoDBTalks.message(.server, id: 9, to: 7, [("ok", .number(1))]),
    MongoDBTalks.message(.server, id: 9, to: 0, [("cursor", .document([])), ("ok", .number(1))]),
    MongoDBTalks.framed(.client, 2012, id: 1, [0xdd, 7, 0, 0, 40, 0, 0, 0, 1, 40, 0xf0]),
    MongoDBTalks.framed(
      .client, 2007, id: 5, [0, 0, 0, 0, 1, 0, 0, 0] + [UInt8](repeating: 9, count: 8)),
  ])
  func messagesTellWhoSentThem(talk: Talk) {
    #expect(recognize(talk.bytes, talk.side) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, nil) == .yes(sentBy: talk.side))
    for count in 1..<21 {
      #expect(recognize(Array(talk.bytes.prefix(count)), talk.side) == .undecided, "\(count)")
    }
  }

  @Test func aRequestThatAnswersIsNone() {
    let answer = MongoDBTalks.message(.server, id: 9, to: 7, [("ok", .number(1))]).bytes
    #expect(recognize(answer, .client) == .no)
    #expect(recognize(MongoDBTalks.query("a.b", id: 1, []).bytes, .server) == .no)
  }

  /// A length, an operation, flags, a section, a document, a type, a name that are none.
  @Test(
    arguments: [
      (3, 3), (0, 20), (12, 0), (13, 8), (16, 4), (17, 1), (19, 2), (20, 2), (24, 0x7f), (21, 4),
      (25, 0x20), (25, 0), (26, 1), (26, 0),
    ] as [(Int, UInt8)])
  func almostTheProtocolIsNot(place: Int, value: UInt8) {
    var bytes = MongoDBParserTests.find.bytes
    bytes[place] = value
    if place == 0 { bytes.replaceSubrange(1..<4, with: [0, 0, 0]) }
    #expect(recognize(bytes, .client) == .no)
    #expect(recognize(bytes, nil) == .no)
  }
}

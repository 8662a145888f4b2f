// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/.
@Suite struct MongoDBParserTests {
  static let find = MongoDBTalks.message(
    .client, id: 7,
    [
      ("find", .text("users")), ("filter", .document([("name", .text("ann"))])),
      ("lsid", .document([("id", .binary([1, 2, 3]))])), ("$db", .text("shop")),
    ])

  @Test func aCommandAndItsAnswer() {
    let batch = MongoDBTalks.Value.document([
      ("firstBatch", .array([.document([("a", .int(1))]), .document([])])), ("id", .long(0)),
      ("ns", .text("shop.users")),
    ])
    expectMessages(
      MongoDB(), Self.find,
      MongoDBTalks.message(.server, id: 99, to: 7, [("cursor", batch), ("ok", .number(1))]),
      gives: [
        ExpectedMessage(
          .request, requestType: "find", requestDomain: "shop", requestResource: "shop.users",
          endpoint: "find shop.users", requestID: 7,
          attributes: ["mongodb.operation": "OP_MSG", "mongodb.collection": "users"]),
        ExpectedMessage(
          .response, status: .ok, responseException: "", requestID: 7, affectedRows: 2),
      ])
  }

  @Test func documentsInSequencesAreCounted() {
    expectMessages(
      MongoDB(),
      MongoDBTalks.message(
        .client, id: 1, flags: 1, [("insert", .text("logs_2026")), ("$db", .text("shop"))],
        sequence: ("documents", [[("a", .int(1))], [("a", .int(2))], [("a", .null)]])),
      MongoDBTalks.message(.server, id: 2, to: 1, [("n", .int(3)), ("ok", .int(1))]),
      gives: [
        ExpectedMessage(
          .request, requestType: "insert", requestResource: "shop.logs_2026",
          endpoint: "insert shop.logs_?", parts: 3),
        ExpectedMessage(.response, status: .ok, affectedRows: 3),
      ])
  }

  typealias Elements = [(String, MongoDBTalks.Value)]

  struct Failure: CustomTestStringConvertible {
    var testDescription: String { exception }
    var answer: @Sendable () -> Elements
    var status: ResponseStatus
    var code: Int32?
    var exception: String
  }

  @Test(arguments: [
    Failure(
      answer: {
        [
          ("ok", .number(0)), ("errmsg", .text("command find requires authentication")),
          ("code", .int(13)), ("codeName", .text("Unauthorized")),
        ]
      }, status: .clientError, code: 13,
      exception: "Unauthorized: command find requires authentication"),
    Failure(
      answer: {
        [
          ("topologyVersion", .document([])), ("ok", .int(0)), ("code", .int(10_107)),
          ("errmsg", .text("not primary")), ("codeName", .text("NotWritablePrimary")),
        ]
      }, status: .serverError, code: 10_107, exception: "NotWritablePrimary: not primary"),
    Failure(
      answer: {
        let error: Elements = [
          ("index", .int(0)), ("code", .int(11_000)),
          ("errmsg", .text("E11000 duplicate key error dup key: { a: \"x\" }")),
        ]
        return [("n", .int(0)), ("writeErrors", .array([.document(error)])), ("ok", .number(1))]
      }, status: .clientError, code: 11_000, exception: "E11000 duplicate key error dup key: ?"),
    Failure(
      answer: {
        let error: Elements = [
          ("code", .int(64)), ("codeName", .text("WriteConcernFailed")),
          ("errmsg", .text("waiting for replication timed out")),
        ]
        return [("n", .int(1)), ("ok", .truth(true)), ("writeConcernError", .document(error))]
      }, status: .serverError, code: 64,
      exception: "WriteConcernFailed: waiting for replication timed out"),
    Failure(answer: { [("ok", .number(0))] }, status: .clientError, code: nil, exception: ""),
  ])
  func errorsSayWhoseFaultItIs(failure: Failure) {
    expectMessages(
      MongoDB(), Self.find, MongoDBTalks.message(.server, id: 8, to: 7, failure.answer()),
      gives: [
        ExpectedMessage(.request, requestType: "find"),
        ExpectedMessage(
          .response, status: failure.status, code: failure.code,
          responseException: failure.exception),
      ])
  }

  @Test func theOlderMessages() {
    let client = MongoDBTalks.Value.document([
      ("application", .document([("name", .text("shell"))])),
      ("os", .document([("type", .text("Linux"))])),
    ])
    expectMessages(
      MongoDB(),
      MongoDBTalks.query("admin.$cmd", id: 0, [("isMaster", .int(1)), ("client", client)]),
      MongoDBTalks.reply(id: 60, to: 0, [[("ismaster", .truth(true)), ("ok", .number(1))]]),
      MongoDBTalks.query("shop.users", id: 1, [("a", .int(1))]),
      MongoDBTalks.reply(id: 61, to: 1, [[("a", .int(1))], [("a", .int(1))]]),
      MongoDBTalks.query(
        "shop.$cmd", id: 2, [("$query", .document([("count", .text("users"))]))]),
      MongoDBTalks.reply(
        id: 62, to: 2, flags: 2, [[("$err", .text("no 'x'")), ("code", .int(13_435))]]),
      MongoDBTalks.framed(
        .client, 2005, id: 3,
        [0, 0, 0, 0] + Array("shop.users\0".utf8) + [UInt8](repeating: 1, count: 12)),
      MongoDBTalks.reply(id: 63, to: 3, flags: 1, []),
      MongoDBTalks.framed(
        .client, 2002, id: 4,
        [0, 0, 0, 0] + Array("shop.users\0".utf8) + MongoDBTalks.document([("a", .int(1))])),
      MongoDBTalks.framed(
        .client, 2007, id: 5, [0, 0, 0, 0, 1, 0, 0, 0] + [UInt8](repeating: 9, count: 8)),
      gives: [
        ExpectedMessage(
          .request, requestType: "isMaster", requestDomain: "admin", requestResource: "admin",
          endpoint: "isMaster admin", requestID: 0,
          attributes: ["mongodb.operation": "OP_QUERY", "mongodb.application": "shell"]),
        ExpectedMessage(.response, status: .ok, requestID: 0),
        ExpectedMessage(
          .request, requestType: "find", requestResource: "shop.users",
          endpoint: "find shop.users"),
        ExpectedMessage(.response, status: .ok, affectedRows: 2),
        ExpectedMessage(.request, requestType: "count", requestResource: "shop.users"),
        ExpectedMessage(
          .response, status: .serverError, code: 13_435, responseException: "no ?"),
        ExpectedMessage(.request, requestType: "getMore", requestResource: "shop.users"),
        ExpectedMessage(.response, status: .clientError, code: 43),
        ExpectedMessage(.session, requestType: "insert", requestResource: "shop.users"),
        ExpectedMessage(.session, requestType: "killCursors", endpoint: "killCursors"),
      ])
  }

  /// A write that is not acknowledged, and answers that follow one another unasked.
  @Test func nobodyAnswersAndNobodyAsks() {
    expectMessages(
      MongoDB(),
      MongoDBTalks.message(
        .client, id: 1, flags: 2, [("insert", .text("a")), ("$db", .text("d"))]),
      MongoDBTalks.message(
        .client, id: 2, flags: 1 << 16, [("hello", .int(1)), ("$db", .text("admin"))]),
      MongoDBTalks.message(.server, id: 50, to: 2, flags: 2, [("ok", .int(1))]),
      MongoDBTalks.message(.server, id: 51, to: 50, flags: 2, [("ok", .int(1))]),
      MongoDBTalks.message(.server, id: 52, to: 51, [("ok", .int(1))]),
      MongoDBTalks.message(
        .client, id: 3, [("getMore", .long(5)), ("collection", .text("c")), ("$db", .text("d"))]),
      MongoDBTalks.message(.server, id: 53, to: 3, [("ok", .int(1))]),
      gives: [
        ExpectedMessage(.session, requestType: "insert", requestID: 1),
        ExpectedMessage(.request, requestType: "hello", requestResource: "admin", requestID: 2),
        ExpectedMessage(.response, status: .ok, requestID: 2),
        ExpectedMessage(.request, requestType: "getMore", requestResource: "d.c"),
        ExpectedMessage(.response, status: .ok, requestID: 3),
      ])
  }

  /// Made with zlib and with literals of Snappy; the last one by a way that is not read here.
  @Test func compressedMessages() {
    let body = MongoDBTalks.messageBody([("ping", .int(1)), ("$db", .text("d"))])
    let size = MongoDBTalks.number(UInt32(body.count))
    let operation = MongoDBTalks.number(2013)
    let count = UInt8(body.count)
    let snappy = [count, (count - 1) << 2] + body
    let stored: [UInt8] = [0x78, 1, 1, count, 0, ~count, 0xff] + body
    let asked = ExpectedMessage(
      .request, requestType: "ping", requestDomain: "d", endpoint: "ping d",
      attributes: ["mongodb.operation": "OP_MSG"])
    expectMessages(
      MongoDB(),
      MongoDBTalks.framed(.client, 2012, id: 1, operation + size + [0] + body),
      MongoDBTalks.framed(.client, 2012, id: 2, operation + size + [1] + snappy),
      MongoDBTalks.framed(.client, 2012, id: 3, operation + size + [2] + stored),
      MongoDBTalks.framed(.client, 2012, id: 4, operation + size + [3] + snappy),
      MongoDBTalks.framed(.server, 2012, id: 9, to: 4, operation + size + [3] + snappy),
      gives: [
        asked, asked, asked,
        ExpectedMessage(.request, requestType: "", requestID: 4),
        ExpectedMessage(.response, status: .unknown, requestID: 4),
      ])
  }

  /// What is large is not looked at to its end, and an answer that begins with a cursor is a success.
  @Test func largeAnswers() {
    let rows = MongoDBTalks.Value.array(
      Array(repeating: .text(String(repeating: "a", count: 900)), count: 100))
    let batch = MongoDBTalks.Value.document([("firstBatch", rows)])
    let held = hold(
      MongoDB(),
      [
        Self.find,
        MongoDBTalks.message(.server, id: 8, to: 7, [("cursor", batch), ("ok", .number(1))]),
        Self.find, MongoDBTalks.message(.server, id: 8, to: 7, [("x", batch), ("ok", .number(1))]),
      ])
    #expect(held.messages.map(\.status) == [.ok, .ok, .ok, .unknown])
    #expect(held.messages[1].affectedRows == nil)
    #expect(held.error == nil)
  }

  /// Documents in documents, and lengths that lie, end somewhere.
  @Test func hostileDocuments() {
    var deep: MongoDBTalks.Value = .int(1)
    for _ in 0..<2_000 { deep = .document([("a", deep)]) }
    let talk = MongoDBTalks.message(
      .client, id: 1, [("find", .text("c")), ("filter", deep), ("$db", .text("d"))])
    #expect(hold(MongoDB(), [talk]).messages.map { $0.texts["request_resource"] } == ["d.c"])
    for length in [
      [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0x80], [0, 0, 0, 0],
    ]
      as [[UInt8]]
    {
      for place in [21, 31] {
        var bytes = Self.find.bytes
        bytes.replaceSubrange(place..<(place + 4), with: length)
        let held = hold(MongoDB(), [Talk(.client, bytes: bytes)])
        #expect(held.violations == [] && held.messages.count == 1)
      }
      let head = hold(MongoDB(), [Talk(.client, bytes: length + Self.find.bytes.dropFirst(4))])
      #expect(head.error != nil && head.messages.isEmpty)
    }
  }

  @Test func neverTrapsOnAnyBytes() {
    neverTraps(
      MongoDB(), seed: 81, rounds: 3_000,
      seeds: [
        Self.find, MongoDBTalks.message(.server, id: 9, to: 7, [("ok", .number(1))]),
        MongoDBTalks.query("admin.$cmd", id: 0, [("isMaster", .int(1))]),
        MongoDBTalks.reply(id: 60, to: 0, [[("ok", .number(1))]]),
        MongoDBTalks.framed(
          .client, 2012, id: 2,
          MongoDBTalks.number(2013) + [40, 0, 0, 0, 1, 40, 0xf0, 60, 1, 2, 3, 9, 1, 0]),
      ])
  }
}

// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// A protocol as the tests speak it: requests and answers that both carry a number, and how to tell
/// from a record that they belong together.
struct Language: Sendable, CustomTestStringConvertible {
  var kind: any ProtocolKind
  var port: UInt16
  var request: @Sendable (Int) -> [UInt8]
  var response: @Sendable (Int) -> [UInt8]
  /// The numbers that the request and the answer of a record carry; nil where none can be read.
  var numbers: @Sendable (CallRecord, RecordBatch) -> (request: Int?, response: Int?)
  /// Whether what its messages find each other by is an id that users know.
  var hasIDs = true

  var testDescription: String { kind.descriptor.name }

  static let all =
    [lines, http, redis, mySQL, postgreSQL, kafka]
    + stores
    + messaging
    + brokers
    + rpc
    + [http2]

  static let lines = Language(
    kind: Lines(), port: 7_000, request: { Array("?/\($0 % 400)\n".utf8) },
    response: { Array("=\($0 % 400)(40)\n\(String(repeating: "=", count: 40))".utf8) },
    numbers: {
      (number(behind: "/", $1.string($0.texts.endpoint)), $0.responseCode.map { Int($0) })
    })

  static let http = Language(
    kind: HTTP1(), port: 80,
    request: { Array("GET /\($0) HTTP/1.1\r\nHost: a\r\nX-Request-ID: n\($0)\r\n\r\n".utf8) },
    response: {
      Array("HTTP/1.1 200 OK\r\nX-Request-ID: n\($0)\r\nContent-Length: 3\r\n\r\nabc".utf8)
    },
    numbers: {
      (
        number(behind: "n", $1.string($0.texts.requestXRequestID)),
        number(behind: "n", $1.string($0.texts.responseXRequestID))
      )
    })

  /// Streams are numbered from anywhere, as in a conversation that is found in the middle.
  static let http2 = Language(
    kind: HTTP2(), port: 50_051,
    request: {
      HTTP2Talks.request(UInt32($0) * 2 + 1, "GET", "/a", [("x-request-id", "n\($0)")])
    },
    response: {
      let stream = UInt32($0) * 2 + 1
      return HTTP2Talks.response(stream, 200, [("x-request-id", "n\($0)")], goesOn: true)
        + HTTP2Talks.data(stream, [1, 2, 3])
    },
    numbers: {
      (
        number(behind: "n", $1.string($0.texts.requestXRequestID)),
        number(behind: "n", $1.string($0.texts.responseXRequestID))
      )
    })

  static let redis = Language(
    kind: Redis(), port: 6_379,
    request: { Array("*2\r\n$3\r\nGET\r\n$\("k\($0)".utf8.count)\r\nk\($0)\r\n".utf8) },
    response: { Array("-ERR k\($0)\r\n".utf8) },
    numbers: {
      (
        number(behind: "k", $1.string($0.texts.requestResource)),
        number(behind: "k", $1.string($0.texts.responseException))
      )
    })

  static let mySQL = Language(
    kind: MySQL(), port: 3_306,
    request: { packet(0, [3] + Array("SELECT a FROM t\($0)".utf8)) },
    response: { packet(1, [0xff, 0x7a, 0x04] + Array("#42S02No table t\($0)".utf8)) },
    numbers: byTable)

  static let postgreSQL = Language(
    kind: PostgreSQL(), port: 5_432,
    request: { message("Q", "SELECT a FROM t\($0)\0") },
    response: { message("E", "SERROR\0C42P01\0MNo table t\($0)\0\0") + message("Z", "I") },
    numbers: byTable)

  /// What is asked for and what went wrong carry the number, not the id by which they are paired.
  static let kafka = Language(
    kind: Kafka(), port: 9_092,
    request: {
      let topic = "t\($0)"
      let count = KafkaTalks.words([UInt8(topic.utf8.count)])
      return KafkaTalks.request(3, 0, id: UInt32($0), "00000001 00\(count) '\(topic)'").bytes
    },
    response: {
      let code = KafkaTalks.words([UInt8($0 >> 8 & 0x7f), UInt8($0 & 0xff)])
      return KafkaTalks.response(
        id: UInt32($0), "00000000 00000001 \(code) 0001 'a' 00000000"
      ).bytes
    },
    numbers: {
      (
        number(behind: "t", $1.string($0.texts.requestResource)), $0.responseCode.map { Int($0) }
      )
    })

  /// A packet of MySQL's.
  static func packet(_ sequence: UInt8, _ body: [UInt8]) -> [UInt8] {
    [UInt8(body.count & 0xff), UInt8(body.count >> 8), 0, sequence] + body
  }

  /// A message of PostgreSQL's.
  static func message(_ type: Character, _ body: String) -> [UInt8] {
    let count = body.utf8.count + 4
    return Array(String(type).utf8) + [0, 0, UInt8(count >> 8), UInt8(count & 0xff)]
      + Array(body.utf8)
  }

  static let byTable: @Sendable (CallRecord, RecordBatch) -> (Int?, Int?) = {
    (
      number(behind: "SELECT t", $1.string($0.texts.endpoint)),
      number(behind: "table t", $1.string($0.texts.responseException))
    )
  }

  static func number(behind mark: String, _ text: String) -> Int? {
    guard let range = text.firstRange(of: mark) else { return nil }
    return Int(text[range.upperBound...])
  }
}

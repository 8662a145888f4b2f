// SPDX-License-Identifier: Apache-2.0

package import Protocols
import Telemetry

/// Two exchanges of a protocol, the first of them with one part of a chosen size.
package struct LargeTalks: Sendable, CustomStringConvertible {
  package var kind: any ProtocolKind
  package var port: UInt16
  /// What is large in it.
  package var part: String
  /// Calls that they are.
  package var calls = 3
  package var make: @Sendable (Int) -> [Talk]

  package var description: String { "\(kind.descriptor.name), \(part)" }

  /// Where some limit of ours lies, and its neighbours.
  package static let sizes = [1_024, 4_096, 8_192, 16_384, 32_768, 65_536].flatMap { limit in
    [-5, -2, -1, 0, 1, 2, 104].map { limit + $0 }
  }

  package static let all =
    redis + http + mySQL + postgreSQL + [dns] + kafka
    + stores
    + messaging
    + brokers
    + rpc
    + hosts
    + http2

  /// The same bytes in pieces of `count` at most.
  package static func cut(_ talks: [Talk], every count: Int) -> [Talk] {
    talks.flatMap { talk in
      stride(from: 0, to: talk.bytes.count, by: count).map {
        Talk(talk.side, bytes: Array(talk.bytes[$0..<min($0 + count, talk.bytes.count)]))
      }
    }
  }

  static func text(_ count: Int) -> String { String(repeating: "a", count: count) }

  // MARK: Redis

  private static let redis: [LargeTalks] = [
    redis("name") { [command(text($0)), Talk(.server, "-ERR unknown command\r\n")] },
    redis("key") { [command("GET", text($0)), Talk(.server, "$-1\r\n")] },
    redis("value") { [command("SET", "k", text($0)), Talk(.server, "+OK\r\n")] },
    redis("key behind a value") {
      [command("MSET", "k", text($0), "l", "v"), Talk(.server, "+OK\r\n")]
    },
    redis("inline key") { [Talk(.client, "GET \(text($0))\r\n"), Talk(.server, "$-1\r\n")] },
    redis("bulk reply") {
      [command("GET", "k"), Talk(.server, "$\($0)\r\n\(text($0))\r\n")]
    },
    redis("array reply") {
      let elements = Array(repeating: "$1\r\na\r\n", count: $0 / 7).joined()
      return [command("MGET", "k"), Talk(.server, "*\($0 / 7)\r\n\(elements)")]
    },
    redis("error") { [command("GET", "k"), Talk(.server, "-ERR \(text($0))\r\n")] },
  ]

  private static func redis(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    LargeTalks(kind: Redis(), port: 6_379, part: part) {
      [command("PING"), Talk(.server, "+PONG\r\n")] + exchange($0)
        + [command("PING"), Talk(.server, "+PONG\r\n")]
    }
  }

  private static func command(_ words: String...) -> Talk {
    Talk(
      .client,
      "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
  }

  // MARK: HTTP

  private static let http: [LargeTalks] = [
    http("path", request: { "GET /\(text($0)) HTTP/1.1\r\nHost: a\r\n\r\n" }),
    http("header", request: { "GET / HTTP/1.1\r\nHost: a\r\nX: \(text($0))\r\n\r\n" }),
    http(
      "headers",
      request: {
        "GET / HTTP/1.1\r\nHost: a\r\n"
          + Array(repeating: "X: aaaaaaaa\r\n", count: $0 / 13).joined() + "\r\n"
      }),
    http(
      "body", request: { "POST / HTTP/1.1\r\nContent-Length: \($0)\r\n\r\n\(text($0))" }),
    http(
      "chunk",
      request: {
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
          + String($0, radix: 16) + "\r\n\(text($0))\r\n0\r\n\r\n"
      }),
    http("reason", response: { "HTTP/1.1 200 \(text($0))\r\nContent-Length: 0\r\n\r\n" }),
    http(
      "answer's header",
      response: { "HTTP/1.1 200 OK\r\nX: \(text($0))\r\nContent-Length: 0\r\n\r\n" }),
    http(
      "answer's body", response: { "HTTP/1.1 200 OK\r\nContent-Length: \($0)\r\n\r\n\(text($0))" }),
  ]

  private static func http(
    _ part: String,
    request: @escaping @Sendable (Int) -> String = { _ in "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    response: @escaping @Sendable (Int) -> String = { _ in
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    }
  ) -> LargeTalks {
    LargeTalks(kind: HTTP1(), port: 80, part: part) {
      [
        Talk(.client, "GET /first HTTP/1.1\r\nHost: a\r\n\r\n"),
        Talk(.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        Talk(.client, request($0)), Talk(.server, response($0)),
        Talk(.client, "GET /last HTTP/1.1\r\nHost: a\r\n\r\n"),
        Talk(.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
      ]
    }
  }

  // MARK: HTTP/2

  private static let http2: [LargeTalks] = [
    http2("path") { [HTTP2Talks.request(3, "GET", "/\(text($0))"), HTTP2Talks.response(3)] },
    http2("header") {
      [HTTP2Talks.request(3, "GET", "/a", [("x", text($0))]), HTTP2Talks.response(3)]
    },
    http2("headers") {
      let fields = Array(repeating: ("x", "aaaaaaaa"), count: $0 / 12)
      return [HTTP2Talks.request(3, "GET", "/a", fields), HTTP2Talks.response(3)]
    },
    http2("body") {
      let body = [UInt8](repeating: 0x61, count: $0)
      return [
        HTTP2Talks.request(3, "POST", "/a", goesOn: true) + HTTP2Talks.data(3, body),
        HTTP2Talks.response(3),
      ]
    },
    http2("answer's body") {
      let body = [UInt8](repeating: 0x61, count: $0)
      return [
        HTTP2Talks.request(3), HTTP2Talks.response(3, goesOn: true) + HTTP2Talks.data(3, body),
      ]
    },
    http2("frame") {
      let body = [UInt8](repeating: 0x61, count: $0)
      return [
        HTTP2Talks.request(3),
        HTTP2Talks.response(3, goesOn: true) + HTTP2Talks.data(3, body, size: $0),
      ]
    },
    http2("answer's header") {
      [HTTP2Talks.request(3), HTTP2Talks.response(3, 200, [("x", text($0))])]
    },
    http2("frame of nobody's") {
      [
        HTTP2Talks.frame(0x77, [UInt8](repeating: 0, count: $0)) + HTTP2Talks.request(3),
        HTTP2Talks.response(3),
      ]
    },
  ]

  private static func http2(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [[UInt8]]
  ) -> LargeTalks {
    LargeTalks(kind: HTTP2(), port: 50_051, part: part) {
      let large = exchange($0)
      return [
        HTTP2Talks.opening, HTTP2Talks.welcome,
        Talk(.client, bytes: HTTP2Talks.request(1, "GET", "/first")),
        Talk(.server, bytes: HTTP2Talks.response(1)), Talk(.client, bytes: large[0]),
        Talk(.server, bytes: large[1]),
        Talk(.client, bytes: HTTP2Talks.request(5, "GET", "/last")),
        Talk(.server, bytes: HTTP2Talks.response(5)),
      ]
    }
  }

  // MARK: MySQL

  private static let mySQL: [LargeTalks] = [
    mySQL("statement", request: { "SELECT '\(text($0))' FROM t" }),
    mySQL("table", request: { "SELECT a FROM \(text($0))" }),
    mySQL("comment", request: { "/* \(text($0)) */ SELECT a FROM t" }),
    mySQL(
      "error", response: { [0xff, 0x7a, 0x04] + Array("#42S02\(text($0))".utf8) }),
  ]

  private static func mySQL(
    _ part: String, request: @escaping @Sendable (Int) -> String = { _ in "SELECT 1" },
    response: @escaping @Sendable (Int) -> [UInt8] = { _ in [0, 0, 0, 2, 0, 0, 0] }
  ) -> LargeTalks {
    LargeTalks(kind: MySQL(), port: 3_306, part: part) {
      [
        Talk(.client, bytes: packet(0, [3] + Array("DO 1".utf8))),
        Talk(.server, bytes: packet(1, [0, 0, 0, 2, 0, 0, 0])),
        Talk(.client, bytes: packet(0, [3] + Array(request($0).utf8))),
        Talk(.server, bytes: packet(1, response($0))),
        Talk(.client, bytes: packet(0, [3] + Array("DO 2".utf8))),
        Talk(.server, bytes: packet(1, [0, 0, 0, 2, 0, 0, 0])),
      ]
    }
  }

  private static func packet(_ sequence: UInt8, _ body: [UInt8]) -> [UInt8] {
    [0, 8, 16].map { UInt8(truncatingIfNeeded: body.count >> $0) } + [sequence] + body
  }

  // MARK: PostgreSQL

  private static let postgreSQL: [LargeTalks] = [
    postgreSQL("statement", request: { "SELECT '\(text($0))' FROM t" }),
    postgreSQL("table", request: { "SELECT a FROM \(text($0))" }),
    postgreSQL("comment", request: { "/* \(text($0)) */ SELECT a FROM t" }),
    postgreSQL("error", response: { message("E", "SERROR\0C42P01\0M\(text($0))\0\0") }),
    postgreSQL(
      "row",
      response: {
        message("T", "\0\0") + message("D", text($0)) + message("C", "SELECT 1\0")
      }),
  ]

  private static func postgreSQL(
    _ part: String, request: @escaping @Sendable (Int) -> String = { _ in "SELECT 1" },
    response: @escaping @Sendable (Int) -> [UInt8] = { _ in message("C", "SELECT 1\0") }
  ) -> LargeTalks {
    LargeTalks(kind: PostgreSQL(), port: 5_432, part: part) {
      [
        Talk(.client, bytes: message("Q", "SELECT 1\0")),
        Talk(.server, bytes: message("C", "SELECT 1\0") + message("Z", "I")),
        Talk(.client, bytes: message("Q", request($0) + "\0")),
        Talk(.server, bytes: response($0) + message("Z", "I")),
        Talk(.client, bytes: message("Q", "SELECT 2\0")),
        Talk(.server, bytes: message("C", "SELECT 1\0") + message("Z", "I")),
      ]
    }
  }

  private static func message(_ type: Character, _ body: String) -> [UInt8] {
    let count = UInt32(body.utf8.count + 4)
    return Array(String(type).utf8) + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
      + Array(body.utf8)
  }

  // MARK: DNS

  /// An answer of texts, over TCP; its length is a number of two bytes.
  private static let dns = LargeTalks(kind: DNS(), port: 53, part: "answer") {
    let records = min($0, 65_200) / 268
    let record: [UInt8] =
      [0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 1, 0, 255] + [UInt8](repeating: 0x61, count: 255)
    let texts = (0..<records).flatMap { _ in record }
    let address: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 9]
    return [
      question(1), answer(1, 1, address), question(2), answer(2, records, texts), question(3),
      answer(3, 1, address),
    ]
  }

  private static let name: [UInt8] = [1, 0x61, 0, 0, 1, 0, 1]

  private static func question(_ id: UInt8) -> Talk {
    framed(.client, [0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name)
  }

  private static func answer(_ id: UInt8, _ count: Int, _ records: [UInt8]) -> Talk {
    let count = [UInt8(count >> 8), UInt8(count & 0xff)]
    return framed(.server, [0, id, 0x81, 0x80, 0, 1] + count + [0, 0, 0, 0] + name + records)
  }

  private static func framed(_ side: Side, _ message: [UInt8]) -> Talk {
    Talk(side, bytes: [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message)
  }

  // MARK: Kafka

  private static let kafka: [LargeTalks] = [
    kafka("batch") { size in
      let records = KafkaTalks.batch(1, payload: [UInt8](repeating: 0x61, count: size))
      let set = KafkaTalks.words(KafkaTalks.number(UInt32(records.count)) + records)
      return [
        KafkaTalks.request(
          0, 3, "ffff 0001 00001388 00000001 0001 'a' 00000001 00000000 \(set)"),
        KafkaTalks.response("00000001 0001 'a' 00000001 00000000 0000 0000000000000000 00000000"),
      ]
    },
    kafka("fetched") { size in
      let records = KafkaTalks.batch(1, payload: [UInt8](repeating: 0x61, count: size))
      let set = KafkaTalks.words(KafkaTalks.number(UInt32(records.count)) + records)
      return [
        KafkaTalks.request(
          1, 0,
          "ffffffff 000001f4 00000001 00000001 0001 'a' 00000001 00000000 0000000000000000 00001000"
        ),
        KafkaTalks.response("00000001 0001 'a' 00000001 00000000 0000 0000000000000000 \(set)"),
      ]
    },
    kafka("brokers") { size in
      let brokers = Array(repeating: "00000001 0001 'b' 00002384", count: size / 11)
      let count = KafkaTalks.words(KafkaTalks.number(UInt32(brokers.count)))
      return [
        KafkaTalks.request(3, 0, "00000000"),
        KafkaTalks.response("\(count) \(brokers.joined(separator: " ")) 00000000"),
      ]
    },
  ]

  private static func kafka(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    let ping = [
      KafkaTalks.request(12, 0, id: 1, "0001 'g'"), KafkaTalks.response(id: 1, "0000"),
    ]
    return LargeTalks(kind: Kafka(), port: 9_092, part: part) { ping + exchange($0) + ping }
  }
}

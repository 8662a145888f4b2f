// SPDX-License-Identifier: Apache-2.0

import Protocols

/// What both sides of a connection say, first and again and again.
struct Exchange {
  var name: String
  var port: UInt16
  /// Of who begins on: logins, and what comes with them.
  var opening: [(from: Side, bytes: [UInt8])] = []
  var request: [UInt8]
  var response: [UInt8]

  /// What most services speak.
  static let mix = [http, redis, mySQL, postgreSQL]

  static let http = Exchange(
    name: "HTTP", port: 8_080,
    request: Array(
      """
      GET /api/v1/items/42?fields=name HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: wrk/4.2\r
      Accept: */*\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n
      """.utf8),
    response: Array(
      """
      HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r
      Content-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\nHello, world!
      """.utf8))

  static let redis = Exchange(
    name: "Redis", port: 6_379,
    request: Array("*2\r\n$3\r\nGET\r\n$12\r\nitem:42:name\r\n".utf8),
    response: Array("$13\r\nHello, world!\r\n".utf8))
}

/// MySQL, in packets: three bytes of length, a number, and what it says.
extension Exchange {
  static let mySQL = Exchange(
    name: "MySQL", port: 3_306,
    opening: [
      (.server, packet(0, greeting)), (.client, packet(1, login)),
      (.server, packet(2, [0, 0, 0, 2, 0, 0, 0])),
    ],
    request: packet(0, [3] + Array("SELECT name, price FROM items WHERE id = 42".utf8)),
    response: [
      packet(1, [2]), packet(2, columnOfMySQL("name", type: 253)),
      packet(3, columnOfMySQL("price", type: 3)), packet(4, endOfRows),
      packet(5, text("Hello, world!") + text("1299")), packet(6, endOfRows),
    ].flatMap { $0 })

  private static let endOfRows: [UInt8] = [0xfe, 0, 0, 2, 0]

  private static let greeting: [UInt8] = [
    [10], Array("8.0.36\u{0}".utf8), [7, 0, 0, 0], Array("saltsalt\u{0}".utf8),
    [0xff, 0xf7, 33, 2, 0, 0x0f, 0x80, 21], [UInt8](repeating: 0, count: 10),
    Array("saltsaltsalt\u{0}mysql_native_password\u{0}".utf8),
  ].flatMap { $0 }

  private static let login: [UInt8] = [
    [0x8d, 0xa2, 0x0a, 0, 0, 0, 0, 1, 33], [UInt8](repeating: 0, count: 23),
    Array("shop\u{0}".utf8), [20], [UInt8](repeating: 0x5a, count: 20),
    Array("shop\u{0}mysql_native_password\u{0}".utf8),
  ].flatMap { $0 }

  private static func packet(_ number: UInt8, _ body: [UInt8]) -> [UInt8] {
    [UInt8(body.count), 0, 0, number] + body
  }

  private static func text(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count)] + Array(text.utf8)
  }

  private static func columnOfMySQL(_ name: String, type: UInt8) -> [UInt8] {
    [
      text("def"), text("shop"), text("items"), text("items"), text(name), text(name),
      [12, 33, 0, 80, 0, 0, 0, type, 0, 0, 0, 0, 0],
    ].flatMap { $0 }
  }
}

/// PostgreSQL, in messages: a letter, four bytes of length, and what it says.
extension Exchange {
  static let postgreSQL = Exchange(
    name: "PostgreSQL", port: 5_432,
    opening: [
      (.client, startup),
      (.server, ready),
    ],
    request: message("Q", Array("SELECT name, price FROM items WHERE id = 42\u{0}".utf8)),
    response: [
      message("T", [0, 2] + column("name", type: 25) + column("price", type: 23)),
      message("D", [0, 2] + field("Hello, world!") + field("1299")),
      message("C", Array("SELECT 1\u{0}".utf8)), message("Z", [0x49]),
    ].flatMap { $0 })

  private static let ready: [UInt8] = [
    message("R", [0, 0, 0, 0]), message("K", [0, 0, 0, 7, 0, 0, 0, 9]), message("Z", [0x49]),
  ].flatMap { $0 }

  private static let startup: [UInt8] = {
    let body = [0, 3, 0, 0] + Array("user\u{0}shop\u{0}database\u{0}shop\u{0}\u{0}".utf8)
    return [0, 0, 0, UInt8(body.count + 4)] + body
  }()

  private static func message(_ letter: Unicode.Scalar, _ body: [UInt8]) -> [UInt8] {
    [UInt8(ascii: letter), 0, 0, 0, UInt8(body.count + 4)] + body
  }

  private static func field(_ text: String) -> [UInt8] {
    [0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8)
  }

  private static func column(_ name: String, type: UInt8) -> [UInt8] {
    Array(name.utf8) + [
      0, 0, 0, 0x40, 1, 0, 1, 0, 0, 0, type, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0,
    ]
  }
}

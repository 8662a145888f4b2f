// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Caches and document stores.
extension LargeTalks {
  static let stores = memcached + mongoDB + cassandra

  private static let memcached: [LargeTalks] = [
    memcached("value") { [Talk(.client, "set k 0 0 \($0)\r\n\(text($0))\r\n"), stored] },
    memcached("keys") {
      let keys = Array(repeating: " k", count: $0 / 2).joined()
      return [Talk(.client, "get\(keys)\r\n"), Talk(.server, "END\r\n")]
    },
    memcached("values") {
      [
        Talk(.client, "get a b\r\n"),
        Talk(
          .server, "VALUE a 0 \($0)\r\n\(text($0))\r\nVALUE b 0 \($0)\r\n\(text($0))\r\nEND\r\n"),
      ]
    },
    memcached("error") {
      [Talk(.client, "get a\r\n"), Talk(.server, "SERVER_ERROR \(text($0))\r\n")]
    },
  ]

  private static let stored = Talk(.server, "STORED\r\n")

  private static func memcached(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    LargeTalks(kind: Memcached(), port: 11_211, part: part) {
      [Talk(.client, "touch a 1\r\n"), Talk(.server, "TOUCHED\r\n")] + exchange($0)
        + [Talk(.client, "touch b 1\r\n"), Talk(.server, "TOUCHED\r\n")]
    }
  }

  // MARK: MongoDB

  private static let mongoDB: [LargeTalks] = [
    mongoDB("value") { size in
      [
        MongoDBTalks.message(
          .client, id: 5,
          [("insert", .text("c")), ("a", .text(text(size))), ("$db", .text("d"))]),
        MongoDBTalks.message(.server, id: 9, to: 5, [("n", .int(1)), ("ok", .int(1))]),
      ]
    },
    mongoDB("rows") { size in
      let batch = MongoDBTalks.Value.array(Array(repeating: .text(text(90)), count: size / 100))
      return [
        MongoDBTalks.message(.client, id: 5, [("find", .text("c")), ("$db", .text("d"))]),
        MongoDBTalks.message(
          .server, id: 9, to: 5,
          [("cursor", .document([("firstBatch", batch)])), ("ok", .int(1))]),
      ]
    },
    mongoDB("collection") { size in
      [
        MongoDBTalks.message(.client, id: 5, [("find", .text(text(size))), ("$db", .text("d"))]),
        MongoDBTalks.message(.server, id: 9, to: 5, [("ok", .int(0)), ("code", .int(73))]),
      ]
    },
  ]

  private static func mongoDB(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    let ping = [
      MongoDBTalks.message(.client, id: 1, [("ping", .int(1)), ("$db", .text("d"))]),
      MongoDBTalks.message(.server, id: 2, to: 1, [("ok", .int(1))]),
    ]
    return LargeTalks(kind: MongoDB(), port: 27_017, part: part) { ping + exchange($0) + ping }
  }

  // MARK: Cassandra

  private static let cassandra: [LargeTalks] = [
    cassandra("statement") {
      [CassandraTalks.statement(7, "SELECT '\(text($0))' FROM t"), CassandraTalks.result(1)]
    },
    cassandra("rows") {
      [
        CassandraTalks.statement(7, "SELECT a FROM t"),
        CassandraTalks.result(2, [UInt8](repeating: 0x61, count: $0)),
      ]
    },
    cassandra("error") {
      [
        CassandraTalks.statement(7, "SELECT a FROM t"),
        CassandraTalks.error(0x2200, text(min($0, 65_500))),
      ]
    },
  ]

  private static func cassandra(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    let ask = [CassandraTalks.frame(.client, 5), CassandraTalks.frame(.server, 6, [0, 0])]
    return LargeTalks(kind: Cassandra(), port: 9_042, part: part) { ask + exchange($0) + ask }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

/// Caches and document stores.
extension Language {
  static let stores = [memcached, mongoDB, cassandra]

  static let memcached = Language(
    kind: Memcached(), port: 11_211, request: { Array("get k/\($0)\r\n".utf8) },
    response: { Array("CLIENT_ERROR k/\($0)\r\n".utf8) },
    numbers: {
      (
        number(behind: "k/", $1.string($0.texts.requestResource)),
        number(behind: "k/", $1.string($0.texts.responseException))
      )
    })

  static let mongoDB = Language(
    kind: MongoDB(), port: 27_017,
    request: {
      let id = UInt32($0)
      let find: MongoDBTalks.Value = .text("t\($0)")
      return MongoDBTalks.message(.client, id: id, [("find", find), ("$db", .text("d"))]).bytes
    },
    response: {
      let error: MongoDBTalks.Value = .text("no t\($0)")
      return MongoDBTalks.message(
        .server, id: 9, to: UInt32($0), [("ok", .int(0)), ("errmsg", error)]
      ).bytes
    },
    numbers: {
      (
        number(behind: "d.t", $1.string($0.texts.requestResource)),
        number(behind: "no t", $1.string($0.texts.responseException))
      )
    })

  private static let cassandra = Language(
    kind: Cassandra(), port: 9_042,
    request: { CassandraTalks.statement(7, stream: UInt16($0), "SELECT a FROM t\($0)").bytes },
    response: { CassandraTalks.error(stream: UInt16($0), 0x2200, "No table t\($0)").bytes },
    numbers: byTable)
}

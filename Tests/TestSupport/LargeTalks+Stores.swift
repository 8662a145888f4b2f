// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Caches and document stores.
extension LargeTalks {
  static let stores = memcached

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
}

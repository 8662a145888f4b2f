// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Messages of ZooKeeper.
package enum ZooKeeperTalks {
  package static func request(_ id: UInt32, _ operation: UInt32, _ body: [UInt8] = []) -> Talk {
    KafkaTalks.framed(.client, KafkaTalks.number(id) + KafkaTalks.number(operation) + body)
  }

  package static func answer(_ id: UInt32, error: Int32 = 0, _ body: [UInt8] = []) -> Talk {
    KafkaTalks.framed(
      .server,
      KafkaTalks.number(id) + [0, 0, 0, 0, 0, 0, 0, 9]
        + KafkaTalks.number(UInt32(bitPattern: error))
        + body)
  }

  package static func text(_ text: String) -> [UInt8] {
    KafkaTalks.number(UInt32(text.utf8.count)) + Array(text.utf8)
  }

  /// Asks for what a node holds, without a watch.
  package static func get(_ id: UInt32, _ path: String) -> Talk {
    request(id, 4, text(path) + [0])
  }

  package static let connect = KafkaTalks.framed(
    .client,
    [UInt8](repeating: 0, count: 12) + [0, 0, 0x75, 0x30] + [UInt8](repeating: 0, count: 8)
      + [0, 0, 0, 16] + [UInt8](repeating: 7, count: 16) + [0])

  package static func connected(timeout: UInt8 = 0x75) -> Talk {
    KafkaTalks.framed(
      .server,
      [0, 0, 0, 0, 0, 0, timeout, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 16]
        + [UInt8](repeating: 7, count: 16) + [0])
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Frames of Cassandra's native protocol.
package enum CassandraTalks {
  package static func frame(
    _ side: Side, _ operation: UInt8, stream: UInt16 = 1, version: UInt8 = 4, flags: UInt8 = 0,
    _ body: [UInt8] = []
  ) -> Talk {
    let first = side == .client ? version : version | 0x80
    return Talk(
      side,
      bytes: [first, flags] + number(UInt32(stream), 2) + [operation]
        + number(UInt32(body.count), 4) + body)
  }

  /// QUERY, or PREPARE; with a consistency and no values.
  package static func statement(
    _ operation: UInt8, stream: UInt16 = 1, version: UInt8 = 4, _ text: String
  ) -> Talk {
    frame(
      .client, operation, stream: stream, version: version,
      longText(text) + (operation == 7 ? [0, 1, 0] : []))
  }

  package static func error(stream: UInt16 = 1, _ code: UInt32, _ text: String) -> Talk {
    frame(
      .server, 0, stream: stream,
      number(code, 4) + number(UInt32(text.utf8.count), 2) + Array(text.utf8))
  }

  package static func result(stream: UInt16 = 1, _ kind: UInt32, _ rest: [UInt8] = []) -> Talk {
    frame(.server, 8, stream: stream, number(kind, 4) + rest)
  }

  package static func longText(_ text: String) -> [UInt8] {
    number(UInt32(text.utf8.count), 4) + Array(text.utf8)
  }

  package static func number(_ value: UInt32, _ size: Int) -> [UInt8] {
    (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// Bytes of frames in one segment of version 5, or one that a frame only begins in.
  package static func segment(_ side: Side, _ frames: [UInt8], isWhole: Bool = true) -> Talk {
    let count = UInt32(frames.count) | (isWhole ? 1 << 17 : 0)
    let head = [0, 8, 16].map { UInt8(truncatingIfNeeded: count >> $0) } + [9, 9, 9]
    return Talk(side, bytes: head + frames + [9, 9, 9, 9])
  }
}

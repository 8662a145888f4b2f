// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Commands of Pulsar, put together from their fields.
package enum PulsarTalks {
  package static func varint(_ value: UInt64) -> [UInt8] {
    var (bytes, rest): ([UInt8], UInt64) = ([], value)
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  package static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] {
    varint(number << 3) + varint(value)
  }

  package static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  package static func field(_ number: UInt64, _ text: String) -> [UInt8] {
    field(number, Array(text.utf8))
  }

  package static func command(
    _ side: Side, _ kind: UInt8, _ fields: [UInt8], rest: [UInt8] = []
  ) -> Talk {
    let command = [8, kind] + field(UInt64(kind), fields)
    return KafkaTalks.framed(
      side, KafkaTalks.number(UInt32(command.count)) + command + rest)
  }

  /// What stands behind a command that has a message: properties of it, and what it says.
  package static func message(_ metadata: [UInt8], _ body: String) -> [UInt8] {
    [0x0e, 1, 9, 9, 9, 9] + KafkaTalks.number(UInt32(metadata.count)) + metadata + Array(body.utf8)
  }

  package static func property(_ name: String, _ value: String) -> [UInt8] {
    field(4, field(1, name) + field(2, value))
  }

  package static func lookup(_ id: UInt64, _ topic: String) -> Talk {
    command(.client, 23, field(1, topic) + field(2, id))
  }

  /// An answer to whatever was asked: 0 is the kind of error that nobody knows.
  package static func error(_ id: UInt64, _ code: UInt64, _ text: String = "no") -> Talk {
    command(.server, 14, field(1, id) + field(2, code) + field(3, text))
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Packets of MQTT.
package enum MQTTTalks {
  /// A packet: the byte of its type and flags, and what is behind the header.
  package static func packet(_ side: Side, _ head: UInt8, _ body: [UInt8]) -> Talk {
    Talk(side, bytes: [head] + length(body.count) + body)
  }

  private static func length(_ count: Int) -> [UInt8] {
    var rest = count
    var bytes: [UInt8] = []
    repeat {
      bytes.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }

  package static func text(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xff)] + Array(text.utf8)
  }

  /// `rest` stands behind the client's id.
  package static func connect(
    level: UInt8 = 4, client: String = "c1", flags: UInt8 = 2, _ rest: [UInt8] = []
  ) -> Talk {
    let name = level == 3 ? "MQIsdp" : "MQTT"
    return packet(
      .client, 0x10,
      text(name) + [level, flags, 0, 60] + (level == 5 ? [0] : []) + text(client) + rest)
  }

  package static func publish(
    _ side: Side, _ topic: String, qos: UInt8 = 0, id: UInt16 = 0, properties: [UInt8]? = nil,
    payload: String = "hello"
  ) -> Talk {
    let identifier = qos > 0 ? [UInt8(id >> 8), UInt8(id & 0xff)] : []
    let options = properties.map { [UInt8($0.count)] + $0 } ?? []
    return packet(
      side, 0x30 | qos << 1, text(topic) + identifier + options + Array(payload.utf8))
  }

  /// A packet that begins with an id.
  package static func identified(
    _ side: Side, _ head: UInt8, id: UInt16, _ rest: [UInt8] = []
  ) -> Talk {
    packet(side, head, [UInt8(id >> 8), UInt8(id & 0xff)] + rest)
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Messages of Kafka, put together from their fields as the protocol's documentation has them.
package enum KafkaTalks {
  /// A request: its kind, version and id, who asks (nil for nobody), the tagged fields of its head
  /// when its version is a flexible one, and its body as for ``bytes(_:)``.
  package static func request(
    _ key: UInt8, _ version: UInt8, id: UInt32 = 7, client: String? = "app",
    isFlexible: Bool = false, _ body: String
  ) -> Talk {
    var message: [UInt8] = [0, key, 0, version] + number(id)
    if let client {
      message += [0, UInt8(client.utf8.count)] + Array(client.utf8)
    } else {
      message += [0xff, 0xff]
    }
    if isFlexible { message.append(0) }
    return framed(.client, message + bytes(body))
  }

  package static func response(
    id: UInt32 = 7, isFlexible: Bool = false, _ body: String
  ) -> Talk {
    framed(.server, number(id) + (isFlexible ? [0] : []) + bytes(body))
  }

  package static func framed(_ side: Side, _ message: [UInt8]) -> Talk {
    Talk(side, bytes: number(UInt32(message.count)) + message)
  }

  /// Words of hexadecimal digits, one or more bytes each, and texts in `'`; `,` is decoration.
  package static func bytes(_ text: String) -> [UInt8] {
    text.split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == "," }).flatMap { word in
      word.hasPrefix("'") ? Array(word.dropFirst().dropLast().utf8) : hex(word)
    }
  }

  private static func hex(_ word: Substring) -> [UInt8] {
    Talk(.client, hex: String(word)).bytes
  }

  package static func number(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// A batch of the second format, of which the records themselves are only claimed: `payload` stands
  /// where they would.
  package static func batch(
    _ records: UInt32, attributes: UInt8 = 0, payload: [UInt8] = [1, 2, 3]
  ) -> [UInt8] {
    let base = [UInt8](repeating: 0, count: 8)
    let head: [UInt8] =
      [0, 0, 0, 0, 2, 9, 9, 9, 9, 0, attributes] + [UInt8](repeating: 0, count: 34)
    let body = head + number(records) + payload
    return base + number(UInt32(body.count)) + body
  }

  /// A message of the formats before.
  package static func message(magic: UInt8, attributes: UInt8 = 0) -> [UInt8] {
    let time = [UInt8](repeating: 0, count: magic == 1 ? 8 : 0)
    let body = [9, 9, 9, 9, magic, attributes] + time + [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0x61]
    return [UInt8](repeating: 0, count: 8) + number(UInt32(body.count)) + body
  }

  /// What ``bytes(_:)`` reads as these.
  package static func words(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}

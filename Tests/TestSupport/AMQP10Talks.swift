// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Frames of AMQP 1.0.
package enum AMQP10Talks {
  package static let null: [UInt8] = [0x40]

  package static func text(_ text: String) -> [UInt8] {
    variable(0xa1, Array(text.utf8))
  }

  package static func symbol(_ text: String) -> [UInt8] { variable(0xa3, Array(text.utf8)) }

  package static func variable(_ form: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    bytes.count < 256
      ? [form, UInt8(bytes.count)] + bytes
      : [form + 0x10] + KafkaTalks.number(UInt32(bytes.count)) + bytes
  }

  package static func number(_ value: UInt32) -> [UInt8] { [0x70] + KafkaTalks.number(value) }

  package static func list(_ code: UInt8, _ fields: [[UInt8]]) -> [UInt8] {
    let body = fields.flatMap { $0 }
    return [0, 0x53, code, 0xd0] + KafkaTalks.number(UInt32(body.count + 4))
      + KafkaTalks.number(UInt32(fields.count)) + body
  }

  package static func map(_ code: UInt8, _ entries: [(String, String)]) -> [UInt8] {
    let body = entries.flatMap { text($0.0) + text($0.1) }
    return [0, 0x53, code, 0xd1] + KafkaTalks.number(UInt32(body.count + 4))
      + KafkaTalks.number(UInt32(entries.count * 2)) + body
  }

  package static func frame(
    _ side: Side, _ code: UInt8, _ fields: [[UInt8]], channel: UInt8 = 0, rest: [UInt8] = []
  ) -> Talk {
    let body = list(code, fields) + rest
    return Talk(
      side,
      bytes: KafkaTalks.number(UInt32(body.count + 8)) + [2, code >= 0x40 ? 1 : 0, 0, channel]
        + body)
  }

  package static func header(_ side: Side, layer: UInt8 = 0) -> Talk {
    Talk(side, bytes: Array("AMQP".utf8) + [layer, 1, 0, 0])
  }

  /// A link that the side sends over, or receives.
  package static func attach(
    _ side: Side, _ name: String, handle: UInt8 = 0, isReceiver: Bool = false, _ address: String
  ) -> Talk {
    let role: [UInt8] = [isReceiver ? 0x41 : 0x42]
    let place = list(isReceiver ? 0x28 : 0x29, [text(address)])
    return frame(
      side, 0x12,
      [text(name), [0x52, handle], role, [0x50, 2], [0x50, 0]]
        + (isReceiver ? [place, list(0x29, [])] : [list(0x28, []), place]))
  }

  package static func transfer(
    _ side: Side, id: UInt32, handle: UInt8 = 0, isSettled: Bool = false, goesOn: Bool = false,
    sections: [UInt8] = [], _ body: String
  ) -> Talk {
    frame(
      side, 0x14,
      [
        [0x52, handle], number(id), variable(0xa0, [1]), [0x43], [isSettled ? 0x41 : 0x42],
        [goesOn ? 0x41 : 0x42],
      ], rest: sections + [0, 0x53, 0x75] + variable(0xa0, Array(body.utf8)))
  }

  package static func outcome(
    _ side: Side, _ first: UInt32, _ last: UInt32? = nil, state: [UInt8] = list(0x24, [])
  ) -> Talk {
    frame(
      side, 0x15, [[0x41], number(first), last.map { number($0) } ?? null, [0x41], state])
  }
}

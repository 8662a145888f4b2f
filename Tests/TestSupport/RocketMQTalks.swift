// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Commands of RocketMQ.
package enum RocketMQTalks {
  /// A header in JSON, as clients write it: the fields of the command's own stand before the others.
  package static func json(
    _ side: Side, code: Int, opaque: Int, flag: Int = 0, fields: String = "", remark: String? = nil,
    body: [UInt8] = []
  ) -> Talk {
    let told = remark.map { ",\"remark\":\"\($0)\"" } ?? ""
    let header =
      "{\"code\":\(code),\"extFields\":{\(fields)},\"flag\":\(flag),\"language\":\"JAVA\","
      + "\"opaque\":\(opaque)\(told),\"serializeTypeCurrentRPC\":\"JSON\",\"version\":399}"
    return framed(side, 0, Array(header.utf8), body)
  }

  /// The same in binary.
  package static func binary(
    _ side: Side, code: Int, opaque: Int, flag: Int = 0, fields: [(String, String)] = [],
    remark: String = "", body: [UInt8] = []
  ) -> Talk {
    let list = fields.flatMap { name, value -> [UInt8] in
      number(name.utf8.count, 2) + Array(name.utf8) + number(value.utf8.count, 4)
        + Array(value.utf8)
    }
    let front = number(code, 2) + [0] + number(399, 2) + number(opaque, 4) + number(flag, 4)
    let text = number(remark.utf8.count, 4) + Array(remark.utf8)
    return framed(side, 1, front + text + number(list.count, 4) + list, body)
  }

  private static func framed(
    _ side: Side, _ form: UInt8, _ header: [UInt8], _ body: [UInt8]
  ) -> Talk {
    Talk(
      side,
      bytes: number(4 + header.count + body.count, 4) + [form] + number(header.count, 3) + header
        + body)
  }

  package static func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// A message as a broker stores it.
  package static func stored(topic: String, properties: String, body: String) -> [UInt8] {
    let head = number(0, 4) + number(0xdaa3_20a7, 4) + [UInt8](repeating: 0, count: 76)
    return head + number(body.utf8.count, 4) + Array(body.utf8) + [UInt8(topic.utf8.count)]
      + Array(topic.utf8) + number(properties.utf8.count, 2) + Array(properties.utf8)
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Messages of MongoDB, put together from documents.
package enum MongoDBTalks {
  package indirect enum Value: Sendable {
    case text(String)
    case number(Double)
    case int(Int32)
    case long(Int64)
    case truth(Bool)
    case document([(String, Value)])
    case array([Value])
    case binary([UInt8])
    case null
  }

  package static func document(_ elements: [(String, Value)]) -> [UInt8] {
    let body = elements.flatMap { name, value -> [UInt8] in
      [kind(of: value)] + Array(name.utf8) + [0] + bytes(of: value)
    }
    return number(UInt32(body.count + 5)) + body + [0]
  }

  private static func kind(of value: Value) -> UInt8 {
    switch value {
    case .number: 0x01
    case .text: 0x02
    case .document: 0x03
    case .array: 0x04
    case .binary: 0x05
    case .truth: 0x08
    case .null: 0x0a
    case .int: 0x10
    case .long: 0x12
    }
  }

  private static func bytes(of value: Value) -> [UInt8] {
    switch value {
    case .number(let value): (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
    case .text(let text): number(UInt32(text.utf8.count + 1)) + Array(text.utf8) + [0]
    case .document(let elements): document(elements)
    case .array(let values): document(values.enumerated().map { ("\($0.offset)", $0.element) })
    case .binary(let bytes): number(UInt32(bytes.count)) + [0] + bytes
    case .truth(let isTrue): [isTrue ? 1 : 0]
    case .null: []
    case .int(let value): number(UInt32(bitPattern: value))
    case .long(let value): (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
  }

  package static func number(_ value: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// Any message: `body` stands behind the header.
  package static func framed(
    _ side: Side, _ operation: UInt32, id: UInt32, to: UInt32 = 0, _ body: [UInt8]
  ) -> Talk {
    Talk(
      side,
      bytes: number(UInt32(body.count + 16)) + number(id) + number(to) + number(operation) + body)
  }

  /// OP_MSG with a document, and behind it a sequence of documents where there are any.
  package static func message(
    _ side: Side, id: UInt32, to: UInt32 = 0, flags: UInt32 = 0, _ elements: [(String, Value)],
    sequence: (name: String, documents: [[(String, Value)]])? = nil
  ) -> Talk {
    framed(
      side, 2013, id: id, to: to, messageBody(flags: flags, elements, sequence: sequence))
  }

  package static func messageBody(
    flags: UInt32 = 0, _ elements: [(String, Value)],
    sequence: (name: String, documents: [[(String, Value)]])? = nil
  ) -> [UInt8] {
    var body = number(flags) + [0] + document(elements)
    if let sequence {
      let content = Array(sequence.name.utf8) + [0] + sequence.documents.flatMap { document($0) }
      body += [1] + number(UInt32(content.count + 4)) + content
    }
    return body + (flags & 1 == 1 ? [1, 2, 3, 4] : [])
  }

  /// OP_QUERY.
  package static func query(_ name: String, id: UInt32, _ elements: [(String, Value)]) -> Talk {
    framed(
      .client, 2004, id: id,
      number(0) + Array(name.utf8) + [0] + number(0) + number(1) + document(elements))
  }

  /// OP_REPLY.
  package static func reply(
    id: UInt32, to: UInt32, flags: UInt32 = 8, _ documents: [[(String, Value)]]
  ) -> Talk {
    framed(
      .server, 1, id: id, to: to,
      number(flags) + [UInt8](repeating: 0, count: 12) + number(UInt32(documents.count))
        + documents.flatMap { document($0) })
  }
}

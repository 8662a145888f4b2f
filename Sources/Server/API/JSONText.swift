// SPDX-License-Identifier: Apache-2.0

package import Storage

/// Writes JSON (RFC 8259) as bytes, without a tree in between.
///
/// Integers are written exactly, also those beyond 2^53; what JSON cannot say (NaN, infinity) is null.
package struct JSONText: Sendable {
  package private(set) var bytes: [UInt8] = []
  /// Whether a member stands before the place of the next one in its object.
  private var followsMember = false

  package init() {}

  /// Text that is JSON already.
  package mutating func raw(_ literal: StaticString) {
    literal.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
  }

  package mutating func integer(_ value: some BinaryInteger) {
    bytes.append(contentsOf: String(value).utf8)
  }

  package mutating func bool(_ value: Bool) {
    raw(value ? "true" : "false")
  }

  package mutating func string(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): raw("\\\"")
      case UInt8(ascii: "\\"): raw("\\\\")
      case 0x0a: raw("\\n")
      case 0x0d: raw("\\r")
      case 0x09: raw("\\t")
      case 0..<0x20:
        raw("\\u00")
        bytes.append(Self.hexDigit(byte >> 4))
        bytes.append(Self.hexDigit(byte & 15))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  package mutating func value(_ value: Value) {
    switch value {
    case .null: raw("null")
    case .int(let number): integer(number)
    case .uint(let number): integer(number)
    case .double(let number):
      if number.isFinite { bytes.append(contentsOf: "\(number)".utf8) } else { raw("null") }
    case .string(let text): string(text)
    case .array(let values): array(values) { $0.value($1) }
    }
  }

  /// One value of a column.
  package mutating func value(_ values: ResultValues, _ row: Int) {
    if values.isNull(row) { return raw("null") }
    switch values.kind {
    case .uint(let numbers): integer(numbers[row])
    case .int(let numbers): integer(numbers[row])
    case .double(let numbers): value(.double(numbers[row]))
    case .text(let texts): text(texts.bytes, texts.range(row))
    case .any(let values): value(values[row])
    }
  }

  /// Bytes as a string, repaired where they are not UTF-8.
  private mutating func text(_ source: [UInt8], _ range: Range<Int>) {
    let isPlain = range.allSatisfy { index in
      source[index] &- 0x20 < 0x60 && source[index] != 0x22 && source[index] != 0x5c
    }
    guard isPlain else { return string(String(decoding: source[range], as: UTF8.self)) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: source[range])
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes `[`, the elements with commas between them, and `]`.
  package mutating func array<Element>(
    _ elements: some Sequence<Element>, _ write: (inout JSONText, Element) -> Void
  ) {
    raw("[")
    var isFirst = true
    for element in elements {
      if !isFirst { raw(",") }
      isFirst = false
      write(&self, element)
    }
    raw("]")
  }

  /// Writes `{`, the members that `write` adds, and `}`.
  package mutating func object(_ write: (inout JSONText) -> Void) {
    let outer = followsMember
    raw("{")
    followsMember = false
    write(&self)
    raw("}")
    followsMember = outer
  }

  /// Writes a member of the object that is open; `name` needs no escapes.
  package mutating func member(_ name: StaticString, _ write: (inout JSONText) -> Void) {
    raw(followsMember ? ",\"" : "\"")
    raw(name)
    raw("\":")
    write(&self)
    followsMember = true
  }

  /// Likewise, of an object whose names are data.
  package mutating func entry(_ name: String, _ write: (inout JSONText) -> Void) {
    if followsMember { raw(",") }
    string(name)
    raw(":")
    write(&self)
    followsMember = true
  }

  /// The document and a line's end.
  package var line: [UInt8] { bytes + [0x0a] }

  package mutating func member(_ name: StaticString, _ text: String) {
    member(name) { $0.string(text) }
  }

  /// - Parameter number: Nil is written as null.
  package mutating func member(_ name: StaticString, _ number: (some BinaryInteger)?) {
    member(name) { json in if let number { json.integer(number) } else { json.raw("null") } }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

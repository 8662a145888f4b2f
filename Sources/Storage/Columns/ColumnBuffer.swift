// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The values of one column of a block, gathered in the shape in which the engine's Native format
/// wants them, so that encoding is copying.
struct ColumnBuffer: Sendable {
  enum Form: Sendable {
    /// Integers, times, addresses: `width` bytes each.
    case fixed
    /// Bytes behind a LEB128 length.
    case text
    /// Numbers into a dictionary, four bytes each until they are encoded.
    case dictionary
  }

  let form: Form
  /// Bytes of one value; 0 for texts.
  let width: Int
  let isNullable: Bool
  let isArray: Bool
  /// Values, elements of arrays among them.
  var count = 0
  var data = LittleEndianWriter()
  /// A byte a value: 1 for null.
  var nulls = LittleEndianWriter()
  /// For each row of an array column, the number of elements up to and with it.
  var ends = LittleEndianWriter()
  var dictionary: TextDictionary

  /// `type` may be an array of a nullable, but not the reverse, and only plain types are nullable.
  init(_ type: ColumnType) {
    var inner = type
    var isArray = false
    var isNullable = false
    if case .array(let element) = inner {
      isArray = true
      inner = element
    }
    if case .nullable(let value) = inner {
      isNullable = true
      inner = value
    }
    self.isArray = isArray
    self.isNullable = isNullable
    (form, width) = Self.shape(of: inner)
    precondition(
      !(isNullable && form == .dictionary), "a nullable dictionary column is not supported")
    dictionary = TextDictionary()
  }

  private static func shape(of type: ColumnType) -> (Form, Int) {
    switch type {
    case .uint8: (.fixed, 1)
    case .uint16: (.fixed, 2)
    case .uint32, .int32, .dateTime: (.fixed, 4)
    case .uint64, .int64, .float64, .dateTimeMicroseconds: (.fixed, 8)
    case .ipv6: (.fixed, 16)
    case .string: (.text, 0)
    case .lowCardinalityString: (.dictionary, 4)
    case .nullable, .array:
      preconditionFailure("arrays and nullables nest no further than an array of nullables")
    }
  }

  var rows: Int { isArray ? ends.count / 8 : count }

  mutating func removeAll() {
    count = 0
    data.removeAll()
    nulls.removeAll()
    ends.removeAll()
    if form == .dictionary { dictionary.removeAll() }
  }

  mutating func append(_ value: UInt8) {
    expect(MemoryLayout<UInt8>.size)
    data.append(value)
  }

  mutating func append(_ value: UInt16) {
    expect(MemoryLayout<UInt16>.size)
    data.append(value)
  }

  mutating func append(_ value: UInt32) {
    expect(MemoryLayout<UInt32>.size)
    data.append(value)
  }

  mutating func append(_ value: UInt64) {
    expect(MemoryLayout<UInt64>.size)
    data.append(value)
  }

  mutating func append(_ value: UInt128) {
    expect(MemoryLayout<UInt128>.size)
    data.append(value)
  }

  /// Counts a value of `size` bytes that is about to be appended.
  @inline(__always)
  private mutating func expect(_ size: Int) {
    precondition(form == .fixed && width == size, "the column has another width")
    if isNullable { nulls.append(0 as UInt8) }
    count &+= 1
  }

  mutating func append(_ text: Span<UInt8>) {
    switch form {
    case .dictionary:
      data.append(dictionary.number(of: text))
    case .text:
      data.appendVarint(UInt64(text.count))
      data.append(text)
    case .fixed:
      preconditionFailure("the column holds no text")
    }
    if isNullable { nulls.append(0 as UInt8) }
    count &+= 1
  }

  /// Appends zero, the empty text or the empty array; null to a nullable column.
  mutating func appendEmpty() {
    if isArray { return endRow() }
    switch form {
    case .fixed: for _ in 0..<width { data.append(0 as UInt8) }
    case .text: data.append(0 as UInt8)
    case .dictionary: data.append(0 as UInt32)
    }
    if isNullable { nulls.append(1 as UInt8) }
    count &+= 1
  }

  /// Makes the elements appended since the last row an array.
  mutating func endRow() {
    precondition(isArray, "only an array column gathers elements into rows")
    ends.append(UInt64(count))
  }

  /// Writes the column's data as the Native format has it behind a column's name and type.
  func encode(into output: inout LittleEndianWriter) {
    // A dictionary column begins with its serialization version, before the ends of its arrays.
    if form == .dictionary { output.append(1 as UInt64) }
    if isArray { output.append(ends) }
    if isNullable { output.append(nulls) }
    guard form == .dictionary else { return output.append(data) }
    // The engine reads no dictionary when there is nothing to look up in it.
    guard count > 0 else { return }
    let indexType: UInt64 =
      dictionary.count <= 1 << 8 ? 0 : dictionary.count <= 1 << 16 ? 1 : 2
    // 0x200: keys follow; 0x400: they replace those of an earlier block.
    output.append(indexType | 0x600)
    output.append(UInt64(dictionary.count))
    output.append(dictionary.keys)
    output.append(UInt64(count))
    // Little-endian: the low bytes come first, and the high ones are zero.
    output.append(lowBytes: 1 << Int(indexType), ofWordsIn: data)
  }
}

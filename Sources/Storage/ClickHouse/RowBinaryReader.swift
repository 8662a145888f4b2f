// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Reads an answer in ClickHouse's `RowBinaryWithNamesAndTypes`
/// (https://clickhouse.com/docs/interfaces/formats/RowBinaryWithNamesAndTypes): a count of columns,
/// their names, their types, and then the values row by row.
struct RowBinaryReader {
  private let bytes: [UInt8]
  private var offset = 0

  /// - Parameter share: What the values' memory is taken from, besides that of `bytes`.
  /// - Throws: ``StorageError/unreadableAnswer(_:)`` when the answer breaks off or has values of
  ///   a type that is not supported, and what ``AnswerShare/take(_:)`` throws.
  static func table(
    _ bytes: [UInt8], share: AnswerShare? = nil
  ) throws(StorageError) -> ResultTable {
    // A statement without a result has an empty answer.
    guard !bytes.isEmpty else { return ResultTable(columns: [], rows: []) }
    var reader = RowBinaryReader(bytes: bytes)
    let count = try reader.length()
    var columns: [ResultColumn] = []
    for _ in 0..<count { columns.append(ResultColumn(name: try reader.string(), type: "")) }
    var types: [EngineType] = []
    for index in 0..<count {
      columns[index].type = try reader.string()
      types.append(try EngineType(columns[index].type))
    }
    var rows: [[Value]] = []
    while reader.offset < bytes.count {
      // A byte of the answer can be a value, which is larger: ahead for some rows at once.
      if rows.count.isMultiple(of: 1_024) {
        try share?.take(1_024 * (count + 1) * MemoryLayout<Value>.stride)
      }
      var row: [Value] = []
      row.reserveCapacity(count)
      for type in types { row.append(try reader.value(type)) }
      rows.append(row)
    }
    return ResultTable(columns: columns, rows: rows)
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private mutating func value(_ type: EngineType) throws(StorageError) -> Value {
    switch type {
    case .unsigned(let size):
      size == 16 ? .string("\(try integer(UInt128.self))") : .uint(try unsigned(size))
    case .signed(let size):
      size == 16 ? .string("\(try integer(Int128.self))") : .int(try signed(size))
    case .float32: .double(Double(Float(bitPattern: try integer())))
    case .float64: .double(Double(bitPattern: try integer()))
    case .string: .string(try string())
    case .fixedString(let size): .string(String(decoding: try take(size), as: UTF8.self))
    case .date: .string(civilDate(days: Int64(try integer(UInt16.self))))
    case .date32: .string(civilDate(days: Int64(try integer(Int32.self))))
    case .ipv4: .string(IPAddress(v4: try integer()).description)
    case .ipv6: .string(try address().description)
    case .uuid: .string(try uuid())
    case .enumeration(let size, let names):
      .string(names[Int(try signed(size))] ?? "")
    case .nothing: .null
    case .nullable(let inner): try integer(UInt8.self) != 0 ? .null : try value(inner)
    case .array(let element):
      try elements { reader throws(StorageError) in
        try reader.value(element)
      }
    case .tuple(let members): try tuple(members)
    case .map(let key, let mapped):
      try elements { reader throws(StorageError) in
        .array([try reader.value(key), try reader.value(mapped)])
      }
    }
  }

  private mutating func tuple(_ members: [EngineType]) throws(StorageError) -> Value {
    var values: [Value] = []
    for member in members { values.append(try value(member)) }
    return .array(values)
  }

  private mutating func elements(
    _ body: (inout RowBinaryReader) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    var values: [Value] = []
    for _ in 0..<(try length()) { values.append(try body(&self)) }
    return .array(values)
  }

  private mutating func take(_ count: Int) throws(StorageError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - offset else {
      throw .unreadableAnswer("it ends in the middle of a value")
    }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  private mutating func integer<T: FixedWidthInteger>(
    _: T.Type = T.self
  ) throws(StorageError) -> T {
    var value: T = 0
    for byte in try take(T.bitWidth / 8).reversed() {
      value = value << 8 | T(truncatingIfNeeded: byte)
    }
    return value
  }

  private mutating func unsigned(_ size: Int) throws(StorageError) -> UInt64 {
    var value: UInt64 = 0
    for byte in try take(size).reversed() { value = value << 8 | UInt64(byte) }
    return value
  }

  private mutating func signed(_ size: Int) throws(StorageError) -> Int64 {
    let shift = Int64(64 - size * 8)
    return (Int64(bitPattern: try unsigned(size)) << shift) >> shift
  }

  /// A LEB128 length. No value is shorter than nothing, so it is checked where it is used.
  private mutating func length() throws(StorageError) -> Int {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      let byte = try integer(UInt8.self)
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return Int(value) }
    }
    throw .unreadableAnswer("a length has more than 63 bits")
  }

  private mutating func string() throws(StorageError) -> String {
    String(decoding: try take(try length()), as: UTF8.self)
  }

  /// Sixteen bytes in network order.
  private mutating func address() throws(StorageError) -> IPAddress {
    let high = try integer(UInt64.self)
    let low = try integer(UInt64.self)
    return IPAddress(high: high.byteSwapped, low: low.byteSwapped)
  }

  /// Two little-endian halves, the first one first.
  private mutating func uuid() throws(StorageError) -> String {
    var digits = ""
    for _ in 0..<2 {
      let half = String(try integer(UInt64.self), radix: 16)
      digits += String(repeating: "0", count: 16 - half.count) + half
    }
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append("-") }
      text.append(digit)
    }
    return text
  }
}

/// The day as `2026-11-23` in the proleptic Gregorian calendar. `days` counts from 1970-01-01.
func civilDate(days: Int64) -> String {
  // Years that begin in March put the leap day last; 400 of them have 146,097 days.
  let shifted = days + 719_468
  let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
  let dayOfEra = shifted - era * 146_097
  let yearOfEra =
    (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let march = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * march + 2) / 5 + 1
  let month = march < 10 ? march + 3 : march - 9
  let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
  return "\(year)-\(padded(month))-\(padded(day))"
}

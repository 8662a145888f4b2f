// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads an answer in ClickHouse's `Native` format
/// (https://clickhouse.com/docs/interfaces/formats/Native): blocks of rows, each a count of columns, a
/// count of rows, and for each column its name, its type, and its values one after another.
struct NativeReader {
  private let bytes: [UInt8]
  private var offset = 0

  /// - Parameter share: What the values' memory is taken from, besides that of `bytes`.
  /// - Throws: ``StorageError/unreadableAnswer(_:)`` when the answer breaks off or has values of
  ///   a type that is not supported, and what ``AnswerShare/take(_:)`` throws.
  static func table(
    _ bytes: [UInt8], share: AnswerShare? = nil
  ) throws(StorageError) -> ResultTable {
    var reader = NativeReader(bytes: bytes)
    var columns: [ResultColumn] = []
    var values: [ResultValues] = []
    var count = 0
    while reader.offset < bytes.count {
      let width = try reader.length()
      let rows = try reader.length()
      guard columns.isEmpty || width == columns.count else {
        throw .unreadableAnswer("its blocks have different columns")
      }
      let isFirst = columns.isEmpty
      for index in 0..<width {
        let column = ResultColumn(name: try reader.string(), type: try reader.string())
        let type = try EngineType(column.type)
        guard isFirst || columns[index].type == column.type else {
          throw .unreadableAnswer("its blocks have different columns")
        }
        // Without rows there is nothing, not even what stands in front of dictionaries.
        if rows > 0 { try reader.prefix(type) }
        let more = try reader.values(type, rows)
        try share?.take(more.byteCount)
        if isFirst {
          columns.append(column)
          values.append(more)
        } else {
          values[index].append(more)
        }
      }
      count += rows
    }
    return ResultTable(columns: columns, values: values, count: count)
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// `count` values of one type.
  private mutating func values(_ type: EngineType, _ count: Int) throws(StorageError)
    -> ResultValues
  {
    switch type {
    case .unsigned(let size) where size <= 8:
      return ResultValues(.uint(try numbers(count, size) { $0 }))
    case .unsigned: return try texts(count, 16) { reader in "\(reader.wide() as UInt128)" }
    case .signed(let size) where size <= 8:
      let shift = Int64(64 - size * 8)
      return ResultValues(
        .int(try numbers(count, size) { (Int64(bitPattern: $0) << shift) >> shift }))
    case .signed: return try texts(count, 16) { reader in "\(reader.wide() as Int128)" }
    case .float32:
      return ResultValues(
        .double(
          try numbers(count, 4) { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0))) }))
    case .float64: return ResultValues(.double(try numbers(count, 8) { Double(bitPattern: $0) }))
    case .string: return ResultValues(.text(try strings(count)))
    case .fixedString(let size):
      var found = TextValues()
      for _ in 0..<count { found.append(try take(size)) }
      return ResultValues(.text(found))
    case .date: return try texts(count, 2) { reader in civilDate(days: Int64(reader.small(2))) }
    case .date32:
      return try texts(count, 4) { reader in
        civilDate(days: Int64(Int32(truncatingIfNeeded: reader.small(4))))
      }
    case .ipv4:
      return try texts(count, 4) { reader in
        IPAddress(v4: UInt32(truncatingIfNeeded: reader.small(4))).description
      }
    case .ipv6:
      return try texts(count, 16) { reader in
        IPAddress(high: reader.small(8).byteSwapped, low: reader.small(8).byteSwapped).description
      }
    case .uuid: return try texts(count, 16) { reader in reader.uuid() }
    case .enumeration(let size, let names):
      let shift = Int64(64 - size * 8)
      return try texts(count, size) { reader in
        names[Int((Int64(bitPattern: reader.small(size)) << shift) >> shift)] ?? ""
      }
    case .nothing:
      _ = try take(count)
      return ResultValues(.any(Array(repeating: .null, count: count)))
    case .nullable(let inner):
      let nulls = Array(try take(count))
      var found = try values(inner, count)
      found.nulls = nulls
      return found
    case .dictionary(let inner): return try dictionary(inner, count)
    case .array(let element):
      return try lists(count) { reader, total throws(StorageError) in
        try reader.values(element, total)
      }
    case .map(let key, let mapped):
      return try lists(count) { reader, total throws(StorageError) in
        try reader.tuple([key, mapped], total)
      }
    case .tuple(let members): return try tuple(members, count)
    }
  }

  /// What stands in front of a column's values: the versions of the dictionaries in it.
  private mutating func prefix(_ type: EngineType) throws(StorageError) {
    switch type {
    case .dictionary:
      try check(1, 8)
      guard small(8) == 1 else {
        throw .unreadableAnswer("its dictionaries are of a version that is not known")
      }
    case .array(let inner), .nullable(let inner): try prefix(inner)
    case .tuple(let members): for member in members { try prefix(member) }
    case .map(let key, let mapped):
      try prefix(key)
      try prefix(mapped)
    default: return
    }
  }

  /// The list of what there is, and for each value its place in it. Of values that may be null, the
  /// first stands for null.
  private mutating func dictionary(
    _ inner: EngineType, _ count: Int
  ) throws(StorageError) -> ResultValues {
    guard count > 0 else { return try values(inner, 0) }
    try check(2, 8)
    let (flags, size) = (small(8), Int(truncatingIfNeeded: small(8)))
    guard flags & 0xff <= 3, flags & 0x200 != 0, size > 0, size <= bytes.count - offset else {
      throw .unreadableAnswer("its dictionaries are not whole")
    }
    var isNullable = false
    var type = inner
    if case .nullable(let present) = inner { (isNullable, type) = (true, present) }
    let list = try values(type, size)
    try check(1, 8)
    guard Int(truncatingIfNeeded: small(8)) == count else {
      throw .unreadableAnswer("its dictionaries are of other columns")
    }
    let places = try numbers(count, 1 << Int(flags & 0xff)) { Int(truncatingIfNeeded: $0) }
    guard places.allSatisfy({ $0 >= 0 && $0 < size }) else {
      throw .unreadableAnswer("a value is in no dictionary")
    }
    var found = list.picking(places)
    if isNullable { found.nulls = places.map { $0 == 0 ? 1 : 0 } }
    return found
  }

  private mutating func tuple(
    _ members: [EngineType], _ count: Int
  ) throws(StorageError) -> ResultValues {
    var parts: [ResultValues] = []
    for member in members { parts.append(try values(member, count)) }
    return ResultValues(.any((0..<count).map { row in .array(parts.map { $0.value(row) }) }))
  }

  /// Where each list ends, and then the elements of all.
  private mutating func lists(
    _ count: Int,
    _ elements: (inout NativeReader, Int) throws(StorageError) -> ResultValues
  ) throws(StorageError) -> ResultValues {
    let ends = try numbers(count, 8) { Int(truncatingIfNeeded: $0) }
    let total = ends.last ?? 0
    // An element takes a byte at least; but for those of an empty tuple, which nobody asks for.
    guard total >= 0, total <= bytes.count - offset, zip(ends, ends.dropFirst()).allSatisfy(<=),
      ends.first ?? 0 >= 0
    else { throw .unreadableAnswer("a list ends before it begins") }
    let all = try elements(&self, total)
    var start = 0
    var found: [Value] = []
    found.reserveCapacity(count)
    for end in ends {
      found.append(.array((start..<end).map { all.value($0) }))
      start = end
    }
    return ResultValues(.any(found))
  }

  private mutating func strings(_ count: Int) throws(StorageError) -> TextValues {
    var found = TextValues()
    for _ in 0..<count { found.append(try take(try length())) }
    return found
  }

  /// Values of `size` bytes each that are shown as texts. They are there when `text` is asked.
  private mutating func texts(
    _ count: Int, _ size: Int, _ text: (inout NativeReader) -> String
  ) throws(StorageError) -> ResultValues {
    try check(count, size)
    var found = TextValues()
    for _ in 0..<count {
      let next = offset + size
      found.append(text(&self).utf8)
      offset = next
    }
    return ResultValues(.text(found))
  }

  private mutating func numbers<Number>(
    _ count: Int, _ size: Int, _ number: (UInt64) -> Number
  ) throws(StorageError) -> [Number] {
    try check(count, size)
    var found: [Number] = []
    found.reserveCapacity(count)
    for _ in 0..<count { found.append(number(small(size))) }
    return found
  }

  /// Throws unless `count` values of `size` bytes each are left.
  private func check(_ count: Int, _ size: Int) throws(StorageError) {
    guard count >= 0, count <= (bytes.count - offset) / size else {
      throw .unreadableAnswer("it ends in the middle of a value")
    }
  }

  private mutating func take(_ count: Int) throws(StorageError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - offset else {
      throw .unreadableAnswer("it ends in the middle of a value")
    }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  /// A little-endian integer of up to eight bytes that are there.
  @inline(__always)
  private mutating func small(_ size: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<size { value |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
    offset += size
    return value
  }

  private mutating func wide<T: FixedWidthInteger>() -> T {
    let low = T(truncatingIfNeeded: small(8))
    return T(truncatingIfNeeded: small(8)) << 64 | low
  }

  /// A LEB128 length. No value is shorter than nothing, so it is checked where it is used.
  private mutating func length() throws(StorageError) -> Int {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      guard let byte = try take(1).first else { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return Int(value) }
    }
    throw .unreadableAnswer("a length has more than 63 bits")
  }

  private mutating func string() throws(StorageError) -> String {
    String(decoding: try take(try length()), as: UTF8.self)
  }

  /// Two little-endian halves, the first one first.
  private mutating func uuid() -> String {
    var digits = ""
    for _ in 0..<2 {
      let half = String(small(8), radix: 16)
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

extension ResultValues {
  /// The values at these places.
  fileprivate func picking(_ places: [Int]) -> ResultValues {
    switch kind {
    case .uint(let values): ResultValues(.uint(places.map { values[$0] }))
    case .int(let values): ResultValues(.int(places.map { values[$0] }))
    case .double(let values): ResultValues(.double(places.map { values[$0] }))
    case .any(let values): ResultValues(.any(places.map { values[$0] }))
    case .text(let values):
      ResultValues(
        .text(
          places.reduce(into: TextValues()) { $0.append(values.bytes[values.range($1)]) }))
    }
  }

  /// Adds the values of a further block, which are of the same type.
  fileprivate mutating func append(_ other: ResultValues) {
    nulls += other.nulls
    let before = kind
    // Not held twice while it grows.
    kind = .any([])
    switch (before, other.kind) {
    case (.uint(var values), .uint(let more)):
      values += more
      kind = .uint(values)
    case (.int(var values), .int(let more)):
      values += more
      kind = .int(values)
    case (.double(var values), .double(let more)):
      values += more
      kind = .double(values)
    case (.text(var values), .text(let more)):
      values.append(more)
      kind = .text(values)
    case (.any(var values), .any(let more)):
      values += more
      kind = .any(values)
    default: preconditionFailure("a type has one kind of values")
    }
  }
}

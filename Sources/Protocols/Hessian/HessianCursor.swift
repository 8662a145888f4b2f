// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks over values in Hessian 2.0, http://hessian.caucho.com/doc/hessian-serialization.html: reads texts
/// and small numbers, and passes over all else. Each step takes bytes, so that no count which a sender
/// wrote makes more work than there are bytes, and what lies in what is bounded.
struct HessianCursor {
  var cursor: ByteCursor
  /// Fields of the classes that were defined so far, by their number; only so many are kept.
  private var fieldCounts = InlineArray<64, UInt16>(repeating: 0)
  private(set) var classCount = 0

  /// Lists, maps and objects in one another.
  static let depth = 48

  init(at place: Int, to end: Int) { cursor = ByteCursor(at: place, to: end) }

  var place: Int { cursor.place }

  /// The code of the next value.
  func next(in bytes: Span<UInt8>) -> UInt8? {
    cursor.place < min(cursor.end, bytes.count) && cursor.place >= 0 ? bytes[cursor.place] : nil
  }

  /// A text in one piece (section 4.12); nil, and nothing is moved, when the next value is none.
  mutating func text(in bytes: Span<UInt8>) throws(EndOfBytes) -> Range<Int>? {
    var cursor = self.cursor
    let code = try cursor.byte(in: bytes)
    let count: Int
    switch code {
    case 0...0x1f: count = Int(code)
    case 0x30...0x33: count = Int(code - 0x30) << 8 | Int(try cursor.byte(in: bytes))
    case UInt8(ascii: "S"): count = Int(try cursor.number(of: 2, in: bytes))
    default: return nil
    }
    let start = cursor.place
    try Self.skipLetters(count, at: &cursor, in: bytes)
    self.cursor = cursor
    return start..<cursor.place
  }

  /// An integer (section 4.7); nil, and nothing is moved, when the next value is none.
  mutating func integer(in bytes: Span<UInt8>) throws(EndOfBytes) -> Int? {
    var cursor = self.cursor
    let code = Int(try cursor.byte(in: bytes))
    let value: Int
    switch code {
    case 0x80...0xbf: value = code - 0x90
    case 0xc0...0xcf: value = (code - 0xc8) << 8 | Int(try cursor.number(of: 1, in: bytes))
    case 0xd0...0xd7: value = (code - 0xd4) << 16 | Int(try cursor.number(of: 2, in: bytes))
    case 0x49:
      value = Int(Int32(truncatingIfNeeded: try cursor.number(of: 4, in: bytes)))
    default: return nil
    }
    self.cursor = cursor
    return value
  }

  /// The definition of a class (section 4.9), whose code is next: its name, and which of its fields is
  /// called `wanted`.
  mutating func definition(
    wanted: StaticString, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> (name: Range<Int>, field: Int?) {
    try cursor.skip(1, in: bytes)
    guard let name = try text(in: bytes), let count = try integer(in: bytes), count >= 0,
      count <= Int(UInt16.max), classCount < fieldCounts.count
    else { throw EndOfBytes(missing: 0) }
    var field: Int?
    for index in 0..<count {
      guard let found = try text(in: bytes) else { throw EndOfBytes(missing: 0) }
      if bytes.isText(wanted, at: found), field == nil { field = index }
    }
    fieldCounts[classCount] = UInt16(count)
    classCount += 1
    return (name, field)
  }

  /// Passes over so many values.
  mutating func skip(_ count: Int = 1, in bytes: Span<UInt8>) throws(EndOfBytes) {
    var walk = HessianWalk(count)
    while walk.goesOn() {
      let code = try cursor.byte(in: bytes)
      switch code {
      case 0...0x1f: try Self.skipLetters(Int(code), at: &cursor, in: bytes)
      case 0x20...0x2f: try cursor.skip(Int(code - 0x20), in: bytes)
      case 0x30...0x33:
        try Self.skipLetters(
          Int(code - 0x30) << 8 | Int(try cursor.byte(in: bytes)), at: &cursor, in: bytes)
      case 0x34...0x37:
        try cursor.skip(Int(code - 0x34) << 8 | Int(try cursor.byte(in: bytes)), in: bytes)
      case 0x43:
        cursor.place -= 1
        _ = try definition(wanted: "", in: bytes)
        walk.again()
      case 0x41, 0x42, 0x52, 0x53: try skipPiece(code, &walk, in: bytes)
      case 0x5a: try walk.leave()
      case 0x60...0x6f: try enter(object: Int(code - 0x60), &walk)
      case 0x4f:
        guard let number = try integer(in: bytes) else { throw EndOfBytes(missing: 0) }
        try enter(object: number, &walk)
      case 0x48, 0x4d, 0x55...0x58, 0x70...0x7f: try enter(code, &walk, in: bytes)
      case 0x51: guard try integer(in: bytes) != nil else { throw EndOfBytes(missing: 0) }
      default:
        guard let size = Self.size(code) else { throw EndOfBytes(missing: 0) }
        try cursor.skip(size, in: bytes)
      }
    }
  }

  /// A piece of a text or of binary data, of which more come when it is not the last.
  private mutating func skipPiece(
    _ code: UInt8, _ walk: inout HessianWalk, in bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    let count = Int(try cursor.number(of: 2, in: bytes))
    if code >= 0x52 {
      try Self.skipLetters(count, at: &cursor, in: bytes)
    } else {
      try cursor.skip(count, in: bytes)
    }
    if code == 0x41 || code == 0x52 { walk.again() }
  }

  private mutating func enter(object number: Int, _ walk: inout HessianWalk) throws(EndOfBytes) {
    guard number >= 0, number < classCount else { throw EndOfBytes(missing: 0) }
    try walk.enter(Int(fieldCounts[number]))
  }

  /// Enters a map or a list.
  private mutating func enter(
    _ code: UInt8, _ walk: inout HessianWalk, in bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    let isTyped = code == 0x4d || code == 0x55 || code == 0x56 || 0x70...0x77 ~= code
    if isTyped, try text(in: bytes) == nil {
      guard try integer(in: bytes) != nil else { throw EndOfBytes(missing: 0) }
    }
    switch code {
    case 0x70...0x7f: try walk.enter(Int(code & 7))
    case 0x56, 0x58:
      guard let count = try integer(in: bytes), count >= 0 else { throw EndOfBytes(missing: 0) }
      try walk.enter(count)
    default: try walk.enter(HessianWalk.untilEnd)
    }
  }

  /// Bytes behind the code of a value that has no parts.
  private static func size(_ code: UInt8) -> Int? {
    switch code {
    case 0x46, 0x4e, 0x54, 0x5b, 0x5c, 0x80...0xbf, 0xd8...0xef: 0
    case 0x5d, 0xc0...0xcf, 0xf0...0xff: 1
    case 0x38...0x3f, 0x5e, 0xd0...0xd7: 2
    case 0x49, 0x4b, 0x59, 0x5f: 4
    case 0x44, 0x4a, 0x4c: 8
    default: nil
    }
  }

  /// Passes over letters, which are counted as UTF-16 does: some write each half of a pair by itself,
  /// others both in four bytes.
  private static func skipLetters(
    _ count: Int, at cursor: inout ByteCursor, in bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    var left = count
    while left > 0 {
      switch try cursor.byte(in: bytes) {
      case 0..<0x80: break
      case 0x80..<0xe0: try cursor.skip(1, in: bytes)
      case 0xe0..<0xf0: try cursor.skip(2, in: bytes)
      default:
        try cursor.skip(3, in: bytes)
        left -= 1
      }
      left -= 1
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What a request asks for: the text of a batch, or a procedure.
struct TDSRequest {
  /// Letters of two bytes.
  private(set) var statement = 0..<0
  private(set) var procedure = 0..<0
  /// One of the procedures that have a number ([MS-TDS] 2.2.6.6).
  private(set) var number = 0

  /// Where what was asked begins, behind the headers of versions since 7.2 (2.2.5.3); 0 when there are
  /// none, nil when nobody can tell.
  static func headers(_ contents: Span<UInt8>) -> Int? {
    guard contents.count >= 10 else { return nil }
    let all = Int(contents.littleEndian32(at: 0))
    let first = Int(contents.littleEndian32(at: 4))
    let type = contents.littleEndian16(at: 8)
    return 10...4_096 ~= all && first <= all - 4 && first >= 6 && 1...3 ~= type ? all : 0
  }

  init(_ contents: Span<UInt8>, _ type: UInt8) {
    let start = Self.headers(contents) ?? 0
    if type == TDSPacket.batch {
      statement = min(start, contents.count)..<contents.count
    } else {
      try? readCall(contents, from: start)
    }
  }

  private mutating func readCall(_ contents: Span<UInt8>, from start: Int) throws(EndOfBytes) {
    var cursor = ByteCursor(at: start, to: contents.count)
    let count = Int(try cursor.littleEndianNumber(of: 2, in: contents))
    if count == 0xffff {
      number = Int(try cursor.littleEndianNumber(of: 2, in: contents))
    } else {
      procedure = try cursor.range(of: count * 2, in: contents)
      number = Self.number(named: procedure, contents)
    }
    try cursor.skip(2, in: contents)
    // Which parameter has a statement.
    let place: Int
    switch number {
    case 10: place = 0
    case 2, 11, 13, 14: place = number == 2 ? 1 : number == 14 ? 1 : 2
    default: return
    }
    for _ in 0..<place { _ = try Self.parameter(&cursor, contents) }
    statement = try Self.parameter(&cursor, contents)
  }

  /// Some clients call those with a number by their names.
  private static func number(named name: Range<Int>, _ contents: Span<UInt8>) -> Int {
    for (number, word) in [(10, "sp_executesql"), (11, "sp_prepare"), (13, "sp_prepexec")]
      as [(Int, StaticString)]
    where name.count == word.utf8CodeUnitCount * 2 {
      var isSame = true
      word.withUTF8Buffer { letters in
        for index in 0..<letters.count
        where contents[name.lowerBound + index * 2] | 0x20 != (unsafe letters[index]) | 0x20 {
          isSame = false
        }
      }
      if isSame { return number }
    }
    return 0
  }

  /// Passes over a parameter, and says where its text is, if it is one (2.2.5.5).
  private static func parameter(
    _ cursor: inout ByteCursor, _ contents: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    let name = Int(try cursor.byte(in: contents))
    try cursor.skip(name * 2 + 1, in: contents)
    switch try cursor.byte(in: contents) {
    case 0x26, 0x68, 0x6d, 0x6e, 0x6f, 0x24:
      // A number, of as many bytes as it says.
      try cursor.skip(1, in: contents)
      try cursor.skip(Int(try cursor.byte(in: contents)), in: contents)
      return 0..<0
    case 0xe7, 0xef:
      let longest = try cursor.littleEndianNumber(of: 2, in: contents)
      try cursor.skip(5, in: contents)
      if longest == 0xffff { return try pieces(&cursor, contents) }
      let count = try cursor.littleEndianNumber(of: 2, in: contents)
      if count == 0xffff { return 0..<0 }
      return text(Int(count), &cursor, contents)
    case 0x63:
      try cursor.skip(9, in: contents)
      let count = try cursor.littleEndianNumber(of: 4, in: contents)
      return text(Int(count), &cursor, contents)
    default: throw EndOfBytes(missing: 0)
    }
  }

  /// A text that comes in pieces (2.2.5.2.3): the first of them.
  private static func pieces(
    _ cursor: inout ByteCursor, _ contents: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    let whole = try cursor.littleEndianNumber(of: 8, in: contents)
    if whole == .max { return 0..<0 }
    var first: Range<Int>?
    while true {
      let count = Int(try cursor.littleEndianNumber(of: 4, in: contents))
      if count == 0 { return first ?? 0..<0 }
      let range = text(count, &cursor, contents)
      if first == nil { first = range }
      if range.count < count { return first ?? range }
    }
  }

  /// As much of a text as there is.
  private static func text(
    _ count: Int, _ cursor: inout ByteCursor, _ contents: Span<UInt8>
  ) -> Range<Int> {
    let length = min(count, cursor.remaining)
    let range = cursor.place..<(cursor.place + length)
    cursor.place += length
    return range
  }

  /// The name of a procedure that has a number.
  var numberName: StaticString? {
    switch number {
    case 1: "sp_cursor"
    case 2: "sp_cursoropen"
    case 3: "sp_cursorprepare"
    case 4: "sp_cursorexecute"
    case 5: "sp_cursorprepexec"
    case 6: "sp_cursorunprepare"
    case 7: "sp_cursorfetch"
    case 8: "sp_cursoroption"
    case 9: "sp_cursorclose"
    case 10: "sp_executesql"
    case 11: "sp_prepare"
    case 12: "sp_execute"
    case 13: "sp_prepexec"
    case 14: "sp_prepexecrpc"
    case 15: "sp_unprepare"
    default: nil
    }
  }

  /// Writes what is shown.
  func describe(_ contents: Span<UInt8>, _ type: UInt8, on desk: inout Desk) {
    if type == TDSPacket.batch {
      desk.message.texts.requestType = desk.fields.append("SQL_BATCH")
    } else if type == TDSPacket.transaction {
      desk.message.texts.requestType = desk.fields.append("TRANSACTION")
      desk.message.texts.endpoint = desk.message.texts.requestType
      return
    } else {
      desk.message.texts.requestType = desk.fields.append("RPC")
    }
    guard statement.isEmpty else {
      let text = TDSText(contents, at: statement)
      SQLText(text.bytes, dialect: .transactSQL, into: &desk.fields).write(to: &desk.message.texts)
      return
    }
    if let name = numberName {
      desk.message.texts.requestResource = desk.fields.append(name)
    } else {
      desk.message.texts.requestResource = desk.fields.append(
        TDSText(contents, at: procedure).bytes)
    }
    desk.message.texts.endpoint = desk.message.texts.requestResource
  }
}

/// A text of letters of two bytes (UTF-16, the lower byte first) as UTF-8, cut to what is looked at.
struct TDSText {
  private var letters = InlineArray<4_096, UInt8>(repeating: 0)
  private var count = 0

  init(_ bytes: Span<UInt8>, at range: Range<Int>) {
    var place = max(0, range.lowerBound)
    let end = min(range.upperBound, bytes.count)
    while place + 2 <= end, count + 4 <= letters.count {
      let unit = UInt32(bytes.littleEndian16(at: place))
      place += 2
      guard unit & 0xfc00 == 0xd800, place + 2 <= end else {
        push(unit & 0xf800 == 0xd800 ? 0xfffd : unit)
        continue
      }
      let low = UInt32(bytes.littleEndian16(at: place))
      place += 2
      push(0x10000 + (unit & 0x3ff) << 10 + low & 0x3ff)
    }
  }

  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { letters.span.clipped(from: 0, to: count) }
  }

  private mutating func push(_ scalar: UInt32) {
    switch scalar {
    case 0..<0x80: add(scalar)
    case 0x80..<0x800:
      add(0xc0 | scalar >> 6)
      add(0x80 | scalar & 0x3f)
    case 0x800..<0x10000:
      add(0xe0 | scalar >> 12)
      add(0x80 | scalar >> 6 & 0x3f)
      add(0x80 | scalar & 0x3f)
    default:
      add(0xf0 | scalar >> 18 & 7)
      add(0x80 | scalar >> 12 & 0x3f)
      add(0x80 | scalar >> 6 & 0x3f)
      add(0x80 | scalar & 0x3f)
    }
  }

  private mutating func add(_ byte: UInt32) {
    letters[count] = UInt8(truncatingIfNeeded: byte)
    count += 1
  }
}

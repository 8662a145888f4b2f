// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What the tokens of an answer say of how it went ([MS-TDS] 2.2.7): errors, and the last count of rows.
struct TDSAnswer {
  private(set) var error: Int32?
  private(set) var severity: UInt8 = 0
  private(set) var text = 0..<0
  private(set) var rows: UInt64?
  private(set) var hasFailed = false
  /// The database that goes on from here.
  private(set) var isLogin = false

  static let doneSize = 13

  /// Reads the tokens of a packet as far as their lengths are known; of the last of a message, the end too.
  init(_ contents: Span<UInt8>, isLast: Bool) {
    var place = 0
    while place < contents.count, let length = read(contents, at: place) { place += length }
    guard isLast, place < contents.count else { return }
    readEnd(contents, from: place)
  }

  /// Reads the last token of a message, which two packets share.
  mutating func read(end bytes: Span<UInt8>) {
    if bytes.count == Self.doneSize, 0xfd...0xff ~= bytes[0] { readDone(bytes, at: 0) }
  }

  /// Reads the token at `place`; how long it is, nil when that cannot be known.
  private mutating func read(_ contents: Span<UInt8>, at place: Int) -> Int? {
    switch contents[place] {
    case 0xaa, 0xab, 0xe3, 0xad, 0xa9, 0xa4, 0xa5, 0xed:
      guard place + 3 <= contents.count else { return nil }
      let length = 3 + Int(contents.littleEndian16(at: place + 1))
      if contents[place] == 0xaa { readError(contents, at: place, length) }
      if contents[place] == 0xad { isLogin = true }
      return length
    case 0xfd, 0xfe, 0xff:
      guard place + Self.doneSize <= contents.count else { return nil }
      readDone(contents, at: place)
      return Self.doneSize
    case 0x79: return 5
    default: return nil
    }
  }

  /// A count of rows, when its bit is set, and whether there was an error (2.2.7.6).
  private mutating func readDone(_ contents: Span<UInt8>, at place: Int) {
    let status = contents.littleEndian16(at: place + 1)
    if status & 2 != 0 || status & 0x100 != 0 { hasFailed = true }
    guard status & 0x10 != 0 else { return }
    rows =
      UInt64(contents.littleEndian32(at: place + 5))
      | UInt64(contents.littleEndian32(at: place + 9)) << 32
  }

  /// A number, a state, a severity, a text (2.2.7.10). The first counts.
  private mutating func readError(_ contents: Span<UInt8>, at place: Int, _ length: Int) {
    guard error == nil, place + 11 <= contents.count else { return }
    error = Int32(bitPattern: contents.littleEndian32(at: place + 3))
    severity = contents[place + 8]
    let count = Int(contents.littleEndian16(at: place + 9)) * 2
    let end = min(place + length, contents.count)
    text = (place + 11)..<max(place + 11, min(place + 11 + count, end))
  }

  /// The rows before it cannot be walked over: the last token is that of the end, and an error before it
  /// ends where that begins.
  private mutating func readEnd(_ contents: Span<UInt8>, from start: Int) {
    let end = contents.count - Self.doneSize
    guard end >= start, 0xfd...0xff ~= contents[end] else { return }
    readDone(contents, at: end)
    guard hasFailed, error == nil else { return }
    var place = end - 12
    let first = max(start, end - 2_048)
    while place >= first {
      if contents[place] == 0xaa, place + 3 + Int(contents.littleEndian16(at: place + 1)) == end {
        return readError(contents, at: place, end - place)
      }
      place -= 1
    }
  }

  /// Texts of errors that only name things: https://learn.microsoft.com/sql/relational-databases/errors-events.
  private static let namesOnly: [Int32] = [
    156, 207, 208, 911, 916, 2_812, 3_701, 4_060, 4_902, 1_205, 229,
  ]

  /// Writes how it went.
  func describe(_ contents: Span<UInt8>, on desk: inout Desk) {
    if let rows { desk.message.affectedRows = rows }
    guard let error else {
      if hasFailed { desk.message.status = .serverError }
      return
    }
    desk.message.code = error
    // Up to 16 the user can mend them ([MS-TDS] 2.2.7.10); deadlocks and timeouts nobody's request does.
    let isServers = severity > 16 || error == 1_205 || error == 1_222
    desk.message.status = isServers ? .serverError : .clientError
    let text = TDSText(contents, at: self.text)
    // Values stand in quotes or in parentheses, and nothing is escaped.
    let names = Self.namesOnly.contains(error)
    let end = text.bytes.firstIndex(of: UInt8(ascii: "("), from: 0, to: text.bytes.count)
    let content: ErrorTextContent = error >= 50_000 ? .anything : names ? .names : .values
    desk.message.texts.responseException = desk.fields.append(
      errorText: text.bytes, at: 0..<(names ? text.bytes.count : end ?? text.bytes.count), content,
      isCut: true)
  }
}

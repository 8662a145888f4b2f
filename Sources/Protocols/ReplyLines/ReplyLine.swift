// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A line of a reply of three digits, as SMTP (RFC 5321 section 4.2) and FTP (RFC 959 section 4.2) have them.
struct ReplyLine {
  let code: Int
  /// Whether other lines of the same reply follow.
  let goesOn: Bool
  let text: Range<Int>

  /// Nil when the line is none.
  init?(_ bytes: Span<UInt8>, _ line: Range<Int>) {
    let start = line.lowerBound
    guard line.count >= 3, let code = bytes.decimal(at: start..<(start + 3)),
      (100..<600).contains(code)
    else { return nil }
    let mark = line.count > 3 ? bytes[start + 3] : 0x20
    guard mark == 0x20 || mark == UInt8(ascii: "-") else { return nil }
    self.code = code
    goesOn = mark != 0x20
    text = min(start + 4, line.upperBound)..<line.upperBound
  }

  /// Whether more bytes may make it one.
  static func mayBegin(with bytes: Span<UInt8>) -> Bool {
    for index in 0..<min(bytes.count, 3) where bytes[index] &- 0x30 > 9 { return false }
    if bytes.count > 0, bytes[0] &- 0x31 > 4 { return false }
    if bytes.count > 3, bytes[3] != 0x20, bytes[3] != UInt8(ascii: "-") { return false }
    for index in bytes.indices
    where bytes[index] < 0x20 && bytes[index] != 0x0d
      && bytes[index] != 0x09
    {
      return false
    }
    return bytes.count < 512
  }

  /// Whether the text has a word, in capital letters.
  func has(_ word: StaticString, in bytes: Span<UInt8>) -> Bool {
    let count = word.utf8CodeUnitCount
    guard text.count >= count else { return false }
    for start in text.lowerBound...(text.upperBound - count)
    where bytes.hasPrefix(word, at: start) {
      return true
    }
    return false
  }
}

/// A command: letters, and what it is given.
struct CommandLine {
  /// The letters in capitals, the first is the lowest byte; at most eight.
  let word: UInt64
  let argument: Range<Int>

  /// Nil when the line begins with no letters, or with more than eight.
  init?(_ bytes: Span<UInt8>, _ line: Range<Int>) {
    var end = line.lowerBound
    while end < line.upperBound, ByteSet.letter(bytes[end]) { end += 1 }
    guard (3...8).contains(end - line.lowerBound), end == line.upperBound || bytes[end] == 0x20
    else { return nil }
    word = Self.capitals(bytes, line.lowerBound..<end)
    argument = min(end + 1, line.upperBound)..<line.upperBound
  }

  private static func capitals(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    var word: UInt64 = 0
    for index in range.reversed() { word = word << 8 | UInt64(bytes[index] & 0xdf) }
    return word
  }

  /// The word as the code writes it.
  static func word(_ name: StaticString) -> UInt64 { HeaderName.word(name, 0) }

  /// Whether these bytes may be the beginning of a line that starts with one of `names`.
  static func mayBegin(with bytes: Span<UInt8>, _ names: [StaticString]) -> Bool {
    names.contains { name in
      let count = min(bytes.count, name.utf8CodeUnitCount)
      let isSame = capitals(bytes, 0..<count) == word(name) & mask(count)
      return isSame && (bytes.count == count || bytes[count] == 0x20 || bytes[count] == 0x0d)
    }
  }

  private static func mask(_ count: Int) -> UInt64 {
    count >= 8 ? .max : (1 << UInt64(count * 8)) - 1
  }
}

extension ByteSet {
  static func letter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
}

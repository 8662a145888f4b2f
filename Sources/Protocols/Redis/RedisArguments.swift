// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The words of a command, the name first, whichever way it was sent.
struct RedisArguments: ~Escapable {
  private let bytes: Span<UInt8>
  /// Elements that are still to come; nil for a command that is a line of words.
  private var elements: Int?
  private var index: Int

  /// The elements of an array, of which the first begins at `start`.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, from start: Int, elements: Int) {
    self.bytes = bytes
    self.elements = elements
    index = start
  }

  /// The words of a line.
  @_lifetime(copy line)
  init(line: Span<UInt8>) {
    bytes = line
    index = 0
  }

  /// Where the next word lies, without its quotes; nil when there is none, or it does not begin in
  /// view. What is cut reaches to the end of the view.
  @_lifetime(self: copy self)
  mutating func next() -> Range<Int>? {
    guard let left = elements else { return nextWord() }
    guard left > 0, index < bytes.count,
      case .value(let length, let start) = RedisFrame.count(bytes, at: index + 1), length >= 0
    else { return nil }
    elements = left - 1
    let (end, overflow) = start.addingReportingOverflow(length)
    guard !overflow, end <= Int.max - 2 else { return nil }
    index = end + 2
    return min(start, bytes.count)..<min(end, bytes.count)
  }

  /// Words are separated by blanks and may be quoted as in C, or by `'` (sdssplitargs in Redis' sds.c).
  @_lifetime(self: copy self)
  private mutating func nextWord() -> Range<Int>? {
    while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
    guard index < bytes.count else { return nil }
    let start = index
    var quote: UInt8 = 0
    while index < bytes.count {
      let byte = bytes[index]
      if quote == 0 {
        if Self.isSpace(byte) { break }
        if byte == 0x22 || byte == 0x27 { quote = byte }
      } else if byte == 0x5c, index + 1 < bytes.count,
        quote == 0x22 || bytes[index + 1] == 0x27
      {
        index += 1
      } else if byte == quote {
        quote = 0
      }
      index += 1
    }
    let isQuoted =
      index - start >= 2 && (bytes[start] == 0x22 || bytes[start] == 0x27)
      && bytes[index - 1] == bytes[start]
    return isQuoted ? (start + 1)..<(index - 1) : start..<index
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 9 && byte <= 13) }
}

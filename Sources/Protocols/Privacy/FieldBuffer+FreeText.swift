// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Writing texts that programs make for people: headers such as User-Agent, reasons, error texts. They
/// may hold anything, so what says of itself that it is a secret is hidden, whatever it stands in.
extension FieldBuffer {
  /// Copies a text without credentials: `user:password@`, `Bearer ...`, `token=...`, web tokens.
  mutating func append(freeText source: Span<UInt8>, at range: Range<Int>) -> Text {
    guard mayHoldSecret(source, range) else { return append(source.clipped(range)) }
    let mark = self.mark
    push(freeText: source, range)
    return finish(from: mark)
  }

  @inline(__always)
  mutating func append(freeText place: Place, of source: Span<UInt8>) -> Text {
    place.isEmpty ? .empty : append(freeText: source, at: place.range)
  }

  /// Whether a text has a byte that introduces one; most have not.
  private func mayHoldSecret(_ source: Span<UInt8>, _ range: Range<Int>) -> Bool {
    if range.count >= 16, range.lowerBound > 0 {
      let last = range.upperBound - 16
      var index = range.lowerBound
      while index < last {
        if Self.mayHoldSecret(source.block(at: index - 1), source.block(at: index)) { return true }
        index += 16
      }
      return Self.mayHoldSecret(source.block(at: last - 1), source.block(at: last))
    }
    var previous: UInt8 = 0
    for index in range {
      let byte = source[index]
      switch byte {
      case 0x3a, 0x3d, 0x40: return true  // : = @
      case 0x4a where previous == 0x79: return true  // yJ, as in eyJ
      case 0x45, 0x65: if previous | 0x20 == 0x62 { return true }  // be, as in Bearer
      case 0x53, 0x73: if previous | 0x20 == 0x61 { return true }  // as, as in Basic
      default: break
      }
      previous = byte
    }
    return false
  }

  /// The same of sixteen bytes, each with the one in its place in `previous` before it.
  @inline(__always)
  private static func mayHoldSecret(_ previous: SIMD16<UInt8>, _ bytes: SIMD16<UInt8>) -> Bool {
    let (small, smallBefore) = (bytes | 0x20, previous | 0x20)
    var found = bytes.equals(0x3a) | bytes.equals(0x3d) | bytes.equals(0x40)
    found |= previous.equals(0x79) & bytes.equals(0x4a)
    found |= smallBefore.equals(0x62) & small.equals(0x65)
    found |= smallBefore.equals(0x61) & small.equals(0x73)
    return !found.isZero
  }

  mutating func push(freeText source: Span<UInt8>, _ range: Range<Int>) {
    var index = range.lowerBound
    // The word before, whose value the next one may be.
    var name = index..<index
    while index < range.upperBound, count < Self.capacity {
      guard Self.isWordByte(source[index]) else {
        let byte = source[index]
        let isAssignment = byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":")
        push(byte)
        index += 1
        guard isAssignment, name.upperBound == index - 1, privacy.isSecret(source, name) else {
          if isAssignment, let end = userEnd(source, from: index, to: range.upperBound) {
            push(UInt8(ascii: "?"))
            index = end
          }
          continue
        }
        index = pushHiddenValue(source, from: index, to: range.upperBound)
        continue
      }
      let start = index
      while index < range.upperBound, Self.isWordByte(source[index]) { index += 1 }
      let word = start..<index
      if isWebToken(source, word) {
        push(UInt8(ascii: "?"))
      } else if let end = userEnd(source, word: word, to: range.upperBound) {
        push(UInt8(ascii: "?"))
        index = end
      } else {
        push(source.clipped(word))
        if source.isWord(in: ["BEARER", "BASIC"], at: word), index < range.upperBound,
          source[index] == 0x20
        {
          index = pushHiddenValue(source, from: index, to: range.upperBound)
        }
      }
      name = word
    }
  }

  /// Pushes blanks and a quote as they are, and `?` for what follows them.
  private mutating func pushHiddenValue(
    _ source: Span<UInt8>, from start: Int, to end: Int
  ) -> Int {
    var index = start
    while index < end, source[index] == 0x20 {
      push(0x20)
      index += 1
    }
    guard index < end else { return index }
    let quote = source[index]
    push(UInt8(ascii: "?"))
    if quote == 0x22 || quote == 0x27 {
      return source.firstIndex(of: quote, from: index + 1, to: end).map { $0 + 1 } ?? end
    }
    while index < end, source[index] > 0x20, source[index] != UInt8(ascii: ","),
      source[index] != UInt8(ascii: "&"), source[index] != UInt8(ascii: ";"),
      source[index] != UInt8(ascii: ")")
    {
      index += 1
    }
    return index
  }

  /// Where the host begins behind `//user:password@`, of which `start` is the first slash.
  private func userEnd(_ source: Span<UInt8>, from start: Int, to end: Int) -> Int? {
    guard start + 2 < end, source[start] == 0x2f, source[start + 1] == 0x2f else { return nil }
    var index = start + 2
    var found: Int?
    while index < end, source[index] > 0x20, source[index] != 0x2f, source[index] != 0x3f {
      if source[index] == UInt8(ascii: "@") { found = index }
      index += 1
    }
    return found
  }

  /// The same for a `user:password@` of which `word` is the user, and that stands alone.
  private func userEnd(_ source: Span<UInt8>, word: Range<Int>, to end: Int) -> Int? {
    guard word.upperBound < end, source[word.upperBound] == UInt8(ascii: ":") else { return nil }
    var index = word.upperBound + 1
    while index < end, source[index] > 0x20, source[index] != 0x2f {
      if source[index] == UInt8(ascii: "@") { return index }
      index += 1
    }
    return nil
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2d || byte == 0x5f || byte == 0x2e
      || byte >= 0x80
  }
}

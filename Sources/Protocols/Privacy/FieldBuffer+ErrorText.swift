// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What the texts of a database's error may hold.
enum ErrorTextContent {
  /// Names of tables, columns, users and so on, in quotes: nothing to hide.
  case names
  /// Values in quotes, or nobody knows.
  case values
  /// The same, and behind them ` for key 'users.email'`.
  case valueForKey
  /// Whatever the users' own code put there.
  case anything
}

/// Writing the texts of errors, which like to quote what was sent: `Duplicate entry 'ann@...' for key`.
extension FieldBuffer {
  /// Copies an error's text. Values may hold quotes themselves and no database escapes them, so that
  /// all from the first quote to the last is hidden; `isCut` says that the last may not be in view.
  /// `range` lies in `source`.
  mutating func append(
    errorText source: Span<UInt8>, at range: Range<Int>, _ content: ErrorTextContent,
    isCut: Bool = false
  ) -> Text {
    switch content {
    case .names: return append(source.clipped(range))
    case .anything: return range.isEmpty ? .empty : append("?")
    case .values, .valueForKey: break
    }
    guard let first = firstQuote(source, range) else {
      return append(freeText: source, at: range)
    }
    let mark = self.mark
    push(freeText: source, range.lowerBound..<first)
    push(UInt8(ascii: "?"))
    if !isCut { push(source.clipped(tail(source, first..<range.upperBound, content))) }
    return finish(from: mark)
  }

  /// What may be shown behind the quoted values: ` for key 'users.email'`, ` at line 1`. Empty when in
  /// doubt.
  private func tail(
    _ source: Span<UInt8>, _ range: Range<Int>, _ content: ErrorTextContent
  ) -> Range<Int> {
    let none = range.upperBound..<range.upperBound
    var last = range.upperBound - 1
    while last > range.lowerBound, !isQuote(source, last) { last -= 1 }
    guard last > range.lowerBound else { return none }
    let rest = (last + 1)..<range.upperBound
    let hasRow = source.hasRow(at: rest)
    // The name behind the last of these words is the server's own, whatever the value is.
    if content == .valueForKey && rest.isEmpty || hasRow {
      let words: StaticString = hasRow ? " for column " : " for key "
      if let place = source.lastPlace(of: words, in: range), isQuote(source, place - 1) {
        return place..<range.upperBound
      }
    }
    if hasRow { return rest }
    for index in rest {
      switch source[index] {
      case 0x41...0x5a, 0x61...0x7a, 0x20, 0x2c, 0x2e, 0x28, 0x29, 0x3b: continue
      default: return none
      }
    }
    return rest
  }

  private func firstQuote(_ source: Span<UInt8>, _ range: Range<Int>) -> Int? {
    for index in range where isQuote(source, index) {
      // The apostrophe of "can't".
      let isApostrophe =
        source[index] == 0x27 && index > range.lowerBound && index + 2 < range.upperBound
        && source[index - 1] == 0x6e && source[index + 1] == 0x74 && source[index + 2] == 0x20
      if isApostrophe { continue }
      return source[index] < 0x80 ? index : index - (source[index] >= 0xa0 ? 1 : 2)
    }
    return nil
  }

  /// `'`, `"`, `` ` `` and the last byte, or first, of the others that translations use.
  private func isQuote(_ source: Span<UInt8>, _ index: Int) -> Bool {
    guard index >= 0, index < source.count else { return false }
    switch source[index] {
    case 0x22, 0x27, 0x60: return true
    case 0xab, 0xbb: return index > 0 && source[index - 1] == 0xc2
    case 0x98...0x9f:
      return index > 1 && source[index - 1] == 0x80 && source[index - 2] == 0xe2
    default: return false
    }
  }
}

extension Span where Element == UInt8 {
  /// Whether the bytes are ` at row 1`, or ` at line 3`.
  fileprivate func hasRow(at range: Range<Int>) -> Bool {
    let isRow = hasPrefix(" at row ", at: range.lowerBound) && range.count > 8
    let isLine = hasPrefix(" at line ", at: range.lowerBound) && range.count > 9
    guard isRow || isLine else { return false }
    for index in range.dropFirst(isRow ? 8 : 9) where self[index] &- 0x30 >= 10 { return false }
    return true
  }

  /// Where `words` begin for the last time in `range`.
  fileprivate func lastPlace(of words: StaticString, in range: Range<Int>) -> Int? {
    var start = range.upperBound - words.utf8CodeUnitCount
    while start >= range.lowerBound {
      if hasPrefix(words, at: start) { return start }
      start -= 1
    }
    return nil
  }
}

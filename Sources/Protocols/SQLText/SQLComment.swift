// SPDX-License-Identifier: Apache-2.0

/// Finds trace ids that applications leave in the comments of their statements: sqlcommenter's
/// `key='value',key='value'` as well as `key: value` and `key=value`.
struct SQLComment {
  /// Places in the statement; empty when not found.
  private(set) var traceID: Range<Int> = 0..<0
  private(set) var spanID: Range<Int> = 0..<0

  mutating func read(_ bytes: Span<UInt8>, _ comment: Range<Int>) {
    var index = comment.lowerBound
    while index < comment.upperBound {
      guard SQLScanner.beginsWord(bytes[index]) else {
        index += 1
        continue
      }
      let key = index..<SQLComment.end(of: bytes, from: index, in: comment)
      index = key.upperBound
      guard key.count >= 6, key.count <= 11 else { continue }
      var start = SQLComment.skipSpace(bytes, from: index, in: comment)
      guard start < comment.upperBound, bytes[start] == 0x3a || bytes[start] == 0x3d else {
        continue
      }
      start = SQLComment.skipSpace(bytes, from: start + 1, in: comment)
      if start < comment.upperBound, bytes[start] == 0x27 || bytes[start] == 0x22 { start += 1 }
      let value = start..<max(start, SQLComment.end(of: bytes, from: start, in: comment))
      take(bytes, key, value)
      index = max(index, value.upperBound)
    }
  }

  private mutating func take(_ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>) {
    if bytes.isWord("TRACEPARENT", at: key) {
      takeTraceParent(bytes, value)
    } else if SQLComment.isKey(bytes, key, "TRACE") {
      traceID = value
    } else if SQLComment.isKey(bytes, key, "SPAN") {
      spanID = value
    }
  }

  /// W3C Trace Context: `version-trace-span-flags`, of 2, 32, 16 and 2 hexadecimal digits.
  private mutating func takeTraceParent(_ bytes: Span<UInt8>, _ value: Range<Int>) {
    guard value.count >= 55 else { return }
    let start = value.lowerBound
    guard bytes[start + 2] == 0x2d, bytes[start + 35] == 0x2d, bytes[start + 52] == 0x2d else {
      return
    }
    traceID = (start + 3)..<(start + 35)
    spanID = (start + 36)..<(start + 52)
  }

  /// `trace_id`, `traceId`, `trace-id` and so on.
  private static func isKey(
    _ bytes: Span<UInt8>, _ key: Range<Int>, _ name: StaticString
  ) -> Bool {
    let length = name.utf8CodeUnitCount
    guard key.count == length + 2 || key.count == length + 3 else { return false }
    let middle = key.lowerBound + length
    guard bytes.isWord(name, at: key.lowerBound..<middle) else { return false }
    if key.count == length + 3, bytes[middle] != 0x5f, bytes[middle] != 0x2d { return false }
    return bytes.isWord("ID", at: (key.upperBound - 2)..<key.upperBound)
  }

  private static func end(
    of bytes: Span<UInt8>, from start: Int, in comment: Range<Int>
  ) -> Int {
    var index = start
    while index < comment.upperBound,
      SQLScanner.continuesWord(bytes[index]) || bytes[index] == 0x2d || bytes[index] == 0x2e
    {
      index += 1
    }
    return index
  }

  private static func skipSpace(
    _ bytes: Span<UInt8>, from start: Int, in comment: Range<Int>
  ) -> Int {
    var index = start
    while index < comment.upperBound, bytes[index] == 0x20 { index += 1 }
    return index
  }
}

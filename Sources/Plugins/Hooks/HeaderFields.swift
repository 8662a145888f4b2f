// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Header fields as HTTP/1 and its kin write them: lines of a name, a colon and a value, up to an empty
/// one.
struct HeaderFields {
  /// Where the value of the first field of this name, which is in small letters, is; nil when there is
  /// none.
  static func value(of name: [UInt8], in head: Span<UInt8>) -> Range<Int>? {
    var start = 0
    // What stands in the first line is no field.
    while let end = head.firstIndex(of: UInt8(ascii: "\n"), from: start, to: head.count) {
      start = end + 1
      if start < head.count, head[start] == UInt8(ascii: "\r") || head[start] == UInt8(ascii: "\n")
      {
        return nil
      }
      guard hasName(name, head, at: start) else { continue }
      let stop = head.firstIndex(of: UInt8(ascii: "\n"), from: start, to: head.count) ?? head.count
      return trimmed(head, start + name.count + 1, stop)
    }
    return nil
  }

  /// Where the body begins; nil when the head does not end here.
  static func end(of head: Span<UInt8>) -> Int? {
    var start = 0
    while let end = head.firstIndex(of: UInt8(ascii: "\n"), from: start, to: head.count) {
      start = end + 1
      if start < head.count, head[start] == UInt8(ascii: "\n") { return start + 1 }
      if start + 1 < head.count, head[start] == UInt8(ascii: "\r"),
        head[start + 1] == UInt8(ascii: "\n")
      {
        return start + 2
      }
    }
    return nil
  }

  private static func hasName(_ name: [UInt8], _ head: Span<UInt8>, at start: Int) -> Bool {
    guard head.count - start > name.count, head[start + name.count] == UInt8(ascii: ":") else {
      return false
    }
    for index in 0..<name.count {
      let byte = head[start + index]
      let small = byte &- 0x41 < 26 ? byte | 0x20 : byte
      if small != name[index] { return false }
    }
    return true
  }

  private static func trimmed(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Range<Int> {
    var (start, end) = (start, end)
    while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
    while end > start, bytes[end - 1] <= 0x20 { end -= 1 }
    return start..<end
  }
}

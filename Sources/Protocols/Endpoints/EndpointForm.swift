// SPDX-License-Identifier: Apache-2.0

import Bytes

/// How an endpoint is put together of places that may hold ids.
package enum EndpointForm: UInt8, Hashable, Sendable {
  /// They are few by their nature: methods of services, commands, tables.
  case fixed = 0
  /// `/users/ann`: a path, when it begins with a slash.
  case path = 1
  /// `GET user:ann`, `PUBLISH sensors.kitchen`: a word, and behind a blank a name of several parts.
  case name = 2

  /// Where the next place of an endpoint lies at or after `start`; nil when there is none.
  package func place(in text: Span<UInt8>, from start: Int) -> Range<Int>? {
    var begin = start
    if begin == 0, self == .name {
      guard let blank = text.firstIndex(of: 0x20, from: 0, to: text.count) else { return nil }
      begin = blank + 1
    }
    while begin < text.count, isSeparator(text[begin]) { begin += 1 }
    var end = begin
    while end < text.count, !isSeparator(text[end]) { end += 1 }
    return begin < end ? begin..<end : nil
  }

  private func isSeparator(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "/"): true
    case UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "|"), 0x20: self == .name
    default: false
    }
  }
}

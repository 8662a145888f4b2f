// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The query attributes of a COM_QUERY: names and values that a client sends beside a statement
/// (CLIENT_QUERY_ATTRIBUTES). Their values are the users' data and never shown.
enum MySQLAttributes {
  /// Where `count` attributes end of which the bitmap of NULLs begins at `start`; the end of `body` when
  /// that is not in view.
  static func end(_ body: Span<UInt8>, _ count: UInt64, from start: Int) -> Int {
    guard count <= 1 << 16 else { return body.count }
    let count = Int(count)
    let flag = start + (count + 7) / 8
    // Without types the values could not be read, so they are always sent.
    guard flag < body.count, body[flag] == 1 else { return body.count }
    var index = flag + 1
    var types = index
    for _ in 0..<count {
      guard let name = skipText(body, index + 2) else { return body.count }
      index = name
    }
    for number in 0..<count {
      let type = body[types]
      types = skipText(body, types + 2) ?? body.count
      let isNull = body[start + number / 8] & (1 << UInt8(number % 8)) != 0
      guard !isNull else { continue }
      guard let next = skip(type, body, index) else { return body.count }
      index = next
    }
    return index
  }

  /// Passes a value; nil when its end is not in view.
  private static func skip(_ type: UInt8, _ body: Span<UInt8>, _ index: Int) -> Int? {
    let size: Int
    switch type {
    case 0x06: size = 0
    case 0x01: size = 1
    case 0x02, 0x0d: size = 2
    case 0x03, 0x04, 0x09: size = 4
    case 0x05, 0x08: size = 8
    case 0x07, 0x0a, 0x0b, 0x0c:
      guard index < body.count else { return nil }
      size = 1 + Int(body[index])
    default: return skipText(body, index)
    }
    return index + size <= body.count ? index + size : nil
  }

  private static func skipText(_ body: Span<UInt8>, _ index: Int) -> Int? {
    guard let length = MySQLResponse.lengthEncoded(body, index),
      length.value <= UInt64(body.count)
    else { return nil }
    let end = length.next + Int(length.value)
    return end <= body.count ? end : nil
  }
}

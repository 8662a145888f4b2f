// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Reads the beginning of a block of Snappy
/// (https://github.com/google/snappy/blob/main/format_description.txt).
enum SnappyPrefix {
  /// What `source` gives, at most `limit` bytes: as far as it is in view and makes sense.
  static func decompress(_ source: Span<UInt8>, limit: Int) -> [UInt8] {
    var index = 0
    // The length of the whole, a varint of 32 bits.
    while index < min(5, source.count), source[index] >= 0x80 { index += 1 }
    index += 1
    var output: [UInt8] = []
    output.reserveCapacity(limit)
    while index < source.count, output.count < limit {
      let tag = source[index]
      index += 1
      if tag & 3 == 0 {
        guard let length = literalLength(tag, source, &index) else { break }
        let end = min(source.count, index + min(length, limit - output.count))
        while index < end {
          output.append(source[index])
          index += 1
        }
      } else {
        guard let (length, offset) = copy(tag, source, &index), offset > 0, offset <= output.count
        else { break }
        for _ in 0..<min(length, limit - output.count) {
          output.append(output[output.count - offset])
        }
      }
    }
    return output
  }

  /// Section 2.1: up to 60 in the tag, else in one to four bytes behind it.
  private static func literalLength(
    _ tag: UInt8, _ source: Span<UInt8>, _ index: inout Int
  ) -> Int? {
    let short = Int(tag >> 2)
    guard short >= 60 else { return short + 1 }
    let size = short - 59
    guard index + size <= source.count else { return nil }
    var length = 0
    for place in 0..<size { length |= Int(source[index + place]) << (8 * place) }
    index += size
    return length + 1
  }

  /// Section 2.2: a length, and how far back it is found, in one, two or four bytes.
  private static func copy(
    _ tag: UInt8, _ source: Span<UInt8>, _ index: inout Int
  ) -> (length: Int, offset: Int)? {
    let size = tag & 3 == 1 ? 1 : tag & 3 == 2 ? 2 : 4
    guard index + size <= source.count else { return nil }
    var offset = 0
    for place in 0..<size { offset |= Int(source[index + place]) << (8 * place) }
    index += size
    if size == 1 { return (Int(tag >> 2 & 7) + 4, offset | Int(tag >> 5) << 8) }
    return (Int(tag >> 2) + 1, offset)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks over the elements of a document of BSON (https://bsonspec.org/spec.html), which may lie beyond
/// the view with its end. Each step takes bytes of the view, so that no length makes more work than
/// there are bytes.
struct BSONDocument {
  struct Element {
    let type: UInt8
    let name: Range<Int>
    /// May end beyond the view.
    let value: Range<Int>

    var isDocument: Bool { type == 0x03 }
    var isArray: Bool { type == 0x04 }
  }

  private(set) var place: Int
  /// Behind the document's last byte.
  let end: Int

  /// The document at `start`, which may reach up to `limit`; nil when its length is none, or not in view.
  init?(_ bytes: Span<UInt8>, at start: Int, limit: Int) {
    guard start >= 0, start <= bytes.count - 4 else { return nil }
    let length = Int(bytes.littleEndian32(at: start))
    guard length >= 5, length <= limit - start else { return nil }
    place = start + 4
    end = start + length
  }

  /// The next element; nil at the end, and where the view or what can be understood ends.
  mutating func next(in bytes: Span<UInt8>) -> Element? {
    guard place < min(end, bytes.count), bytes[place] != 0 else { return nil }
    let type = bytes[place]
    let start = place + 1
    guard
      let nameEnd = bytes.firstIndex(of: 0, from: min(start, bytes.count), to: bytes.count),
      nameEnd < end, let length = Self.length(ofType: type, bytes, at: nameEnd + 1),
      length <= end - nameEnd - 1
    else {
      place = end
      return nil
    }
    place = nameEnd + 1 + length
    return Element(type: type, name: start..<nameEnd, value: (nameEnd + 1)..<place)
  }

  /// Whether all elements were walked over.
  func isAtEnd(in bytes: Span<UInt8>) -> Bool {
    place == end - 1 && end <= bytes.count && bytes[place] == 0
  }

  private static func length(ofType type: UInt8, _ bytes: Span<UInt8>, at start: Int) -> Int? {
    switch type {
    case 0x06, 0x0a, 0x7f, 0xff: return 0
    case 0x08: return 1
    case 0x10: return 4
    case 0x01, 0x09, 0x11, 0x12: return 8
    case 0x07: return 12
    case 0x13: return 16
    case 0x0b:
      guard start < bytes.count,
        let first = bytes.firstIndex(of: 0, from: start, to: bytes.count),
        let second = bytes.firstIndex(of: 0, from: first + 1, to: bytes.count)
      else { return nil }
      return second + 1 - start
    default: break
    }
    guard start <= bytes.count - 4 else { return nil }
    let length = Int(bytes.littleEndian32(at: start))
    guard length <= MongoDBHead.longest else { return nil }
    switch type {
    case 0x03, 0x04, 0x0f: return length >= 5 ? length : nil
    case 0x05: return 4 + 1 + length
    case 0x02, 0x0d, 0x0e: return length >= 1 ? 4 + length : nil
    case 0x0c: return length >= 1 ? 4 + length + 12 : nil
    default: return nil
    }
  }
}

extension BSONDocument.Element {
  /// A text without its end; nil of other types, and when it is not in view.
  func text(in bytes: Span<UInt8>) -> Range<Int>? {
    guard type == 0x02, value.upperBound <= bytes.count, value.count >= 5 else { return nil }
    return (value.lowerBound + 4)..<(value.upperBound - 1)
  }

  /// A number, or a truth; nil of other types, and when it is not in view.
  func number(in bytes: Span<UInt8>) -> Int64? {
    guard value.upperBound <= bytes.count else { return nil }
    switch type {
    case 0x08: return Int64(bytes[value.lowerBound])
    case 0x10: return Int64(Int32(truncatingIfNeeded: bytes.littleEndian32(at: value.lowerBound)))
    case 0x12: return Int64(bitPattern: bytes.word(at: value.lowerBound))
    case 0x01: return Int64(exactly: Double(bitPattern: bytes.word(at: value.lowerBound)).rounded())
    default: return nil
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Goes over the fields of a message of protobuf. What does not read ends it.
struct ProtobufWalk {
  enum Value {
    case number(UInt64)
    /// Bytes, which may be a text or a message.
    case bytes(Range<Int>)
  }

  private var position: Int
  private let end: Int

  /// - Parameter range: where the message is; what lies outside of the bytes is left out.
  init(_ range: Range<Int>, of bytes: Span<UInt8>) {
    position = max(0, range.lowerBound)
    end = min(range.upperBound, bytes.count)
  }

  mutating func next(in bytes: Span<UInt8>) -> (field: UInt64, value: Value)? {
    guard let key = varint(bytes), key >> 3 > 0 else { return nil }
    switch key & 7 {
    case 0:
      guard let number = varint(bytes) else { return nil }
      return (key >> 3, .number(number))
    case 1, 5:
      let count = key & 7 == 1 ? 8 : 4
      guard end - position >= count else { return nil }
      var number: UInt64 = 0
      for index in 0..<count { number |= UInt64(bytes[position + index]) << UInt64(8 * index) }
      position += count
      return (key >> 3, .number(number))
    case 2:
      guard let count = varint(bytes), count <= UInt64(max(0, end - position)) else { return nil }
      defer { position += Int(count) }
      return (key >> 3, .bytes(position..<position + Int(count)))
    default: return nil
    }
  }

  private mutating func varint(_ bytes: Span<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 64 {
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}

/// Finds one field in a message of protobuf: of several of one number the last, as its readers do.
enum ProtobufPath {
  static func find(
    _ path: [UInt64], in bytes: Span<UInt8>, from start: Int
  ) -> ProtobufWalk.Value? {
    var range = start..<max(start, bytes.count)
    for (index, number) in path.enumerated() {
      var found: ProtobufWalk.Value?
      var walk = ProtobufWalk(range, of: bytes)
      while let (field, value) = walk.next(in: bytes) { if field == number { found = value } }
      guard index < path.count - 1 else { return found }
      guard case .bytes(let inner) = found else { return nil }
      range = inner
    }
    return nil
  }
}

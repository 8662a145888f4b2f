// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks over the fields of a message of Protocol Buffers:
/// https://protobuf.dev/programming-guides/encoding/. Groups, which nobody writes any more, end it.
struct ProtobufCursor {
  private var cursor: ByteCursor
  /// The number of the field that was read last.
  private(set) var field = 0
  /// Its value, when it is a number.
  private(set) var value: UInt64 = 0
  /// Where its bytes lie, when it has such; not beyond the message.
  private(set) var range = 0..<0
  private(set) var hasBytes = false

  init(_ range: Range<Int>) { cursor = ByteCursor(at: range.lowerBound, to: range.upperBound) }

  /// Moves to the next field; false at the end, or where it makes no sense.
  mutating func next(in bytes: Span<UInt8>) -> Bool {
    guard cursor.remaining > 0, let tag = try? cursor.varint(in: bytes), tag >> 3 > 0,
      tag >> 3 < 1 << 29
    else { return false }
    field = Int(tag >> 3)
    value = 0
    range = 0..<0
    hasBytes = tag & 7 == 2
    do throws(EndOfBytes) {
      switch tag & 7 {
      case 0: value = try cursor.varint(in: bytes)
      case 1: value = try cursor.littleEndianNumber(of: 8, in: bytes)
      case 2:
        let count = try cursor.varint(in: bytes)
        range = try cursor.range(of: Int(clamping: count), in: bytes)
      case 5: value = try cursor.littleEndianNumber(of: 4, in: bytes)
      default: return false
      }
    } catch {
      return false
    }
    return true
  }

  /// Whether all was read.
  var isAtEnd: Bool { cursor.remaining == 0 }
}

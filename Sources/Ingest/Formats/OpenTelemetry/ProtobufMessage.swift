// SPDX-License-Identifier: Apache-2.0

import Bytes

/// One field of a message in the wire format of protocol buffers
/// (https://protobuf.dev/programming-guides/encoding/).
struct ProtobufField {
  enum Value {
    case number(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// Bytes, a text, a message, or packed numbers; they lie in what is read.
    case bytes(Range<Int>)
  }

  var number: UInt32
  var value: Value
  /// Where it begins.
  var place: Int

  /// Where the bytes of a text or message lie.
  func range() throws(FormatError) -> Range<Int> {
    guard case .bytes(let range) = value else { throw wrongKind("bytes") }
    return range
  }

  func varint() throws(FormatError) -> UInt64 {
    guard case .number(let number) = value else { throw wrongKind("a number") }
    return number
  }

  func fixed64() throws(FormatError) -> UInt64 {
    guard case .fixed64(let number) = value else { throw wrongKind("a number of 64 bits") }
    return number
  }

  private func wrongKind(_ expected: String) -> FormatError {
    FormatError("byte \(place): field \(number) should hold \(expected)")
  }
}

/// Walks over the fields of one message, in the order in which they came. It does not borrow the bytes,
/// which are handed over with each read.
struct ProtobufMessage {
  private var cursor: ByteCursor

  init(_ range: Range<Int>) {
    cursor = ByteCursor(at: range.lowerBound, to: range.upperBound)
  }

  /// The next field; nil behind the last.
  mutating func next(in bytes: Span<UInt8>) throws(FormatError) -> ProtobufField? {
    guard cursor.remaining > 0 else { return nil }
    let place = cursor.place
    do throws(EndOfBytes) {
      let tag = try cursor.varint(in: bytes)
      // Field numbers have 29 bits.
      guard tag >> 3 > 0, tag >> 3 < 1 << 29 else {
        throw EndOfBytes(missing: 0)
      }
      let number = UInt32(tag >> 3)
      switch tag & 7 {
      case 0:
        return ProtobufField(
          number: number, value: .number(try cursor.varint(in: bytes)), place: place)
      case 1:
        return ProtobufField(
          number: number, value: .fixed64(try cursor.littleEndianNumber(of: 8, in: bytes)),
          place: place)
      case 2:
        let length = try cursor.varint(in: bytes)
        let range = try cursor.range(of: Int(clamping: length), in: bytes)
        return ProtobufField(number: number, value: .bytes(range), place: place)
      case 5:
        let value = UInt32(truncatingIfNeeded: try cursor.littleEndianNumber(of: 4, in: bytes))
        return ProtobufField(number: number, value: .fixed32(value), place: place)
      default: break
      }
    } catch {
      throw FormatError("byte \(place): no whole field of a protobuf message begins here")
    }
    throw FormatError("byte \(place): a field of a kind that is not in use")
  }
}

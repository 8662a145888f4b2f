// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Texts: a 16-bit mask of those that are not empty, in the order of ``CallTexts/visit(_:)``, and for
/// each where it begins, told from where the one before ended, and its length.
extension CallTexts {
  /// Whether there is any.
  var isEmpty: Bool { Self.mask(of: ordered) == 0 }

  private static func mask(of texts: borrowing InlineArray<15, Text>) -> UInt16 {
    var mask: UInt16 = 0
    for index in 0..<15 where texts[index].length != 0 { mask |= 1 << UInt16(index) }
    return mask
  }

  func write(to writer: inout WireWriter, cursor: inout UInt32) {
    let texts = ordered
    writer.fixed(Self.mask(of: texts))
    for index in 0..<15 where texts[index].length != 0 {
      texts[index].write(to: &writer, cursor: &cursor)
    }
  }

  init(from reader: inout WireReader, cursor: inout UInt32, textBytes: Int) {
    let mask = reader.fixed(UInt16.self)
    if mask & 0x8000 != 0 { reader.fail(.malformed, "a known text mask") }
    var texts = InlineArray<15, Text>(repeating: .empty)
    for index in 0..<15 where mask & 1 << UInt16(index) != 0 {
      texts[index] = Text(from: &reader, cursor: &cursor, textBytes: textBytes)
    }
    self.init(ordered: texts)
  }
}

extension Text {
  @inline(__always)
  func write(to writer: inout WireWriter, cursor: inout UInt32) {
    writer.zigzag(Int64(Int32(bitPattern: offset &- cursor)))
    writer.varint(UInt64(length))
    cursor = offset &+ length
  }

  /// A text that does not lie in the batch's `textBytes` bytes is a fault; an empty one has no place.
  @inline(__always)
  init(from reader: inout WireReader, cursor: inout UInt32, textBytes: Int) {
    let start = cursor &+ UInt32(truncatingIfNeeded: reader.zigzag())
    let count = reader.integer(UInt32.self)
    guard UInt64(start) + UInt64(count) <= UInt64(textBytes) else {
      reader.fail(.malformed, "a text inside the batch's text section")
      self = .empty
      return
    }
    self = count == 0 ? .empty : Text(offset: start, length: count)
    cursor = start &+ count
  }
}

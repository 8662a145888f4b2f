// SPDX-License-Identifier: Apache-2.0

import Bytes

extension ColumnBatch {
  /// A copy of some of the rows.
  package func rows(_ range: Range<Int>) -> ColumnBatch {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "there are no such rows")
    var part = self
    for index in buffers.indices { part.buffers[index] = buffers[index].rows(range) }
    return part
  }
}

extension ColumnBuffer {
  fileprivate func rows(_ range: Range<Int>) -> ColumnBuffer {
    var part = self
    part.data.removeAll()
    part.nulls.removeAll()
    part.ends.removeAll()
    var values = range
    if isArray {
      let ends = ends.bytes.span
      let first = Self.end(ofRow: range.lowerBound - 1, in: ends)
      values = first..<max(first, Self.end(ofRow: range.upperBound - 1, in: ends))
      for row in range { part.ends.append(UInt64(Self.end(ofRow: row, in: ends) - first)) }
    }
    part.count = values.count
    let bytes = data.bytes.span
    let place = form == .text ? Self.place(of: values, in: bytes) : values.scaled(by: width)
    part.data.append(bytes.clipped(place))
    if isNullable { part.nulls.append(nulls.bytes.span.clipped(values)) }
    return part
  }

  /// Elements up to and with a row of an array column; 0 before the first.
  private static func end(ofRow row: Int, in ends: Span<UInt8>) -> Int {
    guard row >= 0 else { return 0 }
    var value: UInt64 = 0
    for byte in 0..<8 { value |= UInt64(ends[row * 8 + byte]) << UInt64(byte * 8) }
    return Int(value)
  }

  /// Where texts lie that stand one behind the other, each behind its LEB128 length.
  private static func place(of values: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
    var offset = 0
    var first = 0
    for value in 0..<values.upperBound {
      if value == values.lowerBound { first = offset }
      var length = 0
      var shift = 0
      while bytes[offset] & 0x80 != 0 {
        length |= Int(bytes[offset] & 0x7f) << shift
        shift += 7
        offset += 1
      }
      length |= Int(bytes[offset]) << shift
      offset += 1 + length
    }
    return values.isEmpty ? offset..<offset : first..<offset
  }
}

extension Range<Int> {
  fileprivate func scaled(by width: Int) -> Range<Int> {
    lowerBound * width..<upperBound * width
  }
}

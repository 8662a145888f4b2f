// SPDX-License-Identifier: Apache-2.0

/// The values of a call, in the order in which it shows its columns: ``CallColumn/all``.
package struct CallValues: CallVisitor {
  /// As many columns as a call may have.
  package static let capacity = 64
  /// Numbers as they are, signed ones as their bits, places of texts as ``Text/bits``, and which of
  /// ``names`` a thread's name is. Those behind the last column mean nothing.
  package private(set) var values = InlineArray<64, UInt64>(repeating: 0)
  /// A bit for each column that does not have its default: a number that is not 0, an optional that is
  /// there, a text that is not empty.
  package private(set) var present: UInt64 = 0
  package private(set) var names = InlineArray<2, ThreadName>(repeating: .empty)
  /// Bytes of all texts.
  package private(set) var textBytes = 0
  private var nameCount = 0
  private var count = 0

  package init() {}

  @inline(__always)
  mutating func removeAll() {
    present = 0
    textBytes = 0
    nameCount = 0
    count = 0
  }

  @inline(__always)
  private mutating func append(_ value: UInt64, isPresent: Bool) {
    values[count] = value
    present |= (isPresent ? 1 : 0) << UInt64(truncatingIfNeeded: count)
    count += 1
  }

  @inline(__always)
  package mutating func number(_ column: CallColumn, _ value: UInt64) {
    append(value, isPresent: value != 0 || column.form == .enumeration)
  }

  @inline(__always)
  package mutating func optional(_ column: CallColumn, _ value: UInt64?) {
    append(value ?? 0, isPresent: value != nil)
  }

  @inline(__always)
  package mutating func text(_ column: CallColumn, _ value: Text) {
    append(value.bits, isPresent: value.length != 0)
    textBytes &+= Int(truncatingIfNeeded: value.length)
  }

  @inline(__always)
  package mutating func threadName(_ column: CallColumn, _ value: ThreadName) {
    append(UInt64(nameCount), isPresent: value.first != 0 || value.second != 0)
    names[nameCount] = value
    nameCount += 1
  }
}

extension Text {
  /// Offset and length in one number.
  @inlinable @inline(__always)
  package var bits: UInt64 { UInt64(offset) | UInt64(length) << 32 }

  @inlinable @inline(__always)
  package init(bits: UInt64) {
    self.init(
      offset: UInt32(truncatingIfNeeded: bits), length: UInt32(truncatingIfNeeded: bits >> 32))
  }
}

extension CallColumn {
  /// Every column, in the order in which a call shows them.
  package static let all: [CallColumn] = {
    var record = CallRecord.zero
    var collector = Collector()
    record.visitColumns(&collector)
    precondition(collector.columns.count <= CallValues.capacity, "every column has a value")
    return collector.columns
  }()

  private struct Collector: CallVisitor {
    var columns: [CallColumn] = []

    mutating func number(_ column: CallColumn, _ value: UInt64) { columns.append(column) }
    mutating func optional(_ column: CallColumn, _ value: UInt64?) { columns.append(column) }
    mutating func text(_ column: CallColumn, _ value: Text) { columns.append(column) }
    mutating func threadName(_ column: CallColumn, _ value: ThreadName) { columns.append(column) }
  }
}

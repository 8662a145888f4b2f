// SPDX-License-Identifier: Apache-2.0

/// A run of bytes kept elsewhere: in the `text` of the ``RecordBatch``, or the fields of the message,
/// that the value came with. Usually UTF-8, but it is what was on the wire: readers must not trust it.
///
/// Eight bytes in place of a `String` let a record travel from the parser to the store without an
/// allocation of its own.
@usableFromInline package struct Text: Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var offset: UInt32
  @usableFromInline package var length: UInt32

  @inlinable @inline(__always)
  package init(offset: UInt32, length: UInt32) {
    self.offset = offset
    self.length = length
  }

  @inlinable @inline(__always)
  package static var empty: Text { Text(offset: 0, length: 0) }

  @inlinable @inline(__always)
  package var isEmpty: Bool { length == 0 }
}

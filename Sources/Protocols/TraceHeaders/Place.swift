// SPDX-License-Identifier: Apache-2.0

/// Where something stands in a view, in eight bytes; views are shorter than 4 GiB.
package struct Place: Hashable, Sendable, BitwiseCopyable {
  private var start: UInt32 = 0
  private var end: UInt32 = 0

  @inline(__always)
  package init() {}

  /// `start` must not be behind `end`.
  @inline(__always)
  package init(start: Int, end: Int) {
    self.start = UInt32(clamping: start)
    self.end = UInt32(clamping: end)
  }

  @inline(__always)
  package var isEmpty: Bool { start == end }

  @inline(__always)
  package var range: Range<Int> { Int(start)..<Int(end) }
}

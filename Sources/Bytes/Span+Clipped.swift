// SPDX-License-Identifier: Apache-2.0

/// Cutting a view by places that were read from bytes, or found in another view.
extension Span where Element == UInt8 {
  /// The bytes from `start` up to `end`, as far as there are any: what lies outside of the view is left
  /// out, and an end before the start gives nothing. No two numbers trap, which is why input-derived
  /// ranges are cut by this only.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  package func clipped(from start: Int, to end: Int) -> Span<UInt8> {
    let upper = Swift.min(Swift.max(0, end), count)
    let lower = Swift.min(Swift.max(0, start), upper)
    return extracting(lower..<upper)
  }

  /// As above, of a range.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  package func clipped(_ range: Range<Int>) -> Span<UInt8> {
    clipped(from: range.lowerBound, to: range.upperBound)
  }
}

// SPDX-License-Identifier: Apache-2.0

/// A point in time: nanoseconds since the Unix epoch.
///
/// Capture converts the kernel's boot clock to this once, at the edge; everything behind it is
/// handed time and never reads a clock. The range ends in the year 2262.
@usableFromInline package struct Timestamp: Hashable, Comparable, Sendable, BitwiseCopyable {
  @usableFromInline package var nanoseconds: Int64

  @inlinable @inline(__always)
  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  package init(microseconds: Int64) {
    nanoseconds = microseconds &* 1_000
  }

  package init(seconds: Int64) {
    nanoseconds = seconds &* 1_000_000_000
  }

  /// Whole microseconds since the epoch, the unit of every stored time; rounds down.
  package var microseconds: Int64 {
    let quotient = nanoseconds / 1_000
    return nanoseconds < quotient &* 1_000 ? quotient - 1 : quotient
  }

  /// Whole seconds since the epoch; rounds down.
  @inlinable @inline(__always)
  package var seconds: Int64 {
    let quotient = nanoseconds / 1_000_000_000
    return nanoseconds < quotient &* 1_000_000_000 ? quotient - 1 : quotient
  }

  @inlinable @inline(__always)
  package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Nanoseconds from `b` to `a`; negative when `a` is earlier. Wraps rather than traps.
  @inlinable @inline(__always)
  package static func - (a: Self, b: Self) -> Int64 { a.nanoseconds &- b.nanoseconds }

  @inlinable @inline(__always)
  package static func + (a: Self, nanoseconds: Int64) -> Self {
    Timestamp(nanoseconds: a.nanoseconds &+ nanoseconds)
  }
}

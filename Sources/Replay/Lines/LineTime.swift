// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes times: whole seconds, and whole microseconds, since the Unix epoch.
///
/// Remembers the digits of the last second, because the next time is most often in it too.
struct LineTime {
  private var second: Int64 = -1
  private var digits: (UInt64, UInt16) = (0, 0)

  /// `1790000000`: rounded down.
  @inline(__always)
  mutating func seconds(_ time: Timestamp, to writer: inout LineWriter) {
    guard remember(time.nanoseconds) != nil else { return writer.number(time.seconds) }
    writer.tenDigits(digits)
  }

  /// `1790000000000000`: rounded down.
  @inline(__always)
  mutating func microseconds(_ time: Timestamp, to writer: inout LineWriter) {
    guard let rest = remember(time.nanoseconds) else { return writer.number(time.microseconds) }
    writer.tenDigits(digits)
    writer.sixDigits(rest)
  }

  /// Has the digits of the time's second ready, and gives the microseconds that are left; nil for a
  /// time whose seconds do not have ten digits.
  @inline(__always)
  private mutating func remember(_ nanoseconds: Int64) -> UInt32? {
    let rest = nanoseconds &- second &* 1_000_000_000
    // One comparison for both ends: before the second is far above it.
    if second > 0, UInt64(bitPattern: rest) < 1_000_000_000 {
      return UInt32(truncatingIfNeeded: rest) / 1_000
    }
    return change(nanoseconds)
  }

  private mutating func change(_ nanoseconds: Int64) -> UInt32? {
    let found = nanoseconds / 1_000_000_000
    guard (1_000_000_000...9_999_999_999).contains(found) else { return nil }
    second = found
    digits = (0, 0)
    for (index, digit) in String(found).utf8.enumerated() {
      if index < 8 {
        digits.0 |= UInt64(digit) << UInt64(index * 8)
      } else {
        digits.1 |= UInt16(digit) << UInt16(index * 8 - 64)
      }
    }
    return UInt32(nanoseconds % 1_000_000_000) / 1_000
  }
}

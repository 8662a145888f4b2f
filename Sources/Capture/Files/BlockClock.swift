// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Turns the times of pcapng blocks into ours; options if_tsresol and if_tsoffset.
struct BlockClock {
  /// Units a second: a power of ten up to 10^9 has `multiplier`, a larger one `divisor`, a power of
  /// two `shift`.
  private var multiplier: UInt64 = 1_000
  private var divisor: UInt64 = 1
  private var shift: UInt64?
  /// Seconds to add.
  var offset: Int64 = 0

  init() {}

  /// - Parameter resolution: as in the file; the highest bit says "power of two".
  init?(resolution: UInt8) {
    let exponent = Int(resolution & 0x7f)
    if resolution & 0x80 != 0 {
      guard exponent < 64 else { return nil }
      shift = UInt64(exponent)
    } else if exponent <= 9 {
      multiplier = Self.powerOfTen(9 - exponent)
    } else {
      guard exponent <= 18 else { return nil }
      multiplier = 1
      divisor = Self.powerOfTen(exponent - 9)
    }
  }

  @inline(__always)
  func time(high: UInt32, low: UInt32) -> Timestamp {
    let units = UInt64(high) << 32 | UInt64(low)
    let nanoseconds: UInt64
    if let shift {
      let seconds = (units >> shift).multipliedReportingOverflow(by: 1_000_000_000)
      let rest = (units & (1 << shift &- 1)).multipliedFullWidth(by: 1_000_000_000)
      let fraction = shift == 0 ? 0 : rest.high << (64 - shift) | rest.low >> shift
      nanoseconds = seconds.overflow ? .max : seconds.partialValue &+ fraction
    } else {
      let product = units.multipliedReportingOverflow(by: multiplier)
      nanoseconds = product.overflow ? .max : product.partialValue / divisor
    }
    let limited = Int64(clamping: nanoseconds)
    if offset == 0 { return CaptureReader.clamped(limited) }
    let shifted = offset.multipliedReportingOverflow(by: 1_000_000_000)
    let sum = limited.addingReportingOverflow(shifted.partialValue)
    guard !shifted.overflow, !sum.overflow else { return CaptureReader.clamped(offset) }
    return CaptureReader.clamped(sum.partialValue)
  }

  private static func powerOfTen(_ exponent: Int) -> UInt64 {
    (0..<exponent).reduce(1) { product, _ in product * 10 }
  }
}

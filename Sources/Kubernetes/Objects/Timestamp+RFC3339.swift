// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension Timestamp {
  /// Reads `2026-11-23T01:19:29Z`, also with a fraction or an offset (RFC 3339 section 5.6); nil for
  /// anything else.
  package init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      guard range.upperBound <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[range] {
        guard byte &- 0x30 < 10 else { return nil }
        value = value * 10 + Int64(byte &- 0x30)
      }
      return value
    }
    guard bytes.count >= 20, bytes[4] == 0x2d, bytes[7] == 0x2d, bytes[10] | 0x20 == 0x74,
      bytes[13] == 0x3a, bytes[16] == 0x3a, let year = number(0..<4), let month = number(5..<7),
      let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16),
      let second = number(17..<19), (1970...2261).contains(year), (1...12).contains(month),
      (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    var nanoseconds: Int64 = 0
    var end = 19
    if bytes[end] == UInt8(ascii: ".") {
      end += 1
      var unit: Int64 = 100_000_000
      while end < bytes.count, bytes[end] &- 0x30 < 10 {
        nanoseconds += Int64(bytes[end] &- 0x30) * unit
        unit /= 10
        end += 1
      }
    }
    guard let offset = Self.offset(bytes[end...], number) else { return nil }
    let days = Self.days(year: year, month: month, day: day)
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
    self.init(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
  }

  /// Seconds ahead of UTC.
  private static func offset(
    _ zone: ArraySlice<UInt8>, _ number: (Range<Int>) -> Int64?
  ) -> Int64? {
    guard let first = zone.first else { return nil }
    let start = zone.startIndex
    if first | 0x20 == 0x7a { return zone.count == 1 ? 0 : nil }
    guard first == UInt8(ascii: "+") || first == UInt8(ascii: "-"), zone.count == 6,
      zone[start + 3] == 0x3a, let hours = number(start + 1..<start + 3), hours < 24,
      let minutes = number(start + 4..<start + 6), minutes < 60
    else { return nil }
    let offset = hours * 3_600 + minutes * 60
    return first == UInt8(ascii: "-") ? -offset : offset
  }

  /// Days from 1970-01-01 in the Gregorian calendar; years begin in March, so that a leap day is a
  /// year's last.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }
}

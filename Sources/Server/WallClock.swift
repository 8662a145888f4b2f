// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Nanoseconds since the Unix epoch, exact to about a microsecond.
func wallClock() -> Int64 {
  Int64(Date().timeIntervalSince1970 * 1e6) * 1_000
}

/// RFC 3339 in UTC, to the second; empty for 0.
func internetTime(_ nanoseconds: Int64) -> String {
  guard nanoseconds > 0 else { return "" }
  return Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000)).ISO8601Format()
}

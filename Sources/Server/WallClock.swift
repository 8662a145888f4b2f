// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Nanoseconds since the Unix epoch.
func wallClock() -> Int64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &now)
  return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

/// RFC 3339 in UTC, to the second; empty for 0.
func internetTime(_ nanoseconds: Int64) -> String {
  guard nanoseconds > 0 else { return "" }
  var seconds = time_t(nanoseconds / 1_000_000_000)
  var parts = unsafe tm()
  unsafe gmtime_r(&seconds, &parts)
  func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
  let date = unsafe "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
  let time = unsafe "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
  return date + "T" + time + "Z"
}

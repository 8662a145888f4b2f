// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What is asked of every call, without a call into another module, which would copy the record.
extension CallRecord {
  /// ``durationMicroseconds`` of a call that has one.
  @inline(__always)
  var duration: UInt64 {
    mutating get {
      // Times from 1970 on, as capture files have them: rounding down is dividing.
      let microseconds = end.nanoseconds / 1_000 &- start.nanoseconds / 1_000
      return microseconds > 0 ? UInt64(microseconds) : 0
    }
  }
}

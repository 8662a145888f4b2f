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

extension CallTexts {
  /// Bytes of all texts, at most 4 GiB as in any batch.
  @inline(__always)
  var byteCount: UInt32 {
    mutating get {
      version.length &+ requestType.length &+ requestDomain.length &+ requestResource.length
        &+ endpoint.length &+ responseException.length &+ responseResult.length &+ traceID.length
        &+ spanID.length &+ parentSpanID.length &+ requestXRequestID.length
        &+ responseXRequestID.length &+ proxyClient.length &+ userAgent.length &+ referer.length
    }
  }
}

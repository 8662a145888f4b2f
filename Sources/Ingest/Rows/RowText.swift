// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension Text {
  /// The bytes in a batch's `text` that this is about; empty when it points outside.
  @inline(__always) @_lifetime(copy text)
  func bytes(in text: Span<UInt8>) -> Span<UInt8> {
    let start = Int(offset)
    let end = start + Int(length)
    return end <= text.count ? text.clipped(from: start, to: end) : text.extracting(first: 0)
  }
}

extension ThreadName {
  /// The bytes before the first zero.
  @inline(__always)
  func withBytes(_ body: (Span<UInt8>) -> Void) {
    guard first != 0 else { return body(Span()) }
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    var count = 0
    while count < 16 {
      let word = count < 8 ? first : second
      let byte = UInt8(truncatingIfNeeded: word >> UInt64(count % 8 * 8))
      if byte == 0 { break }
      bytes[count] = byte
      count += 1
    }
    body(bytes.span.extracting(first: count))
  }
}

extension Timestamp {
  /// As stored in a `DateTime`, whose range ends in the year 2106.
  var storedSeconds: UInt32 { UInt32(clamping: seconds) }
}

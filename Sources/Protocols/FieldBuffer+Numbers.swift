// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension FieldBuffer {
  /// Pushes `number` in decimal digits.
  package mutating func push(decimal number: UInt64) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var start = 20
    var rest = number
    repeat {
      start -= 1
      digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    for index in start..<20 { push(digits[index]) }
  }

  /// Pushes an address of four or sixteen bytes in network order as text; nothing for other counts.
  package mutating func push(address: Span<UInt8>) {
    if address.count == 4 {
      for index in 0..<4 {
        if index > 0 { push(UInt8(ascii: ".")) }
        push(decimal: UInt64(address[index]))
      }
    } else if address.count == 16 {
      var high: UInt64 = 0
      var low: UInt64 = 0
      for index in 0..<8 {
        high = high << 8 | UInt64(address[index])
        low = low << 8 | UInt64(address[index + 8])
      }
      for byte in IPAddress(high: high, low: low).description.utf8 { push(byte) }
    }
  }
}

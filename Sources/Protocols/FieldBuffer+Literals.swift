// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

extension FieldBuffer {
  /// Adds an attribute whose value is one of the program's own words.
  package mutating func append(
    attribute name: StaticString, _ value: StaticString, to run: inout Text
  ) {
    value.withUTF8Buffer { buffer in append(attribute: name, unsafe buffer.span, to: &run) }
  }

  /// Adds an attribute whose value is a number, in decimal digits.
  package mutating func append(attribute name: StaticString, number: Int64, to run: inout Text) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var start = 20
    var rest = number.magnitude
    repeat {
      start -= 1
      digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    if number < 0 {
      start -= 1
      digits[start] = UInt8(ascii: "-")
    }
    append(attribute: name, digits.span.clipped(from: start, to: 20), to: &run)
  }
}

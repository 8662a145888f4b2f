// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// A number in decimal digits.
struct DecimalDigits {
  private var digits = InlineArray<20, UInt8>(repeating: 0)
  private var start = 20

  init(_ number: UInt64) {
    var rest = number
    repeat {
      start -= 1
      digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
  }

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { digits.span.extracting(droppingFirst: start) }
  }
}

/// Up to three numbers in decimal digits with colons between them.
struct NumberRow {
  private var room = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { room.span.extracting(first: count) }
  }

  /// Adds a number, if there is room for one of any size.
  mutating func push(_ number: UInt64) {
    guard count <= 42 else { return }
    if count > 0 {
      room[count] = UInt8(ascii: ":")
      count += 1
    }
    let digits = DecimalDigits(number)
    for index in digits.span.indices {
      room[count] = digits.span[index]
      count += 1
    }
  }
}

extension FieldBuffer {
  /// Pushes `number` in decimal digits.
  package mutating func push(decimal number: UInt64) {
    let digits = DecimalDigits(number)
    push(digits.span)
  }

  /// Pushes `number` as `0x` and so many hexadecimal digits.
  package mutating func push(hexadecimal number: UInt64, digits: Int) {
    push("0x")
    for place in stride(from: digits - 1, through: 0, by: -1) {
      let digit = UInt8(number >> UInt64(place * 4) & 15)
      push(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
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

// SPDX-License-Identifier: Apache-2.0

/// Digits that were written before: of the numbers below 100, and of the bytes of an address.
///
/// A copy is three pointers; whoever made the tables calls ``free()`` when no copy is used any
/// more.
@safe
struct NumberTables {
  private let pairs: UnsafeMutablePointer<UInt16>
  /// Three digits, and how many of them count in the highest byte.
  private let octets: UnsafeMutablePointer<UInt32>
  /// By the bits of a number, the greatest power of ten that one of them reaches.
  private let powers: UnsafeMutablePointer<UInt32>

  init() {
    unsafe pairs = .allocate(capacity: 100)
    for value in 0..<100 {
      unsafe pairs[value] =
        UInt16(littleEndian: UInt16(0x30 + value / 10) | UInt16(0x30 + value % 10) << 8)
    }
    unsafe octets = .allocate(capacity: 256)
    for value in 0..<256 {
      let digits = Array(String(value).utf8)
      var word = UInt32(digits.count) << 24
      for (index, digit) in digits.enumerated() { word |= UInt32(digit) << UInt32(index * 8) }
      unsafe octets[value] = word
    }
    unsafe powers = .allocate(capacity: 33)
    for bits in 0...32 {
      // The power of ten that only some numbers of so many bits reach, or that all do.
      var power: UInt64 = 1
      while power * 10 < 1 << UInt64(bits) { power *= 10 }
      unsafe powers[bits] = UInt32(power)
    }
  }

  func free() {
    unsafe pairs.deallocate()
    unsafe octets.deallocate()
    unsafe powers.deallocate()
  }

  @inline(__always)
  func pair(_ value: UInt32) -> UInt16 { unsafe pairs[Int(value)] }

  @inline(__always)
  func octet(_ value: UInt32) -> UInt32 { unsafe octets[Int(value)] }

  /// Decimal digits of a number.
  @inline(__always)
  func digits(_ value: UInt32) -> Int {
    // log10(2) is about 1233 / 4096: exact enough for 32 bits.
    let bits = 32 &- (value | 1).leadingZeroBitCount
    let fewest = (bits &* 1_233) >> 12
    return fewest &+ (unsafe value >= powers[bits] ? 1 : 0)
  }
}

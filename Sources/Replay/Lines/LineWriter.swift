// SPDX-License-Identifier: Apache-2.0

/// Writes the pieces of a JSON line at a place in memory, forward.
///
/// Nothing here looks whether there is room: whoever makes a writer has made room for the longest
/// line that it will write, plus ``slack``, because short copies are rounded up.
@safe
struct LineWriter {
  /// Bytes behind the last one written that a copy may touch.
  static let slack = 64

  private(set) var place: UnsafeMutablePointer<UInt8>
  private let tables: NumberTables

  init(at place: UnsafeMutablePointer<UInt8>, tables: NumberTables) {
    unsafe self.place = place
    self.tables = tables
  }

  @inline(__always)
  mutating func raw(_ literal: StaticString) {
    let count = literal.utf8CodeUnitCount
    unsafe place.update(from: literal.utf8Start, count: count)
    unsafe place += count
  }

  @inline(__always)
  mutating func byte(_ value: UInt8) {
    unsafe place.pointee = value
    unsafe place += 1
  }

  /// Takes back the byte written last, where it is `value`.
  @inline(__always)
  mutating func takeBack(_ value: UInt8) {
    if unsafe (place - 1).pointee == value { unsafe place -= 1 }
  }

  /// Copies a ready piece: 64 bytes of memory, the last of which says how many of them count.
  @inline(__always)
  mutating func piece(_ source: UnsafePointer<UInt8>) {
    unsafe place.update(from: source, count: 64)
    unsafe place += Int(source[63])
  }

  @inline(__always)
  mutating func block(_ source: UnsafePointer<UInt8>, count: Int) {
    unsafe place.update(from: source, count: count)
    unsafe place += count
  }
}

/// Numbers.
extension LineWriter {
  mutating func number(_ value: UInt64) {
    if value < 10 {
      byte(UInt8(truncatingIfNeeded: value) &+ 0x30)
    } else if value <= 0xffff_ffff {
      small(UInt32(truncatingIfNeeded: value))
    } else {
      large(value)
    }
  }

  mutating func number(_ value: Int64) {
    if value < 0 { byte(UInt8(ascii: "-")) }
    number(value.magnitude)
  }

  /// Ten digits that were written before.
  @inline(__always)
  mutating func tenDigits(_ digits: (UInt64, UInt16)) {
    unsafe UnsafeMutableRawPointer(place).storeBytes(of: digits.0, as: UInt64.self)
    unsafe UnsafeMutableRawPointer(place + 8).storeBytes(of: digits.1, as: UInt16.self)
    unsafe place += 10
  }

  /// Exactly six digits.
  @inline(__always)
  mutating func sixDigits(_ value: UInt32) {
    let high = value / 10_000
    let low = value % 10_000
    pair(high, at: 0)
    pair(low / 100, at: 2)
    pair(low % 100, at: 4)
    unsafe place += 6
  }

  private mutating func small(_ value: UInt32) {
    var rest = value
    var offset = tables.digits(value)
    let end = offset
    while rest >= 100 {
      offset -= 2
      pair(rest % 100, at: offset)
      rest /= 100
    }
    if rest >= 10 {
      pair(rest, at: 0)
    } else {
      unsafe place.pointee = UInt8(truncatingIfNeeded: rest) &+ 0x30
    }
    unsafe place += end
  }

  /// Above 2^32: the head, and nine digits.
  private mutating func large(_ value: UInt64) {
    let (head, tail) = value.quotientAndRemainder(dividingBy: 1_000_000_000)
    if head <= 0xffff_ffff { small(UInt32(truncatingIfNeeded: head)) } else { large(head) }
    let low = UInt32(truncatingIfNeeded: tail)
    byte(UInt8(truncatingIfNeeded: low / 100_000_000) &+ 0x30)
    let eight = low % 100_000_000
    pair(eight / 1_000_000, at: 0)
    pair(eight / 10_000 % 100, at: 2)
    pair(eight / 100 % 100, at: 4)
    pair(eight % 100, at: 6)
    unsafe place += 8
  }

  /// Two digits of a value below 100.
  @inline(__always)
  private mutating func pair(_ value: UInt32, at offset: Int) {
    unsafe UnsafeMutableRawPointer(place + offset).storeBytes(
      of: tables.pair(value), as: UInt16.self)
  }

  /// The digits of one byte of an IPv4 address.
  @inline(__always)
  private mutating func octet(_ value: UInt32) {
    let text = tables.octet(value)
    unsafe UnsafeMutableRawPointer(place).storeBytes(of: text, as: UInt32.self)
    unsafe place += Int(text >> 24)
  }

  /// An IPv4 address, read as a big-endian integer.
  @inline(__always)
  mutating func dotted(_ address: UInt32) {
    octet(address >> 24)
    byte(UInt8(ascii: "."))
    octet(address >> 16 & 0xff)
    byte(UInt8(ascii: "."))
    octet(address >> 8 & 0xff)
    byte(UInt8(ascii: "."))
    octet(address & 0xff)
  }
}

/// Text.
extension LineWriter {
  /// Bytes that one byte of text may become: `\u001f`.
  static let expansion = 6

  /// The inside of a JSON string (RFC 8259 section 7). What is not UTF-8 becomes U+FFFD.
  mutating func text(_ source: UnsafePointer<UInt8>, count: Int) {
    var offset = 0
    while offset &+ 8 <= count {
      guard unsafe copyWord(source, at: offset, to: offset) else {
        return unsafe carefully(source, from: offset, count: count)
      }
      offset &+= 8
    }
    if count >= 8 {
      // The last eight bytes again, with those that are left.
      guard unsafe copyWord(source, at: count &- 8, to: count &- 8) else {
        return unsafe carefully(source, from: offset, count: count)
      }
    } else {
      while offset < count {
        let byte = unsafe source[offset]
        guard byte &- 0x20 < 0x60, byte != 0x22, byte != 0x5c else {
          return unsafe carefully(source, from: offset, count: count)
        }
        unsafe place[offset] = byte
        offset &+= 1
      }
    }
    unsafe place += count
  }

  /// Copies eight bytes; false when one of them needs more than copying.
  @inline(__always)
  private mutating func copyWord(
    _ source: UnsafePointer<UInt8>, at offset: Int, to target: Int
  ) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let word = unsafe UnsafeRawPointer(source + offset).loadUnaligned(as: UInt64.self)
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5c)
    // A byte's high bit is set where it is below 0x20, the quote, the backslash, or above 0x7f.
    let marks = (word &- (ones &* 0x20)) | (quote &- ones) | (backslash &- ones) | word
    guard marks & (ones &* 0x80) == 0 else { return false }
    unsafe UnsafeMutableRawPointer(place + target).storeBytes(of: word, as: UInt64.self)
    return true
  }

  /// Goes on behind the `offset` bytes that were copied.
  @inline(never)
  private mutating func carefully(
    _ source: UnsafePointer<UInt8>, from offset: Int, count: Int
  ) {
    unsafe place += offset
    let rest = unsafe UnsafeBufferPointer(start: source + offset, count: count - offset)
    for byte in unsafe String(decoding: rest, as: UTF8.self).utf8 { escaped(byte) }
  }

  mutating func escaped(_ value: UInt8) {
    switch value {
    case UInt8(ascii: "\""): raw("\\\"")
    case UInt8(ascii: "\\"): raw("\\\\")
    case 0x0a: raw("\\n")
    case 0x0d: raw("\\r")
    case 0x09: raw("\\t")
    case 0..<0x20:
      raw("\\u00")
      hexDigit(value >> 4)
      hexDigit(value & 15)
    default: byte(value)
    }
  }

  private mutating func hexDigit(_ value: UInt8) {
    byte(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
  }
}

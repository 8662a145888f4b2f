// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What documents have that lines do not.
extension LineReader {
  /// Goes to the next member of an object and reads its name; false behind the last.
  ///
  /// - Parameter isFirst: True before the first; the reader then stands before the object.
  @_lifetime(self: copy self)
  mutating func member(_ isFirst: inout Bool, into name: inout [UInt8]) throws(FormatError) -> Bool
  {
    if isFirst {
      isFirst = false
      try expect(UInt8(ascii: "{"), "'{'")
      if take(UInt8(ascii: "}")) { return false }
    } else if !take(UInt8(ascii: ",")) {
      try expect(UInt8(ascii: "}"), "',' or '}'")
      return false
    }
    name.removeAll(keepingCapacity: true)
    try string(into: &name)
    try expect(UInt8(ascii: ":"), "':'")
    return true
  }

  /// Goes to the next element of a list; false behind the last.
  @_lifetime(self: copy self)
  mutating func element(_ isFirst: inout Bool) throws(FormatError) -> Bool {
    if isFirst {
      isFirst = false
      try expect(UInt8(ascii: "["), "'['")
      return !take(UInt8(ascii: "]"))
    }
    if take(UInt8(ascii: ",")) { return true }
    try expect(UInt8(ascii: "]"), "',' or ']'")
    return false
  }

  @_lifetime(self: copy self)
  mutating func boolean() throws(FormatError) -> Bool {
    if peek() == UInt8(ascii: "t") {
      try word("true")
      return true
    }
    guard peek() == UInt8(ascii: "f") else { throw fault("expected true or false") }
    try word("false")
    return false
  }

  /// Where a number of any kind stands.
  @_lifetime(self: copy self)
  mutating func numberText() throws(FormatError) -> Range<Int> {
    _ = peek()
    let start = offset
    _ = take(UInt8(ascii: "-"))
    try digits(start)
    if offset < count, byte(offset) == UInt8(ascii: ".") {
      offset += 1
      try digits(start)
    }
    if offset < count, byte(offset) | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if offset < count, byte(offset) == UInt8(ascii: "+") || byte(offset) == UInt8(ascii: "-") {
        offset += 1
      }
      try digits(start)
    }
    return start..<offset
  }

  @_lifetime(self: copy self)
  private mutating func digits(_ start: Int) throws(FormatError) {
    let first = offset
    while offset < count, byte(offset) &- 0x30 < 10 { offset += 1 }
    guard offset > first else { throw fault("expected a number", at: start) }
  }

  /// Appends a text, or the digits of a number: 64-bit numbers come as either.
  @_lifetime(self: copy self)
  mutating func scalar(into text: inout [UInt8]) throws(FormatError) {
    if peek() == UInt8(ascii: "\"") { return try string(into: &text) }
    for index in try numberText() { text.append(byte(index)) }
  }

  /// A number from 0 to 2^64 - 1, also one in quotation marks.
  @_lifetime(self: copy self)
  mutating func unsigned() throws(FormatError) -> UInt64 {
    _ = peek()
    let start = offset
    var text: [UInt8] = []
    try scalar(into: &text)
    guard let value = UInt64(String(decoding: text, as: UTF8.self)) else {
      throw fault("expected a whole number from 0 to 2^64 - 1", at: start)
    }
    return value
  }

  /// A number of 64 bits with a sign, also one in quotation marks.
  @_lifetime(self: copy self)
  mutating func signed() throws(FormatError) -> Int64 {
    _ = peek()
    let start = offset
    var text: [UInt8] = []
    try scalar(into: &text)
    guard let value = Int64(String(decoding: text, as: UTF8.self)) else {
      throw fault("expected a whole number of 64 bits", at: start)
    }
    return value
  }
}

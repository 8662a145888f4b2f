// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Reads JSON (RFC 8259), forward: a line of records, or a document.
struct LineReader: ~Escapable {
  /// How deep lists and objects may lie in each other, where they are passed over.
  private static let lineDepth = 8
  private static let documentDepth = 64

  private let bytes: Span<UInt8>
  private let line: Int
  private let isDocument: Bool
  var offset = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, line: Int) {
    self.bytes = bytes
    self.line = line
    isDocument = false
  }

  /// A document may have line breaks, and numbers with fractions.
  @_lifetime(copy bytes)
  init(document bytes: Span<UInt8>) {
    self.bytes = bytes
    line = 1
    isDocument = true
  }

  var count: Int { bytes.count }

  func byte(_ index: Int) -> UInt8 { bytes[index] }

  /// A fault at `offset`, or where the reader stands.
  func fault(_ message: String, at offset: Int? = nil) -> FormatError {
    let offset = offset ?? self.offset
    var place = FormatError.Place(line: line, column: offset + 1)
    guard isDocument else { return FormatError(message, at: place) }
    for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0a {
      place.line += 1
      place.column = offset - index
    }
    return FormatError(message, at: place)
  }

  /// The next byte behind white space; nil at the end of the line.
  @_lifetime(self: copy self)
  mutating func peek() -> UInt8? {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0d: offset += 1
      case 0x0a where isDocument: offset += 1
      case let byte: return byte
      }
    }
    return nil
  }

  /// Goes behind `byte`, if it is the next one.
  @_lifetime(self: copy self)
  mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    offset += 1
    return true
  }

  @_lifetime(self: copy self)
  mutating func expect(_ byte: UInt8, _ what: String) throws(FormatError) {
    guard take(byte) else { throw fault("expected \(what)") }
  }

  /// Goes behind `null`, if it is what stands here.
  @_lifetime(self: copy self)
  mutating func takeNull() throws(FormatError) -> Bool {
    guard peek() == UInt8(ascii: "n") else { return false }
    try word("null")
    return true
  }

  @_lifetime(self: copy self)
  mutating func word(_ text: StaticString) throws(FormatError) {
    let start = offset
    for index in 0..<text.utf8CodeUnitCount {
      let expected = unsafe text.utf8Start[index]
      guard offset < bytes.count, bytes[offset] == expected else {
        throw fault("expected \(text)", at: start)
      }
      offset += 1
    }
  }

  /// A whole number: its digits' value, and whether a minus stands before it.
  @_lifetime(self: copy self)
  mutating func number() throws(FormatError) -> (magnitude: UInt64, isNegative: Bool) {
    let isNegative = take(UInt8(ascii: "-"))
    let start = offset
    var value: UInt64 = 0
    while offset < bytes.count, bytes[offset] &- 0x30 < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[offset] &- 0x30))
      guard !overflow, !carry else { throw fault("the number is too large", at: start) }
      value = sum
      offset += 1
    }
    guard offset > start else { throw fault("expected a whole number") }
    if offset < bytes.count, [0x2e, 0x45, 0x65].contains(bytes[offset]) {
      throw fault("expected a whole number, without a fraction or an exponent", at: start)
    }
    return (value, isNegative)
  }

  /// Appends what a string means to `text`.
  @_lifetime(self: copy self)
  mutating func string(into text: inout [UInt8]) throws(FormatError) {
    try expect(UInt8(ascii: "\""), "a text in quotation marks")
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""): return
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw fault("a control character stands in a text", at: offset - 1)
      default: text.append(byte)
      }
    }
    throw fault("the line ends in the middle of a text")
  }

  @_lifetime(self: copy self)
  private mutating func escape(into text: inout [UInt8]) throws(FormatError) {
    guard offset < bytes.count else { throw fault("the line ends in the middle of a text") }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text += String(try scalar()).utf8
    default: throw fault("'\\' stands before a character that it does not go with", at: offset - 1)
    }
  }

  /// The scalar behind `\u`; halves of surrogates that stand alone become U+FFFD.
  @_lifetime(self: copy self)
  private mutating func scalar() throws(FormatError) -> Unicode.Scalar {
    let first = try fourDigits()
    guard first >> 10 == 0x36, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
      bytes[offset + 1] == UInt8(ascii: "u")
    else { return Unicode.Scalar(first) ?? "\u{fffd}" }
    let back = offset
    offset += 2
    let second = try fourDigits()
    guard second >> 10 == 0x37 else {
      offset = back
      return "\u{fffd}"
    }
    return Unicode.Scalar(0x10000 + (first & 0x3ff) << 10 + second & 0x3ff) ?? "\u{fffd}"
  }

  @_lifetime(self: copy self)
  private mutating func fourDigits() throws(FormatError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard offset < bytes.count, let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue
      else { throw fault("expected four hexadecimal digits behind \\u") }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }

  /// Goes over a value of any kind.
  @_lifetime(self: copy self)
  mutating func skipValue(depth: Int = 0) throws(FormatError) {
    guard depth < (isDocument ? Self.documentDepth : Self.lineDepth) else {
      throw fault("lists and objects lie too deep in each other")
    }
    switch peek() {
    case UInt8(ascii: "\""):
      var text: [UInt8] = []
      try string(into: &text)
    case UInt8(ascii: "["):
      offset += 1
      guard !take(UInt8(ascii: "]")) else { return }
      repeat { try skipValue(depth: depth + 1) } while take(UInt8(ascii: ","))
      try expect(UInt8(ascii: "]"), "',' or ']'")
    case UInt8(ascii: "{"):
      offset += 1
      guard !take(UInt8(ascii: "}")) else { return }
      repeat {
        var key: [UInt8] = []
        try string(into: &key)
        try expect(UInt8(ascii: ":"), "':'")
        try skipValue(depth: depth + 1)
      } while take(UInt8(ascii: ","))
      try expect(UInt8(ascii: "}"), "',' or '}'")
    case UInt8(ascii: "n"): try word("null")
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    default: if isDocument { _ = try numberText() } else { _ = try number() }
    }
  }
}

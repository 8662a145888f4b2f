// SPDX-License-Identifier: Apache-2.0

/// Cuts a query into tokens.
///
/// Strings take '' and the escapes \\ \' \" \n \r \t \0; any other backslash stands for itself, so that
/// regular expressions need no doubling. Comments are -- and # to the line's end and /* ... */.
struct Lexer {
  private let bytes: [UInt8]
  private var offset = 0

  /// - Throws: ``QueryError`` when the text is longer than ``DialectLimits/textBytes``.
  init(_ source: String) throws(QueryError) {
    bytes = Array(source.utf8)
    guard bytes.count <= DialectLimits.textBytes else {
      throw QueryError(
        .limit, "the query has \(bytes.count) bytes; the limit is \(DialectLimits.textBytes)")
    }
  }

  /// All tokens, the last one `.end`.
  mutating func tokens() throws(QueryError) -> [Token] {
    var tokens: [Token] = []
    while true {
      let token = try next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  private mutating func next() throws(QueryError) -> Token {
    let previous = offset
    try skipBlanks()
    let start = offset
    // What is missing at the end is missing behind the last word.
    guard offset < bytes.count else { return Token(kind: .end, start: previous, end: previous) }
    let kind: Token.Kind
    switch bytes[offset] {
    case UInt8(ascii: "'"): kind = .string(try quoted())
    case UInt8(ascii: "\""): kind = .doubleQuoted(try quoted())
    case UInt8(ascii: "`"): kind = .quotedName(try quoted())
    case let byte where Self.isDigit(byte): kind = try number()
    case let byte where Self.startsWord(byte): kind = .word(word())
    default: kind = try symbol()
    }
    return Token(kind: kind, start: start, end: offset)
  }

  private mutating func skipBlanks() throws(QueryError) {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D, 0x0C:
        offset += 1
      case UInt8(ascii: "#"):
        skipLine()
      case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"):
        skipLine()
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
        let start = offset
        offset += 2
        while !(peek(0) == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) {
          guard offset < bytes.count else {
            throw QueryError(.syntax, "the comment that begins here has no end; add */", at: start)
          }
          offset += 1
        }
        offset += 2
      default:
        return
      }
    }
  }

  private mutating func skipLine() {
    while offset < bytes.count, bytes[offset] != 0x0A { offset += 1 }
  }

  private func peek(_ distance: Int) -> UInt8? {
    offset + distance < bytes.count ? bytes[offset + distance] : nil
  }

  private mutating func quoted() throws(QueryError) -> String {
    let start = offset
    let quote = bytes[offset]
    var text: [UInt8] = []
    offset += 1
    while let byte = peek(0) {
      offset += 1
      if byte == quote {
        guard peek(0) == quote else { return String(decoding: text, as: UTF8.self) }
        offset += 1
        text.append(quote)
      } else if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`"),
        let escaped = peek(0).flatMap(Self.escape)
      {
        offset += 1
        text.append(escaped)
      } else {
        text.append(byte)
      }
    }
    throw QueryError(
      .syntax, "the text that begins here has no end; add \(Character(Unicode.Scalar(quote)))",
      at: start)
  }

  private static func escape(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "0"): 0
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): byte
    default: nil
    }
  }

  private mutating func number() throws(QueryError) -> Token.Kind {
    let start = offset
    var isDecimal = false
    while let byte = peek(0) {
      if Self.isDigit(byte) {
        offset += 1
      } else if byte == UInt8(ascii: "."), !isDecimal {
        isDecimal = true
        offset += 1
      } else if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
        isDecimal = true
        offset += 1
        if peek(0) == UInt8(ascii: "-") || peek(0) == UInt8(ascii: "+") { offset += 1 }
      } else {
        break
      }
    }
    if let byte = peek(0), Self.startsWord(byte) {
      throw QueryError(.syntax, "a name cannot begin with a digit; put it in backticks", at: start)
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if !isDecimal, let value = UInt64(text), value <= UInt64(Int64.max) { return .integer(value) }
    guard isDecimal, let value = Double(text), value.isFinite else {
      throw QueryError(.syntax, "'\(text)' is not a number between 0 and 2^63 - 1", at: start)
    }
    return .decimal(value)
  }

  private mutating func word() -> String {
    let start = offset
    while let byte = peek(0) {
      let joins = byte == UInt8(ascii: ".") && peek(1).map(Self.continuesWord) == true
      guard joins || Self.continuesWord(byte) else { break }
      offset += 1
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func symbol() throws(QueryError) -> Token.Kind {
    for symbol in Token.Symbol.allCases where bytes[offset...].starts(with: symbol.rawValue.utf8) {
      offset += symbol.rawValue.utf8.count
      return .symbol(symbol)
    }
    let character = String(decoding: bytes[offset..<min(bytes.count, offset + 4)], as: UTF8.self)
    throw QueryError(.syntax, "'\(character.prefix(1))' has no meaning here", at: offset)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func startsWord(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
      || byte >= 0x80
  }

  private static func continuesWord(_ byte: UInt8) -> Bool { startsWord(byte) || isDigit(byte) }
}
